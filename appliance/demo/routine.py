"""Who does what: the cast of the demonstration network."""

import random
from collections.abc import Callable, Iterator

from appliance.demo import chores, habits
from appliance.demo.conversation import Conversation
from appliance.demo.devices import (
    CAMERA,
    CONSOLE,
    DEVICES,
    HANDSET,
    LAPTOP,
    NAS,
    PLUG,
    PRINTER,
    RASPBERRY,
    SERVER,
    SPEAKER,
    TELEVISION,
    WORKSTATION,
    Device,
)

Habit = Callable[[Device, random.Random], Iterator[Conversation]]

_ROUTINE: tuple[tuple[Device, tuple[Habit, ...]], ...] = (
    (LAPTOP, (habits.browse, habits.develop, habits.save, chores.check_network)),
    (WORKSTATION, (habits.browse, habits.call, habits.save, habits.print_page)),
    (HANDSET, (habits.browse, chores.check_network)),
    (TELEVISION, (habits.watch, chores.advertise)),
    (CAMERA, (chores.record, chores.report)),
    (PRINTER, (chores.report, chores.advertise)),
    (SPEAKER, (chores.report, chores.advertise)),
    (PLUG, (chores.stay_connected,)),
    (CONSOLE, (chores.report,)),
    (RASPBERRY, (chores.monitor, chores.report, chores.advertise)),
    (SERVER, (chores.update, chores.keep_time)),
    (NAS, (chores.be_visited, chores.update, chores.advertise)),
)


def start_habits(seed: int) -> list[Iterator[Conversation]]:
    """Return every device's habits; each has dice of its own, so that none disturbs another."""
    parts: list[tuple[Device, Habit]] = [(device, chores.join) for device in DEVICES]
    parts += [(device, chores.keep_time) for device in (LAPTOP, TELEVISION, CAMERA, PLUG)]
    parts += [(device, habit) for device, ways in _ROUTINE for habit in ways]
    return [
        habit(device, random.Random(f"{seed} {device.hostname} {habit.__name__}"))  # noqa: S311
        for device, habit in parts  # a play is to be repeatable, not secret
    ]
