"""Scoring flows as they end, and counting what kinds there are. Oracle: learn/flowkey.py."""

from typing import Any

import numpy as np

from appliance.kernels.forest import score_row
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.flow import EndReason
from appliance.model.flowkey import (
    DIRECTION,
    DURATION,
    IN,
    KEY_SET,
    OUT,
    OUTCOME,
    PACKETS,
    PORT,
    PROTO,
    SERVICE,
    T_DURATION,
    T_IN,
    T_OUT,
    T_OUTCOME,
    T_PORT,
    T_PROTO,
    T_SERVICE,
)

f32: Any = np.float32
_ACTIVE = int(EndReason.ACTIVE)
_ATTEMPT = int(EndReason.ATTEMPT)
_HOUR_NS = 3_600_000_000_000
WAYS = 4  # places a score may be remembered at; the one walked first gives way
_TRIES = 16  # places of the census looked at before a new kind is given up

# FlowTables.counters
SCORING = 0  # 1 = there is a model
SERVICES = 1  # 1 = the model knows what services are
KINDS = 2  # keys in the census
LOST = 3  # flows whose key found no place
WALKED = 4  # scores that were not remembered


@inline
def steps(value: int, most: int) -> int:
    """Return the bit length of a number, at most `most`."""
    value = min(value, (1 << most) - 1)
    count = 0
    for width in (16, 8, 4, 2, 1):
        if value >> width > 0:
            value >>= width
            count += width
    return count + (1 if value > 0 else 0)


@inline
def _outcome(flow: Any) -> int:
    if flow.resp.packets == 0:
        return 0
    if flow.orig.packets == 0:
        return 5
    said = 1 if flow.orig.payload > 0 else 0
    heard = 2 if flow.resp.payload > 0 else 0
    return 1 + said + heard


@inline
def _proto(number: int) -> int:
    if number == 6:
        return 0
    if number == 17:
        return 1
    if number == 1:
        return 2
    return 3 if number == 58 else 4


@inline
def make_key(flow: Any, service: int, ports: Any) -> int:
    """Return the flow's key, model/flowkey.py."""
    proto = _proto(i64(flow.proto))
    if proto == 2 or proto == 3:
        port = 5 if flow.orig.port == 8 or flow.orig.port == 128 else 0
    else:
        port = i64(ports[u64(flow.resp.port)])
    packets = i64(flow.orig.packets) + i64(flow.resp.packets)
    duration_ms = (i64(flow.last_ns) - i64(flow.first_ns)) // 1_000_000
    key = steps(i64(flow.orig.payload), 31) << OUT[0]
    key |= steps(i64(flow.resp.payload), 31) << IN[0]
    key |= steps(packets, 15) << PACKETS[0]
    key |= steps(duration_ms, 31) << DURATION[0]
    key |= port << PORT[0]
    key |= proto << PROTO[0]
    key |= _outcome(flow) << OUTCOME[0]
    key |= (service & 31) << SERVICE[0]
    key |= (i64(flow.direction) & 3) << DIRECTION[0]
    return key


@inline
def fill_features(key: int, rarity: Any, row: Any) -> None:
    """Write the features of a key, in the order of FLOW_FEATURES."""
    out = (key >> OUT[0]) & 31
    answer = (key >> IN[0]) & 31
    packets = (key >> PACKETS[0]) & 15
    duration = (key >> DURATION[0]) & 31
    port = (key >> PORT[0]) & 63
    proto = (key >> PROTO[0]) & 7
    outcome = (key >> OUTCOME[0]) & 7
    service = (key >> SERVICE[0]) & 31
    direction = (key >> DIRECTION[0]) & 3
    row[0, 0] = f32(out)
    row[0, 1] = f32(max(0, out - answer))
    row[0, 2] = f32(packets)
    row[0, 3] = f32(duration)
    row[0, 4] = rarity[T_PORT + direction * 64 + port]
    row[0, 5] = rarity[T_SERVICE + port * 32 + service]
    row[0, 6] = rarity[T_OUTCOME + port * 8 + outcome]
    row[0, 7] = rarity[T_PROTO + direction * 8 + proto]
    row[0, 8] = rarity[T_OUT + port * 32 + out]
    row[0, 9] = rarity[T_IN + port * 32 + answer]
    row[0, 10] = rarity[T_DURATION + port * 32 + duration]


@inline
def _mix(value: int) -> int:
    """Return well-mixed bits (the finaliser of splitmix64)."""
    x = u64(value)
    x = (x ^ (x >> u64(30))) * u64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> u64(27))) * u64(0x94D049BB133111EB)
    return x ^ (x >> u64(31))


@inline
def _put(tables: Any, wanted: Any, count: Any) -> None:
    """Add to the count of a kind."""
    mask = u64(tables.census_keys.shape[0] - 1)
    at = _mix(i64(wanted)) & mask
    for _ in range(_TRIES):
        found = tables.census_keys[at]
        if found == 0:
            tables.census_keys[at] = wanted
            tables.counters[KINDS] += 1
            found = wanted
        if found == wanted:
            tables.census_counts[at] += count
            return
        at = (at + u64(1)) & mask
    tables.counters[LOST] += 1


@kernel
def put_kinds(tables: Any, keys: Any, counts: Any) -> None:
    """Add counts of kinds to the census. keys : uint64 (n,) with KEY_SET;  counts : uint32 (n,)."""
    for index in range(keys.shape[0]):
        _put(tables, keys[u64(index)], counts[u64(index)])


@inline
def _count(tables: Any, flow: Any, key: int) -> None:
    """Count a key once for each host and hour: the busiest host does not define what is normal."""
    host = _mix(i64(flow.orig.addr_lo ^ (flow.orig.addr_hi * u64(0x9E3779B97F4A7C15))))
    hour = i64(flow.last_ns) // _HOUR_NS
    tag = _mix(i64(host ^ u64(key) ^ (u64(hour) * u64(0x9E3779B97F4A7C15))))
    place = tag & u64(tables.tags.shape[0] - 1)
    mark = np.uint32(tag >> u64(32))
    if tables.tags[place] == mark:
        return
    tables.tags[place] = mark
    _put(tables, u64(key) | u64(KEY_SET), np.uint32(1))


@inline
def _score(tables: Any, key: int) -> float:
    if tables.counters[SERVICES] == 0:
        key &= ~(31 << SERVICE[0])
    wanted = u64(key) | u64(KEY_SET)
    first = i64(_mix(key)) & (tables.memo_keys.shape[0] - 1) & ~(WAYS - 1)
    for place in range(first, first + WAYS):
        if tables.memo_keys[u64(place)] == wanted:
            return f32(tables.memo_scores[u64(place)])
    for place in range(first + WAYS - 1, first, -1):
        tables.memo_keys[u64(place)] = tables.memo_keys[u64(place - 1)]
        tables.memo_scores[u64(place)] = tables.memo_scores[u64(place - 1)]
    fill_features(key, tables.rarity, tables.scratch)
    score = f32(score_row(tables.forest, 0, tables.scratch, 0))
    tables.memo_keys[u64(first)] = wanted
    tables.memo_scores[u64(first)] = score
    tables.counters[WALKED] += 1
    return score


@kernel
def score_flows(tables: Any, flows: Any, services: Any, scores: Any) -> None:
    """Score flows and count their kinds.

    tables : learn.flowscorer.FlowTables;  flows : FLOW_DTYPE (n,)
    services : uint8 (n,), model.contact.SERVICES;  scores : float32 (n,), 0 without a model
    cost : about 80 ns a flow whose key is remembered, 5 us for one that is not; no allocation
    """
    for index in range(flows.shape[0]):
        flow = flows[u64(index)]
        key = make_key(flow, i64(services[u64(index)]), tables.ports)
        # updates and attempts are told again when they end
        if flow.reason != _ATTEMPT and flow.reason != _ACTIVE:
            _count(tables, flow, key)
        score = f32(0.0)
        if tables.counters[SCORING] != 0:
            score = _score(tables, key)
        scores[u64(index)] = score


@kernel
def make_keys(flows: Any, services: Any, ports: Any, keys: Any) -> None:
    """Write the key of each flow, with KEY_SET. keys : uint64 (n,)."""
    for index in range(flows.shape[0]):
        key = make_key(flows[u64(index)], i64(services[u64(index)]), ports)
        keys[u64(index)] = u64(key) | u64(KEY_SET)
