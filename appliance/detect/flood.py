"""More than one peer can want of another: tries without end, or packets without answers."""

from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.detect.pair import UDP, Pair
from appliance.detect.tally import OUTSIDE, Tally, say_address, say_end, say_protocol, say_time
from appliance.detect.weights_pairs import FloodWeights
from appliance.model.alert import Family, Signal, Term
from appliance.model.flow import Direction, FlowBatch

WINDOW_S = 300.0
HALF_LIFE_S = 7_200.0


def judge_flood(pair: Pair, w: FloodWeights) -> Signal | None:
    """Return a signal if one end fails at one port of the other more often than any client."""
    failed = count_failed(pair)
    if failed < w.failed:
        return None
    tally = Tally()
    tally.add("failed", w.base, f"{failed:.0f} failed tries in 5 min")
    more = w.per_doubling * log2(failed / w.failed)
    tally.add("often", min(w.most_doublings, more), f"{failed / w.failed:.1f} times the limit")
    return tally.signal(
        pair,
        "flood_of_tries",
        "flood",
        Family.RATE,
        sentence=f"{failed:.0f} failed tries at {say_end(pair)} in 5 min",
        per_peer=True,
        half_life_s=HALF_LIFE_S,
    )


def count_failed(pair: Pair) -> float:
    """Return the failed flows of the last five minutes, stretched where the ring holds less."""
    rhythm = pair.rhythm
    if rhythm.ring_s >= WINDOW_S or pair.contact.contacts <= rhythm.used:
        return float(rhythm.failed_300)
    rate = rhythm.failed_300 / max(rhythm.ring_s, 1.0)
    return min(float(pair.contact.failed), max(float(rhythm.failed_300), rate * WINDOW_S))


def find_torrents(flows: NDArray[Any], w: FloodWeights) -> NDArray[np.int64]:
    """Return which flows of FLOW_DTYPE alone are a flood: fast, and hardly answered.

    cost : one column is read; the others only for flows of more than udp_packets packets
    """
    some: NDArray[np.int64] = np.flatnonzero(flows["orig"]["packets"] > w.udp_packets)
    if not len(some):
        return some
    chosen = flows[some]
    packets = chosen["orig"]["packets"].astype(np.float64)
    lasted = (chosen["last_ns"] - chosen["first_ns"]) / 1e9
    silent = chosen["resp"]["packets"] <= w.answered_share * packets
    fast = (lasted >= w.packets_s) & (packets >= w.packets_per_s * lasted)
    sudden = (chosen["proto"] == UDP) & (lasted < w.udp_s) & (chosen["resp"]["packets"] == 0)
    found: NDArray[np.int64] = some[silent & (fast | sudden)]
    return found


def judge_torrents(batch: FlowBatch, now_s: float, w: FloodWeights) -> list[Signal]:
    """Return a signal for every flow of a batch that alone is a flood."""
    return [_tell(batch, i, now_s, w) for i in find_torrents(batch.flows, w).tolist()]


def _tell(batch: FlowBatch, i: int, now_s: float, w: FloodWeights) -> Signal:
    flow = batch.flows[i]
    host, peer = batch.orig[i], batch.resp[i]
    packets, answers = int(flow["orig"]["packets"]), int(flow["resp"]["packets"])
    first_s, last_s = float(flow["first_ns"]) / 1e9, float(flow["last_ns"]) / 1e9
    port, proto = int(flow["resp"]["port"]), int(flow["proto"])
    text = f"{packets} {say_protocol(proto)} packets in {say_time(last_s - first_s)}"
    answered = f"{answers} came back" if answers else "nothing came back"
    more = w.per_doubling * log2(max(1.0, packets / w.packets_per_s))
    terms = (
        Term("packets", w.base, text),
        Term("often", round(min(w.most_doublings, more), 3), answered),
    )
    return Signal(
        ts_s=now_s,
        first_s=first_s,
        last_s=last_s,
        rule="flood_of_packets",
        kind="flood",
        family=Family.RATE,
        host=host,
        peer=peer,
        port=port,
        proto=proto,
        weight=round(sum(term.weight for term in terms), 3),
        terms=terms,
        sentence=f"{text} to {say_address(peer, port)}, {answered}",
        count=packets,
        per_peer=True,
        half_life_s=HALF_LIFE_S,
        inside=int(flow["direction"]) != Direction.INBOUND,
        limit=OUTSIDE if int(flow["direction"]) == Direction.INBOUND else 99.0,
    )
