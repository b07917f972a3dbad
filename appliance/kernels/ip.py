"""IPv4 and IPv6 headers. See kernels/headers.py."""

from typing import Any

from appliance.kernels.bytes import byte, load_u64be, u16, u32
from appliance.kernels.jit import kernel, u64
from appliance.kernels.packet import (
    BAD_IP_HEADER,
    PACKET_FRAGMENT,
    PACKET_IPV6,
    TOO_DEEP,
    TRUNCATED_IP,
)

MAX_EXTENSIONS = 8  # IPv6 extension headers of one packet

_MAPPED = u64(0xFFFF << 32)


@kernel
def read_ipv4(buffer: Any, at: int, end: int, wire_end: int, packet: Any) -> tuple[int, int, int]:
    """Read an IPv4 header; return (protocol or -reason, transport offset, end of the datagram)."""
    if end - at < 20:
        return -TRUNCATED_IP, at, at
    first = byte(buffer, at)
    header = (first & 15) * 4
    if first >> 4 != 4 or header < 20:
        return -BAD_IP_HEADER, at, at
    total = u16(buffer, at + 2)
    if total == 0 or at + total > wire_end:  # TSO leaves 0; a cut frame holds less than it says
        total = wire_end - at
    if total < header:
        return -BAD_IP_HEADER, at, at
    if end - at < header:
        return -TRUNCATED_IP, at, at
    packet.src_hi = u64(0)
    packet.dst_hi = u64(0)
    packet.src_lo = _MAPPED | u64(u32(buffer, at + 12))
    packet.dst_lo = _MAPPED | u64(u32(buffer, at + 16))
    packet.ttl = byte(buffer, at + 8)
    packet.ip_bytes = total
    fragment = u16(buffer, at + 6)
    if fragment & 0x3FFF:
        packet.bits |= PACKET_FRAGMENT
        packet.credit_bytes = u16(buffer, at + 4)
        packet.credit_ip_bytes = (fragment & 0x1FFF) * 8
    return byte(buffer, at + 9), at + header, at + total


@kernel
def _readdress(buffer: Any, at: int, step: int, kind: int, packet: Any) -> None:
    """Take the ends of the conversation from headers that hold them in another place.

    A routing header with segments left names the final destination (RFC 2460 4.4, RFC 6275 6.4), a
    Home Address option the source that the transport knows (RFC 6275 6.3).
    """
    if kind == 43:
        if byte(buffer, at + 2) in (0, 2) and byte(buffer, at + 3) > 0 and step >= 24:
            packet.dst_hi = load_u64be(buffer, at + step - 16)
            packet.dst_lo = load_u64be(buffer, at + step - 8)
        return
    option = at + 2
    for _ in range(MAX_EXTENSIONS):
        if option + 2 > at + step:
            return
        if byte(buffer, option) == 0:  # Pad1
            option += 1
            continue
        size = byte(buffer, option + 1)
        if byte(buffer, option) == 0xC9 and size == 16 and option + 18 <= at + step:
            packet.src_hi = load_u64be(buffer, option + 2)
            packet.src_lo = load_u64be(buffer, option + 10)
            return
        option += 2 + size


@kernel
def read_ipv6(buffer: Any, at: int, end: int, wire_end: int, packet: Any) -> tuple[int, int, int]:
    """Read an IPv6 header and its extensions (RFC 8200); returns as `_ipv4`."""
    if end - at < 40:
        return -TRUNCATED_IP, at, at
    if byte(buffer, at) >> 4 != 6:
        return -BAD_IP_HEADER, at, at
    length = u16(buffer, at + 4)
    stop = at + 40 + length
    if length == 0 or stop > wire_end:
        stop = wire_end
    packet.src_hi = load_u64be(buffer, at + 8)
    packet.src_lo = load_u64be(buffer, at + 16)
    packet.dst_hi = load_u64be(buffer, at + 24)
    packet.dst_lo = load_u64be(buffer, at + 32)
    packet.ttl = byte(buffer, at + 7)
    packet.ip_bytes = stop - at
    packet.bits |= PACKET_IPV6
    following = byte(buffer, at + 6)
    at += 40
    for _ in range(MAX_EXTENSIONS):
        if following in (0, 43, 60, 135, 139, 140):
            if end - at < 2:
                return -TRUNCATED_IP, at, at
            step = (byte(buffer, at + 1) + 1) * 8
        elif following == 51:
            if end - at < 2:
                return -TRUNCATED_IP, at, at
            step = (byte(buffer, at + 1) + 2) * 4
        elif following == 44:
            if end - at < 8:
                return -TRUNCATED_IP, at, at
            offset = u16(buffer, at + 2)
            if offset & 0xFFF9:
                packet.bits |= PACKET_FRAGMENT
                packet.credit_bytes = u32(buffer, at + 4)
                packet.credit_ip_bytes = offset & 0xFFF8
            step = 8
        else:
            return following, at, stop
        if at + step > stop:
            return -BAD_IP_HEADER, at, at
        if following in (43, 60) and at + step <= end:
            _readdress(buffer, at, step, following, packet)
        following = byte(buffer, at)
        at += step
        if packet.bits & PACKET_FRAGMENT and packet.credit_ip_bytes > 0:
            return following, at, stop  # what follows is the middle of something
    return -TOO_DEEP, at, at
