"""Evidence as it is held per device: the strongest of each rule and peer, fading with time.

Both tables are bounded. A device is any host: ours under what joins its addresses, a stranger under
its address. Strangers have a table of their own, so that a flood of them pushes out none of ours.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator

from appliance.model.address import Address
from appliance.model.alert import Alert, Family, Signal, Visibility

MAX_INSIDE = 4_096  # devices of ours with evidence; far fewer than hosts
MAX_OUTSIDE = 2_048  # a /8 may scan us in a day; the newest are remembered
MAX_HELD = 64  # pieces of evidence per device

# A judge of these measures a contact from its beginning each time: the newest is the best informed.
_REMEASURED = frozenset({Family.BEACON})

# A stored alert does not say of which kind the evidence is that agreed with it: such evidence is
# sorted into its case when it comes again, and until then only agrees.
UNSORTED = ""

HeldKey = tuple[str, int, int, str, int]  # rule, peer (two words, name), mute


class Case:
    """One alert in the making, raised, or closed and remembered."""

    __slots__ = (
        "agreeing", "alert", "closed_s", "crowd_day", "device", "dirty", "families",
        "half_life_s", "key", "listed", "peak", "reported", "visibility",
    )  # fmt: skip

    def __init__(self, device: "Device", key: tuple[str, str]) -> None:
        self.device = device
        self.key = key  # what folds, and the peer or "" for the whole device
        self.alert: Alert | None = None
        self.reported = 0  # count when it was last told of
        self.families: set[Family] = set()  # heard so far, its own and agreeing ones
        self.peak = 0.0  # highest score
        self.agreeing: set[Held] = set()  # pieces of other cases that this one showed
        self.half_life_s = 86_400.0  # of the piece that names it
        self.closed_s = 0.0  # 0 while open
        self.crowd_day = -1  # day on which it was only counted among many strangers
        self.listed = False  # among those not worth an alert
        self.dirty = False  # changed since it was last passed on
        self.visibility = Visibility()

    @property
    def is_open(self) -> bool:
        """Whether people have an open or acknowledged alert of it."""
        return self.alert is not None and self.alert.state in {"open", "acknowledged"}

    def hear(self, score: float, main: "Held", agreeing: "tuple[Held, ...]") -> None:
        """Remember what was said, and its height."""
        self.peak = max(self.peak, score)
        if len(self.agreeing) < MAX_HELD:
            self.agreeing.update(agreeing)
        self.half_life_s = main.signal.half_life_s
        self.families.update(held.signal.family for held in (main, *agreeing))


class Held:
    """A piece of evidence: the strongest signal of one rule about one peer, and its count."""

    __slots__ = (
        "_past", "case", "first_s", "last_s", "muted_by", "place", "seen", "signal", "strength",
    )  # fmt: skip

    def __init__(self, place: HeldKey, signal: Signal, strength: float, case: Case) -> None:
        self.place = place
        self.signal = signal
        self.strength = strength  # half decisions, undecayed
        self.case = case
        self.muted_by = place[4]
        self.first_s = signal.first_s
        self.last_s = signal.last_s
        self.seen = signal.count
        self._past = 0  # counted in earlier episodes

    @property
    def count(self) -> int:
        """How often it was seen, over all episodes."""
        return self._past + self.seen

    def renew(self, signal: Signal, strength: float, judged_s: float) -> bool:
        """Take in the same evidence again; the stronger one stays, or the newer of a remeasured.

        Returns whether it may change a verdict of the moment judged_s.
        """
        known = self.signal
        fresh = (
            strength > self.weigh(judged_s)
            or (signal.family in _REMEASURED and strength != self.strength)
            or signal.limit > known.limit
            or signal.solo_limit > known.solo_limit
            or signal.port != known.port
        )
        if signal.first_s > self.last_s or signal.count < self.seen:
            self._past += self.seen  # what counts began anew
        self.seen = signal.count
        self.first_s = min(self.first_s, signal.first_s)
        self.last_s = max(self.last_s, signal.last_s)
        if signal.family in _REMEASURED or strength >= self.weigh(signal.ts_s):
            self.signal = signal
            self.strength = strength
        return fresh

    def begin_anew(self, at_s: float) -> None:
        """Count from a moment on; what was before it belongs to another alert."""
        self.first_s = max(self.first_s, min(at_s, self.last_s))
        self._past = 0

    def weigh(self, now_s: float) -> float:
        """Return the weight at a moment: halved every half-life since it was judged, and over."""
        age_s = max(0.0, now_s - max(self.signal.last_s, self.signal.ts_s))
        weight = self.strength * math.exp2(-age_s / self.signal.half_life_s)
        return min(weight, self.signal.limit)


class Device:
    """One machine: its evidence, and the cases made of it."""

    __slots__ = ("cases", "held", "inside", "judged_s", "key", "last_s", "stale")

    def __init__(self, key: str, *, inside: bool) -> None:
        self.key = key
        self.inside = inside
        self.held: dict[HeldKey, Held] = {}
        self.cases: dict[tuple[str, str], Case] = {}
        self.last_s = 0.0  # of its newest signal
        self.judged_s = 0.0  # when its cases were last judged
        self.stale = True  # evidence grew since then

    def make_room(self, now_s: float) -> bool:
        """Drop the weakest piece if the table is full; tell whether one was dropped."""
        if len(self.held) < MAX_HELD:
            return False
        weakest = min(self.held.values(), key=lambda held: (held.weigh(now_s), held.place))
        del self.held[weakest.place]
        return True


class Devices:
    """All devices with evidence, in the order of their last signal."""

    def __init__(self, inside: int = MAX_INSIDE, outside: int = MAX_OUTSIDE) -> None:
        self._caps = {True: inside, False: outside}
        self._tables: dict[bool, OrderedDict[str, Device]] = {
            True: OrderedDict(),
            False: OrderedDict(),
        }

    def __len__(self) -> int:
        return sum(map(len, self._tables.values()))

    def __iter__(self) -> Iterator[Device]:
        for table in self._tables.values():
            yield from table.values()

    def touch(self, key: str, *, inside: bool) -> tuple[Device, Device | None]:
        """Return the device, made if it is new, and the one that gave way to it."""
        table, gone = self._tables[inside], None
        device = table.get(key)
        if device is None:
            if len(table) >= self._caps[inside]:
                _, gone = table.popitem(last=False)
            device = table[key] = Device(key, inside=inside)
        table.move_to_end(key)
        return device, gone

    def forget(self, device: Device) -> None:
        """Drop a device that has nothing left to say."""
        self._tables[device.inside].pop(device.key, None)

    def iter_idle(self, before_s: float) -> Iterator[Device]:
        """Yield devices without a signal since a moment, the longest silent first."""
        for table in self._tables.values():
            for device in list(table.values()):
                if device.last_s >= before_s:
                    break
                yield device


def locate(signal: Signal, muted_by: int) -> HeldKey:
    """Return where evidence is held: one rule, one peer, one mute (0 none)."""
    peer: Address | None = signal.peer
    hi, lo = (peer.hi, peer.lo) if peer else (0, 0)
    # What is carried in names goes to the domain, not to the resolver that passes it on.
    name = signal.peer_name if signal.family is Family.TUNNEL else ""
    return signal.rule, hi, lo, name, muted_by
