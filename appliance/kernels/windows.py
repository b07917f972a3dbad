"""Bringing flows into the open windows of their hosts. Oracle: tests/oracles/windows.py."""

from typing import Any

from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.windowtable import (
    ENTRY_ECHO,
    ENTRY_GROUP,
    ENTRY_NEW_TO_ALL,
    ENTRY_NEW_TO_HOST,
    ENTRY_OUTSIDE,
    ENTRY_RARE,
    LOCAL_LABEL,
    LONG_FLOWS,
    PROBES,
    ROWLESS,
)
from appliance.model.contact import (
    FLOW_ANSWERED,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
    MARK_COUNTRY,
    MARK_LOCAL,
    MARK_VENDOR,
)
from appliance.model.flow import Direction, EndReason

_INBOUND = int(Direction.INBOUND)
_LOCAL = int(Direction.LOCAL)
_ACTIVE = int(EndReason.ACTIVE)
_ATTEMPT = int(EndReason.ATTEMPT)
_NOVEL_HOST = 1
_NOVEL_ALL = 2
_NOVEL_RARE = 4
_GOLDEN = u64(0x9E3779B97F4A7C15)
_S32 = u64(32)
_S48 = u64(48)


@inline
def _host_row(table: Any, half: int, host: int, side: Any) -> int:
    """Return where a host's sums of a window stand; begun if it was not active yet."""
    state = table.state[0]
    number = i64(state.oldest if (state.oldest & 1) == half else state.newest)
    at = half * i64(state.half_hosts) + host
    row = table.hosts[u64(at)]
    if row.number == number and row.hi == side.addr_hi and row.lo == side.addr_lo:
        return at
    if row.number == number:
        state.hosts_replaced += 1
    else:
        row.place = i64(state.active[half])
        table.active[u64(half * i64(state.half_hosts) + i64(state.active[half]))] = host
        state.active[half] += 1
    row.hi = side.addr_hi
    row.lo = side.addr_lo
    row.number = number
    row.host = host
    row.flows = 0
    row.flows_in = 0
    row.failed = 0
    row.kept = 0
    row.entries = 0
    row.dns_asked = 0
    row.dns_served = 0
    row.duration_mean = 0.0
    row.duration_m2 = 0.0
    row.wire_out = 0.0
    row.outside_out = 0.0
    row.outside_in = 0.0
    row.echo = 0.0
    return at


@inline
def _is_echo(flow: Any) -> bool:
    """Tell echo requests from other ICMP: others quote packets of any size (RFC 792, RFC 4443)."""
    return (flow.proto == 1 and flow.orig.port == 8) or (flow.proto == 58 and flow.orig.port == 128)


@inline
def _wire_bytes(table: Any, flow: Any, payload: float) -> float:
    """Return the frame bytes the originator sent since the flow was told of before.

    An attempt's bytes come with its later record. If what was counted of a long flow has been
    forgotten, its new payload stands in.
    """
    if flow.reason == _ATTEMPT:
        return 0.0
    total = u64(flow.orig.bytes)
    if flow.updates == 0 and flow.reason != _ACTIVE:
        return float(total)
    known = table.longs[((u64(flow.id) * _GOLDEN) >> _S32) & u64(LONG_FLOWS - 1)]
    new = float(total) if flow.updates == 0 else payload
    if known.id == flow.id and flow.updates != 0:
        new = float(total - u64(known.bytes)) if total >= known.bytes else 0.0
    known.id = flow.id if flow.reason == _ACTIVE else 0
    known.bytes = total
    return new


@inline
def _begin_entry(entry: Any, flow: Any, contact: int, host: int, marks: int) -> None:
    entry.resp_hi = flow.resp.addr_hi
    entry.resp_lo = flow.resp.addr_lo
    entry.contact = contact
    entry.host = host
    entry.port = flow.resp.port
    entry.proto = flow.proto
    bits = 0
    if flow.direction != _LOCAL:
        bits |= ENTRY_OUTSIDE
    if _is_echo(flow):
        bits |= ENTRY_ECHO
    entry.bits = bits
    entry.country = LOCAL_LABEL if marks & MARK_LOCAL else marks & MARK_COUNTRY
    entry.flows = 0
    entry.failed = 0
    entry.probes = 0
    entry.answered = 0
    entry.out = 0.0
    entry.into = 0.0


@inline
def _known_entry(table: Any, half: int, host: int, flow: Any, contact: int) -> int:
    """Return where the contact's sums of this window stand, or -1."""
    state = table.state[0]
    at = i64(table.entry_of[u64(half * i64(state.half_contacts) + contact)])
    if at >= state.used[half]:
        return -1
    at += half * i64(state.half_entries)
    entry = table.entries[u64(at)]
    if (
        entry.contact == contact
        and entry.host == host
        and entry.resp_lo == flow.resp.addr_lo
        and entry.resp_hi == flow.resp.addr_hi
        and entry.port == flow.resp.port
        and entry.proto == flow.proto
    ):
        return at
    return -1


@inline
def _place_rowless(table: Any, half: int, host: int, flow: Any) -> int:
    """Return a contact number for a flow without a row: its own, a free one, or -1."""
    state = table.state[0]
    first = i64(state.half_contacts) - ROWLESS
    mixed = (flow.resp.addr_lo ^ flow.resp.addr_hi ^ (u64(host) << _S32)) * _GOLDEN
    mixed = (mixed ^ u64(flow.resp.port)) * _GOLDEN
    start = i64(mixed >> _S48)
    for step in range(PROBES):
        contact = first + ((start + step) & (ROWLESS - 1))
        if _known_entry(table, half, host, flow, contact) >= 0:
            return contact
        at = i64(table.entry_of[u64(half * i64(state.half_contacts) + contact)])
        if at >= state.used[half]:
            return contact
        if table.entries[u64(half * i64(state.half_entries) + at)].contact != contact:
            return contact
    return -1


@inline
def _find_entry(table: Any, half: int, row: Any, flow: Any, contact: int, marks: int) -> int:
    """Return where the contact's sums of this window stand, begun if need be; -1 if no room."""
    state = table.state[0]
    host = i64(row.host)
    if contact < 0:
        contact = _place_rowless(table, half, host, flow)
        if contact < 0:
            return -1
    at = _known_entry(table, half, host, flow, contact)
    if at >= 0:
        return at
    used = i64(state.used[half])
    if used >= state.half_entries or row.entries >= state.host_entries:
        return -1
    table.entry_of[u64(half * i64(state.half_contacts) + contact)] = used
    state.used[half] += 1
    row.entries += 1
    at = half * i64(state.half_entries) + used
    _begin_entry(table.entries[u64(at)], flow, contact, host, marks)
    return at


@inline
def _add_to_entry(entry: Any, classes: int, novel: int, out: float, into: float) -> None:
    bits = i64(entry.bits)
    if novel & _NOVEL_HOST:
        bits |= ENTRY_NEW_TO_HOST
    if novel & _NOVEL_ALL:
        bits |= ENTRY_NEW_TO_ALL
    bits = bits | ENTRY_RARE if novel & _NOVEL_RARE else bits & ~ENTRY_RARE
    if classes & FLOW_GROUP:
        bits |= ENTRY_GROUP
    entry.bits = bits
    entry.out += out
    entry.into += into
    if classes & FLOW_ANSWERED:
        entry.answered += 1
    if classes & FLOW_UPDATE:
        return
    entry.flows += 1
    if classes & FLOW_REPLY:
        return
    if classes & FLOW_FAILED:
        entry.failed += 1
    if classes & FLOW_PROBE:
        entry.probes += 1


@inline
def _add_own(row: Any, flow: Any, classes: int, out: float, into: float) -> None:
    """Add a flow the host began to its sums."""
    if flow.direction != _LOCAL and not classes & FLOW_GROUP:
        row.outside_out += out
        row.outside_in += into
    if _is_echo(flow):
        row.echo += out + into
    if classes & FLOW_UPDATE:
        return
    row.flows += 1
    duration = float(i64(flow.last_ns) - i64(flow.first_ns)) * 1e-9
    change = duration - row.duration_mean
    row.duration_mean += change / float(row.flows)
    row.duration_m2 += change * (duration - row.duration_mean)
    if classes & FLOW_FAILED and not classes & FLOW_REPLY:
        row.failed += 1
    if flow.resp.port == 53 and flow.proto == 17:
        row.dns_asked += max(i64(flow.orig.packets), 1)
    elif flow.proto == 6 and (flow.resp.port == 53 or flow.resp.port == 853):
        row.dns_asked += 1


@inline
def _add_served(row: Any, flow: Any, classes: int) -> None:
    if classes & FLOW_UPDATE:
        return
    row.flows_in += 1
    if flow.resp.port == 53 and classes & FLOW_ANSWERED:
        row.dns_served += 1


@inline
def _take(table: Any, flow: Any, columns: Any, i: int, half: int) -> None:
    state = table.state[0]
    at = u64(i)
    host = i64(columns.host[at])
    server = i64(columns.server[at])
    classes = i64(columns.classes[at])
    out = float(columns.out[at])
    into = float(columns.into[at])
    if flow.direction == _INBOUND:
        if host >= 0:
            row = table.hosts[u64(_host_row(table, half, host, flow.resp))]
            row.outside_out += into
            row.outside_in += out
            _add_served(row, flow, classes)
        return
    if flow.direction == _LOCAL and server >= 0 and not classes & FLOW_GROUP:
        _add_served(table.hosts[u64(_host_row(table, half, server, flow.resp))], flow, classes)
    if host < 0:
        return
    row = table.hosts[u64(_host_row(table, half, host, flow.orig))]
    row.wire_out += _wire_bytes(table, flow, out)
    _add_own(row, flow, classes, out, into)
    contact = i64(columns.contact[at])
    marks = i64(columns.marks[at])
    where = _find_entry(table, half, row, flow, contact, marks)
    if where < 0:
        state.entries_full += 1
        return
    if not classes & FLOW_UPDATE:
        row.kept += 1
    novel = i64(columns.novel[at])
    if marks & MARK_VENDOR:
        novel &= ~_NOVEL_RARE
    _add_to_entry(table.entries[u64(where)], classes, novel, out, into)


@kernel
def absorb_flows(table: Any, flows: Any, columns: Any, start: int, latest: int) -> int:
    """Bring flows into the windows of their starts.

    A flow whose window is closed counts in the oldest open one; one from after `latest` counts in
    that: a wrong clock must not close what is open.

    table : WindowTable
    flows : FLOW_DTYPE (n,)
    columns : FlowColumns of (n,)
    start : int, the first flow to take
    latest : int, number of the last window that may be opened
    returns : int, n, or the flow that needs a window that is not open: open it and call again
    cost : amortised O(1) a flow, no allocation
    """
    state = table.state[0]
    for i in range(start, flows.shape[0]):
        flow = flows[u64(i)]
        number = min(i64(flow.first_ns) // i64(state.length_ns), latest)
        if number > state.newest:
            return i
        state.flows += 1
        if number < state.oldest:
            number = i64(state.oldest)
            state.late += 1
        _take(table, flow, columns, i, number & 1)
    return i64(flows.shape[0])
