"""Headers to a parsed packet: link, tags, tunnels, IP, transport.

`parse` walks one frame and never reads past what was captured. It returns OK or the reason why
the frame belongs to no flow. Checksums are not looked at: with offload they are not filled in yet
when the frame is seen, and a sensor that drops those goes blind. Oracle: tests/oracles/headers.py.
"""

from typing import Any

from appliance.kernels.bytes import u16
from appliance.kernels.ip import read_ipv4, read_ipv6
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.link import (
    BROKEN,
    IP4,
    IP6,
    MAX_DEPTH,
    NESTED,
    NOT_IP,
    UNKNOWN,
    read_link,
    skip_tags,
)
from appliance.kernels.packet import (
    ARP,
    NO_IP,
    PACKET_FRAGMENT,
    PACKET_SRC_IS_LOW,
    PACKET_TWO_WAY,
    TOO_DEEP,
    TRUNCATED_LINK,
    UNKNOWN_LINK,
)
from appliance.kernels.transport import read_transport
from appliance.kernels.tunnels import look_inside
from appliance.model.frame import FRAME_VLAN

_K1 = u64(0x9E3779B97F4A7C15)
_K2 = u64(0xC2B2AE3D27D4EB4F)
_K3 = u64(0x165667B19E3779F9)
_S29 = u64(29)
_S32 = u64(32)


@inline
def conversation_hash(low: Any, high: Any, low_hi: Any, high_hi: Any, rest: Any, seed: Any) -> Any:
    """Mix the canonical key of a conversation; the seed keeps collisions from being arranged."""
    x = (low ^ seed) * _K1
    y = (high + seed) * _K2
    z = (low_hi ^ (high_hi << u64(1)) ^ (high_hi >> u64(63)) ^ seed) * _K3
    x ^= x >> _S32
    y ^= y >> _S29
    h = (x + (y << u64(7)) + z) ^ (rest * _K1)
    h ^= h >> _S32
    h *= _K2
    h ^= h >> _S29
    h *= _K3
    return h ^ (h >> _S32)


@inline
def _clear(packet: Any) -> None:
    packet.src_mac = u64(0)
    packet.dst_mac = u64(0)
    packet.seq = 0
    packet.ack = 0
    packet.sport = 0
    packet.dport = 0
    packet.window = 0
    packet.vlan = 0
    packet.inner_vlan = 0
    packet.bits = 0
    packet.flags = 0
    packet.tunnel = 0
    packet.credit_packets = 0
    packet.credit_bytes = 0
    packet.credit_ip_bytes = 0


@inline
def finish_key(packet: Any, seed: Any) -> None:
    """Put the conversation into canonical order and hash it."""
    sport = u64(packet.sport)
    dport = u64(packet.dport)
    if packet.src_hi != packet.dst_hi:
        low = packet.src_hi < packet.dst_hi
    elif packet.src_lo != packet.dst_lo:
        low = packet.src_lo < packet.dst_lo
    else:
        low = sport <= dport
    # A one-way ICMP message is a conversation of its own in each direction.
    if low or (packet.bits & PACKET_TWO_WAY == 0 and (packet.proto == 1 or packet.proto == 58)):
        packet.bits |= PACKET_SRC_IS_LOW
        rest = (sport << u64(24)) | (dport << u64(8)) | u64(packet.proto)
        packet.hash = conversation_hash(
            packet.src_lo, packet.dst_lo, packet.src_hi, packet.dst_hi, rest, seed
        )
    else:
        rest = (dport << u64(24)) | (sport << u64(8)) | u64(packet.proto)
        packet.hash = conversation_hash(
            packet.dst_lo, packet.src_lo, packet.dst_hi, packet.src_hi, rest, seed
        )


@kernel
def parse(buffer: Any, frame: Any, packet: Any) -> int:
    """Parse one frame; return OK or the reason it belongs to no flow.

    buffer : uint8 (n,)
    frame : FRAME_DTYPE record, offset + caplen <= n
    packet : PACKET_DTYPE record, overwritten. For ARP, payload_at and captured tell where the ARP
        packet lies. The key is not hashed yet: fragments may still need their ports.
    cost : O(headers), no allocation.
    """
    at = i64(frame.offset)
    end = at + i64(frame.caplen)
    wire_end = at + max(i64(frame.wirelen), i64(frame.caplen))
    _clear(packet)
    packet.ts_ns = frame.ts_ns
    packet.wirelen = frame.wirelen
    packet.interface = frame.interface
    packet.segments = frame.segments
    kind, at = read_link(buffer, at, end, i64(frame.linktype), packet)
    if kind == UNKNOWN:
        return UNKNOWN_LINK
    if frame.flags & FRAME_VLAN:
        packet.vlan = u16(buffer, i64(frame.offset) - 2) & 0xFFF
    for _ in range(MAX_DEPTH):
        kind, at = skip_tags(buffer, at, end, kind, packet)
        if kind == IP4:
            proto, at, stop = read_ipv4(buffer, at, end, wire_end, packet)
        elif kind == IP6:
            proto, at, stop = read_ipv6(buffer, at, end, wire_end, packet)
        elif kind == 0x0806:
            packet.payload_at = at
            packet.captured = end - at
            return ARP
        elif kind == BROKEN:
            return TRUNCATED_LINK
        else:
            return TOO_DEEP if kind == NESTED else NO_IP
        if proto < 0:
            return -proto
        if packet.bits & PACKET_FRAGMENT == 0 and proto in (47, 4, 41, 17):
            kind, inner, tunnel = look_inside(buffer, at, min(end, stop), proto, packet)
            if kind != NOT_IP:
                packet.tunnel = tunnel
                packet.bits = 0
                at = inner
                continue
        reason = read_transport(buffer, at, end, stop, proto, packet)
        packet.captured = max(min(end - packet.payload_at, i64(packet.payload)), 0)
        return reason
    return TOO_DEEP
