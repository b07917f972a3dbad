"""What goes wrong in the demonstration network: a first round within minutes, then now and then."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import NamedTuple

from appliance.demo.conversation import Conversation
from appliance.demo.devices import (
    CAMERA,
    CONSOLE,
    HANDSET,
    LAPTOP,
    NAS,
    PLUG,
    RASPBERRY,
    ROUTER,
    SERVER,
    TELEVISION,
    WORKSTATION,
    Device,
)
from appliance.simulate import intrusions, noise
from appliance.simulate.office import Office, Worker, dice, outside, server

ROUND_S = 3_600.0  # from one round to the next
_DAY_S = 86_400.0

_HOUSE = Office(())

Play = Callable[[Worker], Iterator[Conversation]]


class Mishap(NamedTuple):
    """One attack of a round."""

    device: Device
    start_s: float  # since the beginning of the round
    play: Play


def _scan(me: Worker) -> Iterator[Conversation]:
    ports = me.rng.sample(range(1, 1_024), 260)
    return noise.scan_ports(me, NAS.at(0), ports=ports, gap_s=0.04)


_ROUND = (
    Mishap(WORKSTATION, 45, _scan),
    Mishap(CONSOLE, 60, lambda me: noise.sweep(me, ROUTER.ip[:3], port=445, count=90, gap_s=0.1)),
    Mishap(LAPTOP, 70, lambda me: noise.guess(me, SERVER.at(22), tries=60, gap_s=0.5)),
    Mishap(HANDSET, 80, lambda me: intrusions.invent_names(me, count=150, gap_s=0.2)),
    Mishap(
        TELEVISION,
        90,
        lambda me: intrusions.steal(
            me, server("drop.example", "203.0.113.80", 40), bytes_=80_000_000
        ),
    ),
    Mishap(
        PLUG,
        100,
        lambda me: intrusions.tunnel_dns(me, domain="t.cdn-sync.example", count=250, gap_s=0.2),
    ),
)
# From addresses for documentation (RFC 5737): nobody real is accused.
_LASTING = (
    Mishap(
        CAMERA,
        30,
        lambda me: intrusions.beacon(
            me,
            intrusions.Channel(server("c2.example", "198.51.100.66", 40), 8_081, "raw"),
            period_s=5,
            jitter=0.05,
            length_s=_DAY_S * 365,
        ),
    ),
    Mishap(
        RASPBERRY,
        50,
        lambda me: intrusions.call_home(
            me, outside(bytes((198, 51, 100, 103)), 6_667), period_s=4, length_s=_DAY_S * 365
        ),
    ),
)


def start_trouble(seed: int) -> list[Iterator[Conversation]]:
    """Return the attacks of the demonstration, each with dice of its own."""
    rounds = [_repeat(mishap, seed) for mishap in _ROUND]
    lasting = [
        mishap.play(
            Worker(mishap.device, dice(seed, mishap.device.hostname), _HOUSE, mishap.start_s)
        )
        for mishap in _LASTING
    ]
    return rounds + lasting


def _repeat(mishap: Mishap, seed: int) -> Iterator[Conversation]:
    for number in count():
        rng = dice(seed, mishap.device.hostname, str(number))
        yield from mishap.play(
            Worker(mishap.device, rng, _HOUSE, mishap.start_s + number * ROUND_S)
        )
