"""ARP: who asks for everybody, and who says to be somebody else."""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from math import log2

import msgspec

from appliance.detect.arpspoof import ArpClaims
from appliance.detect.fanview import Resolve, say_few, say_span
from appliance.detect.weights import Weights
from appliance.model.address import MAPPED, Address, format_address, format_mac
from appliance.model.alert import Family, Signal, Term
from appliance.model.observation import ArpSeen, Observation

ASKERS = 1_024  # MACs whose questions are remembered, about 30 kB each at most
TARGETS = 256  # addresses remembered of each

IsRouter = Callable[[int], bool]  # by MAC
AddressesOf = Callable[[int], list[int]]  # IPv4 addresses of a MAC


class _Asker:
    """What one MAC asked for."""

    __slots__ = ("address", "asked", "next_at", "times_s")

    def __init__(self) -> None:
        self.address = 0
        self.asked: OrderedDict[int, float] = OrderedDict()  # target -> when last
        self.times_s: deque[float] = deque(maxlen=TARGETS)  # when a target was new
        self.next_at = 0


class ArpStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`evicted` since start, the others now."""

    askers: int
    addresses: int
    evicted: int


class ArpWatch:
    """Judges ARP packets as they come. One thread; packet time.

    is_router : tells whether a MAC stands for other networks; such a one asks for many
    """

    def __init__(
        self, weights: Weights, resolve: Resolve, is_router: IsRouter, addresses_of: AddressesOf
    ) -> None:
        self._weights = weights.arp_scan
        self._resolve = resolve
        self._is_router = is_router
        self._claims = ArpClaims(weights.arp_spoof, resolve, addresses_of)
        self._askers: OrderedDict[int, _Asker] = OrderedDict()
        self._evicted = 0

    def observe(self, items: Iterable[Observation]) -> list[Signal]:
        """Take observations in order, those of ARP count; return what became evident."""
        signals: list[Signal] = []
        for seen in items:
            if isinstance(seen, ArpSeen):
                found = (self._claims.observe(seen), self._observe_question(seen))
                signals += [signal for signal in found if signal is not None]
        return signals

    def statistics(self) -> ArpStatistics:
        """Return the counters."""
        return ArpStatistics(
            askers=len(self._askers),
            addresses=len(self._claims),
            evicted=self._evicted + self._claims.evicted,
        )

    def _observe_question(self, seen: ArpSeen) -> Signal | None:
        if seen.reply or seen.target == seen.sender:
            return None
        asker = self._askers.get(seen.mac)
        if asker is None:
            if len(self._askers) >= ASKERS:
                self._askers.popitem(last=False)
                self._evicted += 1
            asker = self._askers[seen.mac] = _Asker()
        self._askers.move_to_end(seen.mac)
        asker.address = seen.sender or asker.address
        ts_s = seen.ts_ns / 1e9
        if not _note(asker, seen.target, ts_s) or len(asker.times_s) < asker.next_at:
            return None
        return self._judge(seen.mac, asker, ts_s)

    def _judge(self, mac: int, asker: _Asker, now_s: float) -> Signal | None:
        limit = self._weights
        ratio, window_s = max(
            (sum(ts > now_s - span for ts in asker.times_s) / most, -span)
            for span, most in ((30.0, limit.targets_30_s), (600.0, limit.targets_600_s))
        )
        recent = [target for target, ts in asker.asked.items() if ts > now_s + window_s]
        dead = [target for target in recent if not self._claims.is_alive(target, now_s)]
        if ratio < 1 or len(dead) < limit.dead_share * len(recent):
            return None
        asker.next_at = min(len(asker.times_s) + max(len(asker.times_s) // 4, 4), TARGETS)
        terms = [
            Term("asked", limit.weight, f"{len(recent)} addresses, {len(dead)} of them unknown"),
            Term(
                "many",
                min(limit.per_doubling * log2(ratio), limit.most),
                f"{ratio:.1f} times the limit of {say_span(-window_s)}",
            ),
        ]
        if self._is_router(mac):
            terms.append(Term("router", limit.router, "a router asks for whoever is called"))
        return Signal(
            ts_s=now_s,
            first_s=min(asker.asked[target] for target in recent),
            last_s=now_s,
            rule="arp_scan",
            kind="host_sweep",
            family=Family.FANOUT,
            host=address_of(self._resolve, asker.address),
            peers=tuple(format_address(0, MAPPED | target) for target in recent[:4]),
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=(
                f"asked by ARP for {len(recent)} addresses within {say_span(-window_s)}, "
                f"{len(dead)} of which nobody has "
                f"({say_few([format_address(0, MAPPED | t) for t in recent[:3]], len(recent))}; "
                f"MAC {format_mac(mac)})"
            ),
            count=len(recent),
            solo_limit=limit.solo,
            half_life_s=limit.half_life_s,
        )


def address_of(resolve: Resolve, address: int) -> Address:
    """Return the Address of an IPv4 number."""
    return resolve(0, MAPPED | address)


def _note(asker: _Asker, target: int, ts_s: float) -> bool:
    """Remember a question; tell whether its target is another than the last ones."""
    known = target in asker.asked
    asker.asked[target] = ts_s
    asker.asked.move_to_end(target)
    if known:
        return False
    if len(asker.asked) > TARGETS:
        asker.asked.popitem(last=False)
    asker.times_s.append(ts_s)
    return True
