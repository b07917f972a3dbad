"""The first packet of a flow: who began it, where it runs, its record."""

from typing import Any

from appliance.kernels.expiry import NO_GAP, add_young, evict, schedule
from appliance.kernels.jit import i64, inline, u64
from appliance.kernels.packet import (
    PACKET_HAS_SEQ,
    PACKET_IPV6,
    PACKET_REPLY,
    PACKET_SRC_IS_LOW,
)
from appliance.kernels.table import TICK_SHIFT
from appliance.kernels.tcpstate import ACK, SYN, add_letter
from appliance.model.flow import (
    DIRECTION_SHIFT,
    FLOW_FLIPPED,
    FLOW_IPV6,
    FLOW_ORIG_IS_LOW,
    FLOW_PARTIAL,
    Direction,
)

_SECOND_NS = 1_000_000_000
_EXTERNAL, _OUTBOUND, _INBOUND, _LOCAL = (
    int(Direction.EXTERNAL), int(Direction.OUTBOUND), int(Direction.INBOUND), int(Direction.LOCAL),
)  # fmt: skip
_S32 = u64(32)
_LOW32 = u64(0xFFFFFFFF)
_WANTED = 0x33  # three payload segments each way are looked at for metadata


@inline
def _is_home(home: Any, hints: Any, hi: Any, lo: Any) -> bool:
    if hi == 0 and lo >> _S32 == 0xFFFF:
        hint = hints[(lo >> u64(24)) & u64(0xFF)]
    else:
        hint = hints[u64(256) + (hi >> u64(56))]
    if hint == 0:
        return False
    for k in range(home.shape[0]):
        if hi & home[k, 0] == home[k, 2] and lo & home[k, 1] == home[k, 3]:
            return True
    return False


@inline
def _is_group(hi: Any, lo: Any) -> bool:
    """Tell whether an address is multicast, or the IPv4 broadcast."""
    if hi != 0:
        return hi >> u64(56) == 0xFF
    address = lo & u64(0xFFFFFFFF)
    return lo >> u64(32) == 0xFFFF and (address >> u64(28) == 0xE or address == u64(0xFFFFFFFF))


@inline
def _from_responder(ports: Any, packet: Any) -> bool:
    """Guess from the first packet seen of a conversation whether the responder sent it."""
    if _is_group(packet.dst_hi, packet.dst_lo):
        return False  # a group never sends
    control = packet.flags & (SYN | ACK)
    if packet.proto == 6 and control == SYN:
        return False
    sport = i64(packet.sport)
    dport = i64(packet.dport)
    source = (ports[u64(sport >> 6)] >> u64(sport & 63)) & u64(1) == 1
    destination = (ports[u64(dport >> 6)] >> u64(dport & 63)) & u64(1) == 1
    if packet.proto == 6 and packet.bits & PACKET_HAS_SEQ:
        if control & SYN:  # SYN/ACK; to a service from none it is more likely a probe
            return source or not destination
        if source:
            return not destination or sport < dport
        return not destination and sport < 32_768 <= dport
    if packet.proto in (6, 17, 132):
        return source and not destination
    return packet.bits & PACKET_REPLY != 0


@inline
def _next_id(state: Any, limits: Any, ts_ns: int) -> int:
    """Return an id near the time of the first packet, unique while time goes forward."""
    candidate = max((ts_ns & ~15) | limits.worker, 16)
    ahead = state.last_id - candidate
    if 0 <= ahead < _SECOND_NS:
        candidate = state.last_id + 16
    state.last_id = candidate
    return candidate


@inline
def _start_side(side: Any, hi: Any, lo: Any, port: Any) -> None:
    side.addr_hi = hi
    side.addr_lo = lo
    side.bytes = 0
    side.payload = 0
    side.ip_bytes = 0
    side.packets = 0
    side.seq_next = 0
    side.retrans = 0
    side.gaps = 0
    side.port = port
    side.flags = 0
    side.ttl = 0
    side.state = 0
    side.prev_state = 0
    side.seen = 0
    side.zero_windows = 0


@inline
def begin_flow(table: Any, packet: Any) -> tuple[int, int]:
    """Begin a flow; return (record number, side that sent this packet)."""
    state = table.state[0]
    limits = table.limits[0]
    if state.free_top == 0:
        evict(table)
    state.free_top -= 1
    i = i64(table.free[state.free_top])
    state.active += 1
    flow = table.pool[u64(i)]
    flipped = _from_responder(table.server_ports, packet)
    orig_is_src = not flipped
    if flipped:
        _start_side(flow.orig, packet.dst_hi, packet.dst_lo, packet.dport)
        _start_side(flow.resp, packet.src_hi, packet.src_lo, packet.sport)
        flow.orig_mac = packet.dst_mac
        flow.resp_mac = packet.src_mac
    else:
        _start_side(flow.orig, packet.src_hi, packet.src_lo, packet.sport)
        _start_side(flow.resp, packet.dst_hi, packet.dst_lo, packet.dport)
        flow.orig_mac = packet.src_mac
        flow.resp_mac = packet.dst_mac
    flow.last_ns = packet.ts_ns
    flow.size_sumsq = 0.0
    flow.iat_sumsq = 0.0
    flow.iat_min_us = NO_GAP
    flow.iat_max_us = 0
    flow.history_lo = u64(0)
    flow.history_hi = u64(0)
    flow.size_min = 0xFFFF
    flow.size_max = 0
    flow.proto = packet.proto
    flow.history_len = 0
    bits = FLOW_IPV6 if packet.bits & PACKET_IPV6 else 0
    if (packet.bits & PACKET_SRC_IS_LOW != 0) == orig_is_src:
        bits |= FLOW_ORIG_IS_LOW
    if packet.proto == 6 and packet.flags & (SYN | ACK) != SYN:
        bits |= FLOW_PARTIAL
    flow.bits = bits
    flow.tag = packet.hash >> _S32
    flow.id = u64(_next_id(state, limits, i64(packet.ts_ns)))
    flow.first_ns = packet.ts_ns
    flow.report_ns = packet.ts_ns + limits.active_ns
    flow.syn_rtt_us = 0
    flow.ack_rtt_us = 0
    flow.vlan = packet.vlan
    flow.inner_vlan = packet.inner_vlan
    flow.interface = packet.interface
    flow.updates = 0
    flow.gso_frames = 0
    flow.hole = 0
    flow.reason = 0
    flow.tunnel = packet.tunnel
    flow.wanted = _WANTED
    orig_home = _is_home(table.home, table.home_hints, flow.orig.addr_hi, flow.orig.addr_lo)
    resp_home = _is_home(table.home, table.home_hints, flow.resp.addr_hi, flow.resp.addr_lo)
    if orig_home:
        direction = _LOCAL if resp_home else _OUTBOUND
    else:
        direction = _INBOUND if resp_home else _EXTERNAL
    flow.direction = direction
    flow.bits |= direction << DIRECTION_SHIFT
    if flipped:
        flow.bits |= FLOW_FLIPPED
        add_letter(flow, 0, True)
    slots = table.slots
    mask = limits.slot_mask
    at = i64(packet.hash >> _S32) & mask
    while slots[u64(at)] != 0:
        at = (at + 1) & mask
    slots[u64(at)] = (packet.hash & ~_LOW32) | u64(i + 1)
    schedule(table, i, state.now_ns >> TICK_SHIFT)
    add_young(table, i)
    return i, 1 if orig_is_src else 2
