"""From the sums of a closed window to the fingerprints of its hosts. Oracle: oracles/windows.py.

Everything that tells peers apart (distinct counts, most of one peer, rarity) is counted here, once
per contact of the window, in a scratch table of (what is counted, count). Its keys are 64-bit
mixes and are taken for the thing itself.
"""

from math import log, log1p
from typing import Any

from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.windowtable import (
    ENTRY_ECHO,
    ENTRY_GROUP,
    ENTRY_NEW_TO_ALL,
    ENTRY_NEW_TO_HOST,
    ENTRY_OUTSIDE,
    ENTRY_RARE,
)
from appliance.model.window import COLUMN

PORT_COMMON = 1  # a registered port that clients really use; any other is odd
PORT_ADMIN = 2  # administration of other machines
PORT_LOGIN = 4  # one logs in there
PORT_CALLED = 8  # polled, announced or logged to over UDP, whether or not anybody answers
SIZES = 32  # buckets of request sizes, half a power of e each
_DEAD_SHARE = 0.6  # of a contact's flows failed: it is dead, not flaky
_OUT_FREE = 2_000.0  # bytes added both ways, so that small talk has no ratio
_VOLUME = 100_000.0  # bytes, the unit of out_volume
_LAST_LISTENER = 49_152  # ports above are handed out to clients (RFC 6335)

_GOLDEN = u64(0x9E3779B97F4A7C15)
_MIX = u64(0xC2B2AE3D27D4EB4F)
_S29 = u64(29)
_S32 = u64(32)

_IPS = COLUMN["unique_dest_ips"]
_PORTS = COLUMN["unique_dest_ports"]
_ENTROPY = COLUMN["port_entropy"]
_COUNTRIES = COLUMN["country_frequency"]
_VARIANCE = COLUMN["flow_duration_variance"]
_WIRE = COLUMN["total_outbound_bytes"]
_FLOWS = COLUMN["total_flows"]
_REGULAR = COLUMN["regular"]
_BURST = COLUMN["burst"]
_FAILED_PEER = COLUMN["failed_peer"]
_FAILED_RATE = COLUMN["failed_rate"]
_RARE_ODD = COLUMN["rare_odd"]
_PORTS_OF_ONE = COLUMN["ports_of_one"]
_SWEEP = COLUMN["sweep"]
_OUT_RATIO = COLUMN["out_ratio"]
_OUT_VOLUME = COLUMN["out_volume"]
_DNS = COLUMN["dns"]
_ADMIN = COLUMN["admin"]
_NEW_PEERS = COLUMN["new_peers"]
_NEW_TO_ALL = COLUMN["new_to_all"]
_ICMP = COLUMN["icmp"]
_REQUEST = COLUMN["request_size"]
_DEAD_PEER = COLUMN["dead_peer"]
_LOGINS = COLUMN["logins"]
_FLOWS_IN = COLUMN["flows_in"]
_FAILED = COLUMN["failed"]
_OUTSIDE_OUT = COLUMN["outside_out_bytes"]
_OUTSIDE_IN = COLUMN["outside_in_bytes"]
_INSIDE_PEERS = COLUMN["inside_peers"]
_OUTSIDE_PEERS = COLUMN["outside_peers"]
_QUESTIONS = COLUMN["dns_questions"]
_LOSS = COLUMN["entry_loss"]

# What the scratch table counts, per host
_K_PEER = 1  # flows of a peer
_K_PORT = 2  # flows of a port
_K_COUNTRY = 3
_K_TRIED = 4  # silent ports of a peer
_K_SWEPT = 5  # probed hosts of a port
_K_ADMIN = 6
_K_NEW = 7
_K_NEW_ALL = 8
_K_ANY_PEER = 9  # a peer, whether or not a flow began


@inline
def _count(keys: Any, counts: Any, key: Any, add: int) -> int:
    """Add to the count of a key; return the new count. The table is never more than half full."""
    mask = u64(keys.shape[0] - 1)
    at = key & mask
    while keys[at] != key:
        if keys[at] == 0:
            keys[at] = key
            counts[at] = 0
            break
        at = (at + u64(1)) & mask
    counts[at] += add
    return i64(counts[at])


@inline
def _key(kind: int, place: int, first: Any, second: Any) -> Any:
    """Mix what is counted into 64 bits, never 0."""
    x = (u64(first) + u64(place * 16 + kind) * _MIX) * _GOLDEN
    x ^= x >> _S29
    x = (x ^ u64(second)) * _MIX
    x ^= x >> _S32
    x *= _GOLDEN
    x ^= x >> _S29
    return x | u64(1)


@inline
def _is_first(keys: Any, counts: Any, key: Any) -> bool:
    """Count a key; tell whether it is the first time."""
    return _count(keys, counts, key, 1) == 1


@inline
def _raise_to(values: Any, place: int, column: int, value: float) -> None:
    values[place, column] = max(values[place, column], value)


@inline
def _log_of(count: int) -> float:
    return float(count) * log(float(count)) if count > 0 else 0.0


@inline
def _classic(keys: Any, counts: Any, values: Any, place: int, entry: Any) -> None:
    """Count peers, ports and countries of the flows that began in the window."""
    flows = i64(entry.flows)
    if flows == 0:
        return
    if _is_first(keys, counts, _key(_K_PEER, place, entry.resp_lo, entry.resp_hi)):
        values[place, _IPS] += 1.0
    port = i64(entry.port)
    now = _count(keys, counts, _key(_K_PORT, place, port, 0), flows)
    if now == flows:
        values[place, _PORTS] += 1.0
    values[place, _ENTROPY] += _log_of(now) - _log_of(now - flows)
    if _is_first(keys, counts, _key(_K_COUNTRY, place, entry.country, 0)):
        values[place, _COUNTRIES] += 1.0


@inline
def _peers(keys: Any, counts: Any, values: Any, place: int, entry: Any) -> None:
    """Count peers by where they are and whether they are new."""
    low = entry.resp_lo
    high = entry.resp_hi
    first = 1.0 if _is_first(keys, counts, _key(_K_ANY_PEER, place, low, high)) else 0.0
    if not entry.bits & ENTRY_OUTSIDE:
        values[place, _INSIDE_PEERS] += first
        return
    values[place, _OUTSIDE_PEERS] += first
    # counting is an act: it happens only if the bit is set
    if entry.bits & ENTRY_NEW_TO_HOST and _is_first(keys, counts, _key(_K_NEW, place, low, high)):
        values[place, _NEW_PEERS] += 1.0
    if entry.bits & ENTRY_NEW_TO_ALL and _is_first(
        keys, counts, _key(_K_NEW_ALL, place, low, high)
    ):
        values[place, _NEW_TO_ALL] += 1.0


@inline
def _tries(keys: Any, counts: Any, values: Any, place: int, entry: Any, kinds: int) -> None:
    """Count what was tried: silent ports of a peer, hosts of a port, failures of a service."""
    low = entry.resp_lo
    high = entry.resp_hi
    if entry.proto != 17 or not kinds & PORT_CALLED:
        _raise_to(values, place, _FAILED_PEER, float(entry.failed))
        values[place, _FAILED_RATE] += float(entry.failed)
    if entry.answered == 0 and entry.failed > 0 and (entry.proto == 6 or entry.proto == 17):
        tried = _count(keys, counts, _key(_K_TRIED, place, low, high), 1)
        _raise_to(values, place, _PORTS_OF_ONE, float(tried))
    if entry.probes > 0 or entry.bits & ENTRY_ECHO:
        what = i64(entry.port) * 256 + i64(entry.proto)
        swept = _count(keys, counts, _key(_K_SWEPT, place, what, 0), 1)
        _raise_to(values, place, _SWEEP, float(swept))


@inline
def _outside(values: Any, sizes: Any, place: int, entry: Any, kinds: int) -> None:
    """Add a rare outside peer: what is said there and how often."""
    values[place, _OUT_RATIO] += entry.out
    values[place, _OUT_VOLUME] += entry.into
    if entry.proto != 6:
        return
    flows = float(entry.flows)
    _raise_to(values, place, _BURST, flows)
    if not kinds & PORT_COMMON and entry.port < _LAST_LISTENER:
        values[place, _RARE_ODD] += max(flows, 1.0)
    if flows > 0.0:
        size = i64(2.0 * log1p(entry.out / flows / 100.0))
        sizes[place, min(size, SIZES - 1)] += flows


@inline
def _memory(values: Any, place: int, entry: Any, contact: Any) -> None:
    """Add what is known of the contact from before, if its row is still this contact's."""
    if (
        contact.live == 0
        or contact.resp_lo != entry.resp_lo
        or contact.resp_hi != entry.resp_hi
        or contact.host != entry.host
    ):
        return
    _raise_to(values, place, _REGULAR, float(contact.score))
    rare = entry.bits & ENTRY_RARE and entry.bits & ENTRY_OUTSIDE
    failed = float(contact.failed)
    if rare and entry.proto == 6 and failed >= _DEAD_SHARE * float(contact.contacts):
        _raise_to(values, place, _DEAD_PEER, failed)


@inline
def _finish(values: Any, sizes: Any, place: int, row: Any) -> None:
    """Turn counts into features; see model/window.py for each."""
    flows = float(row.flows)
    kept = float(row.kept)
    values[place, _FLOWS] = flows
    values[place, _WIRE] = row.wire_out
    values[place, _FLOWS_IN] = float(row.flows_in)
    values[place, _FAILED] = float(row.failed)
    values[place, _OUTSIDE_OUT] = row.outside_out
    values[place, _OUTSIDE_IN] = row.outside_in
    values[place, _LOSS] = (flows - kept) / flows if flows > 0.0 else 0.0
    values[place, _VARIANCE] = row.duration_m2 / flows if flows > 0.0 else 0.0
    values[place, _COUNTRIES] = values[place, _COUNTRIES] / flows if flows > 0.0 else 0.0
    # entropy = ln N - sum(c ln c) / N
    together = values[place, _ENTROPY]
    values[place, _ENTROPY] = max(log(kept) - together / kept, 0.0) if kept > 0.0 else 0.0
    out = values[place, _OUT_RATIO]
    into = values[place, _OUT_VOLUME]
    values[place, _OUT_RATIO] = max(log((out + _OUT_FREE) / (into + _OUT_FREE)), 0.0)
    values[place, _OUT_VOLUME] = log1p(out / _VOLUME) if out > 2.0 * into else 0.0
    outside = values[place, _OUTSIDE_PEERS] + 5.0
    values[place, _NEW_PEERS] = values[place, _NEW_PEERS] / outside
    values[place, _NEW_TO_ALL] = values[place, _NEW_TO_ALL] / outside
    values[place, _FAILED_RATE] = values[place, _FAILED_RATE] / (flows + 4.0)
    values[place, _ICMP] = log1p(row.echo / 1_000.0)
    asked = max(values[place, _QUESTIONS], float(row.dns_asked))
    values[place, _QUESTIONS] = asked
    served = float(row.dns_served)
    values[place, _DNS] = log1p(asked) if asked > 4.0 * served else 0.0
    values[place, _REQUEST] = _median(sizes, place)
    for column in (_BURST, _FAILED_PEER, _RARE_ODD, _PORTS_OF_ONE, _SWEEP, _ADMIN):
        values[place, column] = log1p(values[place, column])
    values[place, _DEAD_PEER] = log1p(values[place, _DEAD_PEER])
    values[place, _LOGINS] = log1p(values[place, _LOGINS])


@inline
def _median(sizes: Any, place: int) -> float:
    """Return the middle of the bucket that holds the median."""
    total = 0.0
    for k in range(SIZES):
        total += sizes[place, k]
    if total == 0.0:
        return 0.0
    seen = 0.0
    for k in range(SIZES):
        seen += sizes[place, k]
        if 2.0 * seen >= total:
            return 0.5 * (float(k) + 0.5)
    return 0.0


@kernel
def close_window(
    table: Any,
    half: int,
    contacts: Any,
    ports: Any,
    keys: Any,
    counts: Any,
    values: Any,
    sizes: Any,
) -> None:
    """Write the fingerprints of one window.

    table : WindowTable
    half : int, which half of it
    contacts : CONTACT_DTYPE, by row
    ports : uint8 (65536,), PORT_* of each
    keys, counts : uint64 and uint32 (2^k,), more than 18 times the entries; cleared here
    values : float64 (active hosts, len(FEATURES)), zero but for the DNS columns, which count
        questions observed; in the order of `table.active`
    sizes : float64 (active hosts, SIZES), zero
    cost : O(entries + hosts + len(keys)), no allocation
    """
    state = table.state[0]
    for at in range(keys.shape[0]):
        keys[u64(at)] = 0
    base = half * i64(state.half_entries)
    for i in range(i64(state.used[half])):
        entry = table.entries[u64(base + i)]
        place = i64(table.hosts[u64(half * i64(state.half_hosts) + i64(entry.host))].place)
        _classic(keys, counts, values, place, entry)
        if entry.bits & ENTRY_GROUP:
            continue
        kinds = i64(ports[u64(entry.port)])
        _peers(keys, counts, values, place, entry)
        _tries(keys, counts, values, place, entry, kinds)
        if entry.contact < contacts.shape[0]:
            _memory(values, place, entry, contacts[u64(entry.contact)])
        if entry.bits & ENTRY_OUTSIDE and entry.bits & ENTRY_RARE:
            _outside(values, sizes, place, entry, kinds)
        if kinds & PORT_LOGIN and entry.proto == 6:
            _raise_to(values, place, _LOGINS, float(entry.answered))
        if kinds & PORT_ADMIN and entry.proto == 6 and not entry.bits & ENTRY_OUTSIDE:
            key = _key(_K_ADMIN, place, entry.resp_lo, entry.resp_hi)
            if _is_first(keys, counts, key):
                values[place, _ADMIN] += 1.0
    for place in range(i64(state.active[half])):
        host = i64(table.active[u64(half * i64(state.half_hosts) + place)])
        _finish(values, sizes, place, table.hosts[u64(half * i64(state.half_hosts) + host)])
