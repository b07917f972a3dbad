"""One packet added to its flow and to the current second of traffic."""

from typing import Any

import numpy as np

from appliance.kernels.expiry import NO_GAP, schedule, unlink
from appliance.kernels.jit import i64, inline, u64
from appliance.kernels.packet import PACKET_FRAGMENT
from appliance.kernels.table import TICK_SHIFT
from appliance.kernels.tcpstate import add_letter, track_tcp
from appliance.model.flow import (
    DIRECTION_SHIFT,
    FLOW_CLOSING,
    FLOW_FRAGMENTS,
    FLOW_GSO,
    Direction,
)

# Wire bytes; a longer TCP or UDP frame was merged by offload (or is a jumbo).
_ORDINARY_FRAME = 1_522
_OUTBOUND, _INBOUND = int(Direction.OUTBOUND), int(Direction.INBOUND)


@inline
def _measure(flow: Any, packet: Any) -> None:
    """Update what is counted for both directions together."""
    size = i64(packet.wirelen)
    if flow.orig.packets + flow.resp.packets > 0:
        gap = max(i64(packet.ts_ns) - i64(flow.last_ns), 0)
        gap_s = np.float64(gap) * 1e-9
        flow.iat_sumsq += gap_s * gap_s
        gap_us = min(gap // 1_000, NO_GAP - 1)
        flow.iat_min_us = min(flow.iat_min_us, gap_us)
        flow.iat_max_us = max(flow.iat_max_us, gap_us)
    flow.last_ns = max(flow.last_ns, packet.ts_ns)
    segments = i64(packet.segments)
    square = u64(size) * u64(size)  # a file may claim frames of 4 GB
    if segments > 1:
        # Whole and rest apart: an integer division keeps this out of every other packet's way,
        # where the compiler would work out a float division and throw it away.
        whole, rest = square // u64(segments), square % u64(segments)
        flow.size_sumsq += np.float64(whole) + np.float64(rest) / np.float64(segments)
    else:
        flow.size_sumsq += np.float64(square)
    capped = min(size, 0xFFFF)
    flow.size_min = min(flow.size_min, capped)
    flow.size_max = max(flow.size_max, capped)


@inline
def account(table: Any, i: int, sender: int, packet: Any) -> None:
    """Add one packet to a flow."""
    flow = table.pool[u64(i)]
    is_orig = sender == 1
    side = flow.orig if is_orig else flow.resp
    peer = flow.resp if is_orig else flow.orig
    over = False
    if packet.proto == 6:
        over = track_tcp(flow, side, peer, packet, is_orig)
    elif packet.proto == 17 and side.seen == 0 and packet.payload > 0:
        side.seen = 8
        add_letter(flow, 4, is_orig)
    _measure(flow, packet)
    if side.packets == 0:
        side.ttl = packet.ttl
        if is_orig and packet.src_mac != 0:
            flow.orig_mac = packet.src_mac
        elif not is_orig and packet.src_mac != 0:
            flow.resp_mac = packet.src_mac
    segments = max(i64(packet.segments), 1)
    if segments > 1 or (
        packet.segments == 0 and packet.wirelen > _ORDINARY_FRAME and packet.proto in (6, 17)
    ):
        flow.bits |= FLOW_GSO
        flow.gso_frames += 1
    if packet.bits & PACKET_FRAGMENT:
        flow.bits |= FLOW_FRAGMENTS
    side.packets += segments + i64(packet.credit_packets)
    side.bytes += u64(i64(packet.wirelen) + i64(packet.credit_bytes))
    side.ip_bytes += u64(i64(packet.ip_bytes) + i64(packet.credit_ip_bytes))
    side.payload += u64(packet.payload)
    if over and flow.bits & FLOW_CLOSING == 0:
        flow.bits |= FLOW_CLOSING
        unlink(table.links, i)
        schedule(table, i, table.state[0].now_ns >> TICK_SHIFT)


@inline
def meter(row: Any, flow: Any, sender: int, packet: Any) -> None:
    """Add one packet to the current second of traffic."""
    size = u64(i64(packet.wirelen) + i64(packet.credit_bytes))
    direction = (i64(flow.bits) >> DIRECTION_SHIFT) & 3
    if sender == 2 and direction in (_OUTBOUND, _INBOUND):
        direction = _OUTBOUND + _INBOUND - direction
    row.packets[direction] += u64(max(i64(packet.segments), 1) + i64(packet.credit_packets))
    row.bytes[direction] += size
    if packet.proto == 6:
        row.tcp_bytes += size
    elif packet.proto == 17:
        row.udp_bytes += size
    elif packet.proto == 1 or packet.proto == 58:
        row.icmp_bytes += size
    else:
        row.other_bytes += size
