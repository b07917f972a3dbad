"""How evidence adds up: score = the strongest piece + what other families of evidence agree.

A family agrees with min(1, 0.4 w) if its strongest piece w weighs at least 1.5 (2.2 for mere rate).
Two views of one fact do not agree with each other: they are the same evidence twice.
"""

from collections.abc import Iterable
from typing import NamedTuple

from appliance.cases.evidence import Held, HeldKey
from appliance.config.schema import Alerts
from appliance.model.alert import Family, Severity

AGREE_SHARE = 0.4  # of its weight; half of it loses machines, double adds false alarms
AGREE_MOST = 1.0  # half decisions one family can add
AGREE_FROM = 1.5  # weight below which a family is no witness
AGREE_FROM_RATE = 2.2  # a busy browser makes weak evidence of rate all day
MORE_PEERS = 0.15  # for each further target of a scan
MORE_PEERS_MOST = 3
CERTAIN = 1.8  # half decisions that halve the doubt

# Many connections to one port in one time: four names for one fact.
_REPETITION = frozenset({Family.RATE, Family.BEACON, Family.FAILURE, Family.AUTH})
# Many long questions to one resolver: two.
_QUESTIONS = frozenset({Family.DNS, Family.TUNNEL})
_EXCLUSIVE = frozenset({Family.RATE, Family.FANOUT})
# What the sensor says about itself proves nothing about a host.
_NO_WITNESS = frozenset({Family.SENSOR})
_FAMILIES = {family: order for order, family in enumerate(Family)}


class Judgement(NamedTuple):
    """What the evidence of one case comes to."""

    score: float
    main: Held | None  # the piece that names the case; None without evidence
    agreeing: tuple[Held, ...] = ()  # of other families, strongest first
    alone: float = 0.0  # the score without them

    @property
    def regular(self) -> bool:
        """Whether it rests on regularity alone."""
        main = self.main
        return main is not None and main.signal.family is Family.BEACON and not self.agreeing

    @property
    def families(self) -> frozenset[Family]:
        """What it is about."""
        pieces = (self.main, *self.agreeing) if self.main is not None else ()
        return frozenset(held.signal.family for held in pieces)


Witnesses = list[tuple[float, Held]]


def add_up(own: list[Held], witnesses: Witnesses, now_s: float) -> Judgement:
    """Judge a case by its own evidence and by what of the device's evidence agrees.

    own : pieces of this case.  witnesses : from rank_witnesses, own pieces among them or not
    """
    more = _count_more_peers(own)
    most = MORE_PEERS * more + sum(min(AGREE_MOST, AGREE_SHARE * weight) for weight, _ in witnesses)
    best = Judgement(0.0, None)
    for weight, held in sorted(((held.weigh(now_s), held) for held in own), key=_heaviest):
        if best.main is not None and weight + most <= best.score:
            break  # nor can those after it weigh more
        judged = _judge(held, weight, witnesses, more)
        if best.main is None or judged.score > best.score:
            best = judged
    return best


def rank_witnesses(pieces: Iterable[Held], now_s: float) -> Witnesses:
    """Return the pieces heavy enough to agree, with their weights, heaviest first."""
    found = []
    for held in pieces:
        family, weight = held.signal.family, held.weigh(now_s)
        floor = AGREE_FROM_RATE if family is Family.RATE else AGREE_FROM
        if weight >= floor and family not in _NO_WITNESS:
            found.append((weight, held))
    found.sort(key=lambda pair: (-pair[0], _FAMILIES[pair[1].signal.family], pair[1].place))
    return found


def find_severity(score: float, alerts: Alerts) -> Severity | None:
    """Return the severity of a score; None below the lowest threshold."""
    for floor, severity in (
        (alerts.critical, Severity.CRITICAL),
        (alerts.high, Severity.HIGH),
        (alerts.medium, Severity.MEDIUM),
        (alerts.low, Severity.LOW),
    ):
        if score >= floor:
            return severity
    return None


def find_confidence(score: float) -> float:
    """Return 0..1 for a score: 0.6 at a low alert, 0.75 at a high one, 0.9 at a critical one."""
    return float(round(1.0 - 2.0 ** (-max(0.0, score) / CERTAIN), 2))


def is_same_fact(one: Held, other: Held) -> bool:
    """Tell whether two pieces are one fact seen by two rules."""
    first, second = one.signal, other.signal
    families = {first.family, second.family}
    if families == _EXCLUSIVE:
        return True
    if not (families <= _REPETITION or families <= _QUESTIONS):
        return False
    if first.peer is None or second.peer is None:
        return False
    same = (first.peer.hi, first.peer.lo, first.port) == (
        second.peer.hi,
        second.peer.lo,
        second.port,
    )
    return same and one.first_s <= other.last_s and other.first_s <= one.last_s


def _heaviest(weighed: tuple[float, Held]) -> tuple[float, HeldKey]:
    return -weighed[0], weighed[1].place


def _judge(main: Held, weight: float, witnesses: Witnesses, more: int) -> Judgement:
    signal = main.signal
    score = weight + (MORE_PEERS * more if signal.family is Family.FANOUT else 0.0)
    alone = min(score, signal.limit, signal.solo_limit)
    agreeing: list[Held] = []
    heard = {signal.family}
    for other, held in witnesses:
        family = held.signal.family
        if family in heard or any(is_same_fact(held, known) for known in (main, *agreeing)):
            continue
        heard.add(family)
        agreeing.append(held)
        score += min(AGREE_MOST, AGREE_SHARE * other)
    score = min(score, signal.limit) if agreeing else alone
    return Judgement(round(score, 6), main, tuple(agreeing), round(alone, 6))


def _count_more_peers(own: list[Held]) -> int:
    scanned = {
        (held.signal.peer.hi, held.signal.peer.lo)
        for held in own
        if held.signal.peer is not None and held.signal.family is Family.FANOUT
    }
    return min(MORE_PEERS_MOST, max(0, len(scanned) - 1))
