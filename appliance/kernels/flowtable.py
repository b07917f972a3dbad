"""Frames to flows. Read `absorb` first; the rest is what it does to one packet.

Frames are taken in batches so that memory can be fetched ahead: parse all and ask for their slots,
then look up all and ask for their records, then update in order.
Oracle: tests/oracles/flowtable.py.
"""

from typing import Any

from appliance.kernels.accounting import account, meter
from appliance.kernels.beginning import begin_flow
from appliance.kernels.bytes import prefetch
from appliance.kernels.expiry import advance, end_flow, idle_limit, unlink
from appliance.kernels.fragments import resolve
from appliance.kernels.headers import finish_key, parse
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.packet import ARP, OK, PACKET_FRAGMENT, PACKET_SRC_IS_LOW
from appliance.kernels.sampling import MAX_SAMPLE, choose, keep
from appliance.kernels.table import TICK_SHIFT
from appliance.kernels.tcpstate import ACK, SYN
from appliance.model.flow import FLOW_CLOSING, FLOW_ORIG_IS_LOW, FLOW_SAMPLED, EndReason
from appliance.model.sample import SampleKind

BATCH = 64
_SECOND_NS = 1_000_000_000
_IDLE = int(EndReason.IDLE)
_CLOSED = int(EndReason.CLOSED)
_REUSED = int(EndReason.REUSED)
_KIND_ARP = int(SampleKind.ARP)
_S32 = u64(32)
_LOW32 = u64(0xFFFFFFFF)


@inline
def _same(flow: Any, packet: Any) -> int:
    """Return 0 if the packet belongs to another flow, 1 if the originator sent it, else 2."""
    straight = (packet.bits & PACKET_SRC_IS_LOW != 0) == (flow.bits & FLOW_ORIG_IS_LOW != 0)
    source = flow.orig if straight else flow.resp
    target = flow.resp if straight else flow.orig
    if (
        source.addr_lo == packet.src_lo
        and target.addr_lo == packet.dst_lo
        and source.port == packet.sport
        and target.port == packet.dport
        and source.addr_hi == packet.src_hi
        and target.addr_hi == packet.dst_hi
        and flow.proto == packet.proto
    ):
        return 1 if straight else 2
    return 0


@inline
def _find(table: Any, packet: Any) -> tuple[int, int]:
    """Return (record number, side as `_same`), or (-1, 0)."""
    slots = table.slots
    mask = table.limits[0].slot_mask
    tag = packet.hash >> _S32
    at = i64(tag) & mask
    while True:
        entry = slots[u64(at)]
        if entry == 0:
            return -1, 0
        if entry >> _S32 == tag:
            i = i64(entry & _LOW32) - 1
            side = _same(table.pool[u64(i)], packet)
            if side:
                return i, side
        at = (at + 1) & mask


@inline
def _over(limits: Any, flow: Any, packet: Any) -> int:
    """Return the reason if this packet cannot belong to the flow any more, else -1."""
    if packet.ts_ns - flow.last_ns > idle_limit(limits, flow):
        return _CLOSED if flow.bits & FLOW_CLOSING else _IDLE
    if flow.bits & FLOW_CLOSING and packet.flags & (SYN | ACK) == SYN:
        return _REUSED
    return -1


@inline
def _update(table: Any, buffer: Any, packet: Any) -> None:
    """Bring one packet into its flow."""
    state = table.state[0]
    i, sender = _find(table, packet)
    if i >= 0:
        reason = _over(table.limits[0], table.pool[u64(i)], packet)
        if reason >= 0:
            unlink(table.links, i)
            end_flow(table, i, reason)
            i = -1
    row = table.traffic[u64(state.traffic - 1)]
    if i < 0:
        i, sender = begin_flow(table, packet)
        row.new_flows += u64(1)
    account(table, i, sender, packet)
    state.flow_packets += 1 + i64(packet.credit_packets)
    flow = table.pool[u64(i)]
    meter(row, flow, sender, packet)
    if table.limits[0].samples_per_s and packet.captured > 3:
        kind = choose(table.name_ports, buffer, flow, sender == 1, packet)
        if kind and keep(table, buffer, packet, kind, u64(flow.id), sender == 1):
            flow.bits |= FLOW_SAMPLED


@inline
def _begin_second(table: Any, ts_ns: int) -> None:
    """Open a row of traffic for the second of a packet, unless it is open."""
    state = table.state[0]
    second = ts_ns // _SECOND_NS
    if state.traffic == 0 or table.traffic[u64(state.traffic - 1)].second != second:
        row = table.traffic[u64(state.traffic)]
        row.second = second
        for k in range(4):
            row.packets[k] = 0
            row.bytes[k] = 0
        row.tcp_bytes = 0
        row.udp_bytes = 0
        row.icmp_bytes = 0
        row.other_bytes = 0
        row.non_ip_bytes = 0
        row.non_ip_packets = 0
        row.new_flows = 0
        state.traffic += 1


@inline
def _has_room(table: Any) -> bool:
    state = table.state[0]
    return (
        state.out + 2 * BATCH <= table.ended.shape[0]
        and state.samples + BATCH <= table.sample_headers.shape[0]
        and state.sample_bytes + BATCH * MAX_SAMPLE <= table.sample_data.shape[0]
        and state.traffic < table.traffic.shape[0]
    )


@inline
def _parse_batch(table: Any, buffer: Any, frames: Any, start: int) -> tuple[int, int]:
    """Parse frames of one wheel tick and one second; return (next frame, packets of flows)."""
    state = table.state[0]
    packets = table.packets
    seed = table.limits[0].seed
    mask = table.limits[0].slot_mask
    tick = i64(frames[u64(start)].ts_ns) >> TICK_SHIFT
    row = table.traffic[u64(state.traffic - 1)]
    second_ns = i64(row.second) * _SECOND_NS
    stop = min(start + BATCH, frames.shape[0])
    count = 0
    at = start
    while at < stop:
        frame = frames[u64(at)]
        ts_ns = i64(frame.ts_ns)
        if ts_ns >> TICK_SHIFT > tick or not second_ns <= ts_ns < second_ns + _SECOND_NS:
            break
        at += 1
        packet = packets[u64(count)]
        state.packets += 1
        state.bytes += i64(frame.wirelen)
        reason = parse(buffer, frame, packet)
        if reason == OK and packet.bits & PACKET_FRAGMENT:
            reason = resolve(table, packet)
        if reason == OK:
            finish_key(packet, seed)
            prefetch(table.slots, i64(packet.hash >> _S32) & mask)
            count += 1
        elif reason > 0:
            table.rejects[reason] += 1
            row.non_ip_bytes += u64(frame.wirelen)
            row.non_ip_packets += u64(1)
            if reason == ARP and table.limits[0].samples_per_s and packet.captured >= 28:
                packet.payload = packet.captured
                packet.proto = 0
                packet.src_hi = packet.src_lo = packet.dst_hi = packet.dst_lo = u64(0)
                keep(table, buffer, packet, _KIND_ARP, u64(0), True)
    return at, count


@inline
def _fetch_records(table: Any, count: int) -> None:
    """Ask for the records that the packets of a batch will touch."""
    mask = table.limits[0].slot_mask
    for j in range(count):
        tag = table.packets[u64(j)].hash >> _S32
        at = i64(tag) & mask
        entry = table.slots[u64(at)]
        if entry != 0 and entry >> _S32 != tag:
            entry = table.slots[(at + 1) & mask]
        if entry != 0:
            base = (i64(entry & _LOW32) - 1) * 256
            prefetch(table.pool_bytes, base)
            prefetch(table.pool_bytes, base + 64)
            prefetch(table.pool_bytes, base + 128)


@kernel
def absorb(table: Any, buffer: Any, frames: Any, start: int) -> int:
    """Bring frames into the table.

    table : Table
    buffer : uint8 (n,), where the frames lie
    frames : FRAME_DTYPE (m,), in order of arrival
    start : int, the first frame to take
    returns : int, the frame to go on with: less than m if an output is full; drain and call again
    cost : amortised O(1) a frame, no allocation
    """
    at = start
    while at < frames.shape[0]:
        ts_ns = i64(frames[u64(at)].ts_ns)
        if not advance(table, ts_ns) or not _has_room(table):
            return at
        _begin_second(table, ts_ns)
        at, count = _parse_batch(table, buffer, frames, at)
        _fetch_records(table, count)
        for j in range(count):
            _update(table, buffer, table.packets[u64(j)])
    return at
