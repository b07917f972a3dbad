"""The plan of a simulated day: who does what when, and which of it is an attack."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from appliance.demo.chores import join
from appliance.demo.conversation import S_NS, Conversation
from appliance.demo.devices import ROUTER, Device
from appliance.simulate.office import DAY_S, Member, Office, Role, Worker, dice, hire
from appliance.simulate.roles import assign_habits
from appliance.simulate.scripts import Script, Stage

BENIGN = "benign"
_TARGETS = (Role.SERVER, Role.STORAGE, Role.MAILER)  # where attackers look first


class Intrusion(NamedTuple):
    """One attack of the day."""

    kind: str  # as alerts call it
    host: str  # the address whose behaviour it is
    name: str  # of the script


class Day(NamedTuple):
    """A planned day: generators of conversations, and the truth about them."""

    talks: list[Iterator[Conversation]]
    intrusions: list[Intrusion]
    hosts: list[str]  # addresses of all devices


class Play(NamedTuple):
    """What is asked for. The same values give the same day."""

    hosts: int
    hours: float
    seed: int
    start_s: float = 0.0  # since the epoch; its time of the day is when people begin or sleep

    @property
    def length_s(self) -> float:
        """Length in s."""
        return self.hours * 3_600


def plan_day(play: Play, scripts: Iterable[Script]) -> Day:
    """Plan a day. scripts : each is played once, by a desktop of its own as far as there are.

    Conversations carry the name of their script as label, or BENIGN; times count from the start.
    """
    office = Office(hire(play.hosts), play.start_s % DAY_S)
    day = Day(live(office, play), [], [_text(device) for device in office.find()])
    rng = dice(play.seed, "attacks")
    for script in scripts:
        latest = 0.35 if not script.length_s else 0.8
        begin_s = play.length_s * rng.uniform(0.05, latest)
        if script.length_s:  # it should be over in time where it can
            begin_s = min(begin_s, max(play.length_s - 1.5 * script.length_s, 0.0))
        attack(day, office, play, script, begin_s)
    return day


def attack(day: Day, office: Office, play: Play, script: Script, begin_s: float) -> None:
    """Put an attack into a day."""
    attackers = office.find(Role.DESKTOP, Role.PHONE) or office.find() or [ROUTER]
    attacker = attackers[len(day.intrusions) % len(attackers)]
    me = Worker(attacker, dice(play.seed, script.name), office, begin_s)
    stage = Stage(me, _order(office.cast, attacker), play.length_s - begin_s)
    day.talks.append(_labelled(script.play(stage), script.name, play.length_s))
    day.intrusions.append(Intrusion(script.kind, _text(attacker), script.name))


def live(office: Office, play: Play) -> list[Iterator[Conversation]]:
    """Return what everybody does on a day without attacks."""
    return [_labelled(talks, BENIGN, play.length_s) for talks in _habits(office, play.seed)]


def _habits(office: Office, seed: int) -> Iterator[Iterator[Conversation]]:
    for member, habits in zip(office.cast, assign_habits(office.cast), strict=True):
        device = member.device
        yield join(device, dice(seed, device.hostname, "join"))
        for habit in habits:
            yield habit(Worker(device, dice(seed, device.hostname, habit.__name__), office))


def _order(cast: tuple[Member, ...], attacker: Device) -> list[Device]:
    """Return the others, servers first."""
    others = [member for member in cast if member.device is not attacker]
    others.sort(key=lambda member: member.role not in _TARGETS)
    return [member.device for member in others] or [ROUTER]


def _labelled(talks: Iterator[Conversation], label: str, until_s: float) -> Iterator[Conversation]:
    for talk in talks:
        if talk.start_ns >= until_s * S_NS:
            return
        yield talk._replace(label=label)


def _text(device: Device) -> str:
    return ".".join(map(str, device.ip))
