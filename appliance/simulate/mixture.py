"""Labelled rows in fixed shares: mostly normal, some distributed denial, scanning, guessing.

The shares are those of a generator that such training data is often made with; the rows are what
the flow table says of the packets, so that nothing is drawn at random that a network would decide.
"""

from collections import Counter
from collections.abc import Iterator

from appliance.demo.conversation import Conversation
from appliance.simulate import noise
from appliance.simulate.day import BENIGN, Day, Play, attack, plan_day
from appliance.simulate.office import DAY_S, Office, dice, hire
from appliance.simulate.scripts import Script, Stage

SHARES = {"ddos": 0.05, "scan": 0.05, "brute_force": 0.04}  # the rest is normal
MOST_HOURS = 24.0 * 28
_FLOWS_PER_HOST_HOUR = 110.0  # of a whole day; much less at night
_PATIENCE = 6.0  # times the span; by day it is over in the first
_PORTS = range(1, 1_001)  # that a scan tries of each host


class Quota:
    """Says of each row, by its label, whether it is still wanted."""

    def __init__(self, rows: int) -> None:
        self._left = Counter({name: round(rows * share) for name, share in SHARES.items()})
        self._left[BENIGN] = rows - self._left.total()

    def __getitem__(self, label: str) -> int:
        return self._left[label]

    def take(self, label: str) -> bool:
        """Count a row; False if there were enough like it."""
        self._left[label] -= 1
        return self._left[label] >= 0

    @property
    def filled(self) -> bool:
        """Whether nothing more is wanted."""
        return all(left <= 0 for left in self._left.values())


class Limit:
    """Says of each row, whatever its label, whether it is still wanted."""

    def __init__(self, rows: int) -> None:
        self._left = rows

    def take(self, _label: str) -> bool:
        """Count a row; False if there were enough."""
        self._left -= 1
        return self._left >= 0

    @property
    def filled(self) -> bool:
        """Whether nothing more is wanted."""
        return self._left <= 0


def plan_mixture(play: Play, quota: Quota) -> tuple[Day, float]:
    """Plan what holds the rows of a quota; return it and how many hours that takes at most.

    play : its length is not looked at
    """
    office = Office(hire(play.hosts), play.start_s % DAY_S)
    about_s = quota[BENIGN] / _FLOWS_PER_HOST_HOUR / max(len(office.cast), 1) * 3_600
    span_s = max(about_s, 600.0)  # in which the attacks lie
    play = play._replace(hours=min(_PATIENCE * span_s / 3_600 + 1, MOST_HOURS))
    day = plan_day(play, ())
    for script in (
        Script("flood", "ddos", lambda s: _deny(s, quota["ddos"], span_s), 0),
        Script("port_scan", "scan", lambda s: _scan(s, quota["scan"], span_s), 0),
        Script("brute_force", "brute_force", lambda s: _guess(s, quota["brute_force"], span_s), 0),
    ):
        begin_s = span_s * dice(play.seed, "mixture", script.name).uniform(0.05, 0.4)
        attack(day, office, play, script, begin_s)
    return day, play.hours


def _deny(stage: Stage, rows: int, span_s: float) -> Iterator[Conversation]:
    """Flood a server from invented addresses, in three waves."""
    wave = -(-rows // 3)
    for start in range(0, rows, wave):
        count = min(wave, rows - start)
        victim = stage.others[0].at(80)
        yield from noise.flood(stage.me, victim, packets=count, rate=200, spoofed=True)
        stage.me.now_ns += int(span_s * 0.1e9)


def _scan(stage: Stage, rows: int, span_s: float) -> Iterator[Conversation]:
    """Scan one neighbour after the other."""
    for start in range(0, rows, len(_PORTS)):
        victim = stage.me.rng.choice(stage.others)
        count = min(len(_PORTS), rows - start)
        ports = stage.me.rng.sample(_PORTS, count)
        yield from noise.scan_ports(stage.me, victim.at(0), ports=ports, gap_s=0.05)
        stage.me.now_ns += int(span_s * 0.01e9)


def _guess(stage: Stage, rows: int, span_s: float) -> Iterator[Conversation]:
    """Guess passwords of a server, not faster than it takes to get through."""
    gap_s = min(2.0, 0.5 * span_s / max(rows, 1))
    return noise.guess(stage.me, stage.others[0].at(22), tries=rows, gap_s=gap_s)
