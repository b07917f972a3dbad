"""Data in echo: requests and answers that are no mirror of each other."""

from collections import OrderedDict
from math import sqrt
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.detect.fanview import Resolve, say_span
from appliance.detect.flowcounts import FlowCounts
from appliance.detect.weights import Weights
from appliance.model.alert import Family, Signal, Term
from appliance.model.flow import EndReason

PAIRS = 4_096
FORGET_S = 3_600.0  # a pair silent for so long begins anew
_PACKET = 1_500
_LEAST_PAYLOAD = 64  # bytes on average; the usual ping has 32 or 56


class _Pair:
    __slots__ = ("first_s", "last_s", "next_bytes", "one", "other", "variation")

    def __init__(self, first_s: float) -> None:
        self.first_s = first_s
        self.last_s = first_s
        self.one = [0, 0]  # bytes, packets sent by the end with the smaller address
        self.other = [0, 0]
        self.variation = 0.0  # of frame sizes each way, the largest of its flows
        self.next_bytes = 0.0


UNMEASURED = 0.05  # between `constant` and `variation` of the weights


class IcmpStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`evicted` since start, `pairs` now."""

    pairs: int
    evicted: int


class IcmpWatch:
    """Judges flows of echo by pair, whoever began. One thread; packet time.

    Only echo counts: errors quote the packet they complain about, of any size.
    """

    def __init__(self, weights: Weights, resolve: Resolve) -> None:
        self._weights = weights.icmp_tunnel
        self._resolve = resolve
        self._counts = FlowCounts()
        self._pairs: OrderedDict[tuple[int, int, int, int], _Pair] = OrderedDict()
        self._evicted = 0

    def observe(self, flows: NDArray[Any]) -> list[Signal]:
        """Take FLOW_DTYPE records of any kind; return what became evident.

        cost : 10 ns a flow, 5 us one of big echoes
        """
        proto = flows["proto"]
        flows = flows[(proto == 1) | (proto == 58)]
        if not len(flows):
            return []
        echo = ((flows["proto"] == 1) & np.isin(flows["orig"]["port"], (0, 8))) | (
            (flows["proto"] == 58) & np.isin(flows["orig"]["port"], (128, 129))
        )
        packets = flows["orig"]["packets"] + flows["resp"]["packets"]
        payload = flows["orig"]["payload"] + flows["resp"]["payload"]
        chosen = flows[
            echo & (payload >= _LEAST_PAYLOAD * packets) & (flows["reason"] != EndReason.ATTEMPT)
        ]
        if not len(chosen):
            return []
        varied = _vary(chosen)
        signals: list[Signal] = []
        pairs = self._counts.add_up(chosen)
        for index, key in enumerate(pairs.key):
            swap = key[:2] > key[2:]
            name = (*key[2:], *key[:2]) if swap else key
            pair = self._pair((name[0], name[1], name[2], name[3]), pairs.first_s[index])
            pair.last_s = max(pair.last_s, pairs.last_s[index])
            pair.variation = max(pair.variation, varied.get(key, 0.0))
            orig, resp = (pair.other, pair.one) if swap else (pair.one, pair.other)
            orig[0] += pairs.out_bytes[index]
            orig[1] += pairs.out_packets[index]
            resp[0] += pairs.in_bytes[index]
            resp[1] += pairs.in_packets[index]
            signal = self._judge(key, pair)
            if signal is not None:
                signals.append(signal)
        return signals

    def statistics(self) -> IcmpStatistics:
        """Return the counters."""
        return IcmpStatistics(pairs=len(self._pairs), evicted=self._evicted + self._counts.evicted)

    def _pair(self, key: tuple[int, int, int, int], first_s: float) -> _Pair:
        pair = self._pairs.get(key)
        if pair is None and len(self._pairs) >= PAIRS:
            self._pairs.popitem(last=False)
            self._evicted += 1
        if pair is None or first_s > pair.last_s + FORGET_S:
            pair = self._pairs[key] = _Pair(first_s)
        self._pairs.move_to_end(key)
        return pair

    def _judge(self, key: tuple[int, int, int, int], pair: _Pair) -> Signal | None:
        limit = self._weights
        size = pair.one[0] + pair.other[0]
        packets = pair.one[1] + pair.other[1]
        if packets < limit.packets or size < max(limit.clear_bytes, pair.next_bytes):
            return None
        asymmetry = _compare(pair, int(limit.answers))
        answered = min(pair.one[1], pair.other[1]) >= limit.answers
        if pair.variation <= limit.constant or not answered:
            return None  # some machines cut long answers short, but all to one size
        big = size >= limit.bytes and size >= limit.mean_bytes * packets
        clear = asymmetry > limit.asymmetry_clear
        varied = pair.variation > limit.variation or asymmetry > limit.asymmetry
        if not (clear or (big and varied)):
            return None
        pair.next_bytes = size * 1.5
        terms = [Term("echo", limit.weight, f"{size / 1_000:.0f} kB in {packets} packets")]
        if big and clear:
            terms.append(Term("uneven", limit.strong, "answers are no mirror of the requests"))
        elif _is_mirror(pair):
            terms.append(Term("mirrored", limit.mirrored, "every answer is as long as its request"))
        return Signal(
            ts_s=pair.last_s,
            first_s=pair.first_s,
            last_s=pair.last_s,
            rule="icmp_tunnel",
            kind="icmp_tunnel",
            family=Family.TUNNEL,
            host=self._resolve(key[0], key[1]),
            peer=self._resolve(key[2], key[3]),
            port=0,
            proto=1,
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=(
                f"exchanged {size / 1_000:.0f} kB of ping payload in {packets} packets over "
                f"{say_span(pair.last_s - pair.first_s)}, {size / packets:.0f} bytes each, and the "
                f"answers {'vary like' if _is_mirror(pair) else 'differ from'} the requests"
            ),
            count=packets,
            half_life_s=limit.half_life_s,
        )


def _compare(pair: _Pair, answers: int) -> float:
    """Return how much the mean sizes each way differ, 0..1; 0 while one way is hardly seen."""
    if min(pair.one[1], pair.other[1]) < answers:
        return 0.0
    one, other = pair.one[0] / pair.one[1], pair.other[0] / pair.other[1]
    return abs(one - other) / max(one + other, 1.0)


def _is_mirror(pair: _Pair) -> bool:
    """Tell whether the bytes each way differ by no more than lost packets explain."""
    lost = abs(pair.one[1] - pair.other[1])
    return (
        abs(pair.one[0] - pair.other[0]) <= lost * _PACKET
        and lost * 10 <= pair.one[1] + pair.other[1]
    )


def _vary(flows: NDArray[Any]) -> dict[tuple[int, int, int, int], float]:
    """Return how frame sizes vary within each direction, relative to the mean of both.

    By (originator, responder), the most of any flow. Pings of one size give 0, flows of which
    nobody measured the sizes (logs) UNMEASURED: neither one size nor varied.
    """
    found: dict[tuple[int, int, int, int], float] = {}
    for flow in flows:
        sides = [(int(flow[end]["bytes"]), int(flow[end]["packets"])) for end in ("orig", "resp")]
        packets = max(sum(count for _, count in sides), 1)
        mean = sum(size for size, _ in sides) / packets
        squares = sum(size * size / count for size, count in sides if count)
        variance = (float(flow["size_sumsq"]) - squares) / packets
        key = (
            int(flow["orig"]["addr_hi"]), int(flow["orig"]["addr_lo"]),
            int(flow["resp"]["addr_hi"]), int(flow["resp"]["addr_lo"]),
        )  # fmt: skip
        varied = sqrt(max(variance, 0.0)) / max(mean, 1.0)
        if packets > 2 and flow["iat_min_us"] == flow["iat_max_us"] > 0:
            varied = UNMEASURED  # to the microsecond even: filled in by whoever read a log
        found[key] = max(found.get(key, 0.0), varied)
    return found
