"""Transport headers: ports, TCP fields, payload. See kernels/headers.py."""

from typing import Any

from appliance.kernels.bytes import byte, u16, u32
from appliance.kernels.jit import inline, kernel
from appliance.kernels.packet import (
    BAD_TRANSPORT,
    OK,
    PACKET_FRAGMENT,
    PACKET_HAS_SEQ,
    PACKET_IPV6,
    PACKET_REPLY,
    PACKET_TWO_WAY,
    TRUNCATED_TRANSPORT,
)


@inline
def _counter_type(kind: int, six: bool) -> int:
    """Return the type that answers (or asked for) an ICMP type; -1 for one-way messages."""
    if six:
        if kind in (128, 129):
            return 257 - kind
        if kind in (133, 135, 139):
            return kind + 1
        if kind in (134, 136, 140):
            return kind - 1
        if kind == 130:
            return 131
        if kind == 131:
            return 130
        return -1
    if kind == 8:
        return 0
    if kind == 0:
        return 8
    if kind in (13, 15, 17):
        return kind + 1
    if kind in (14, 16, 18):
        return kind - 1
    if kind == 10:
        return 9
    if kind == 9:
        return 10
    return -1


@inline
def _is_reply(kind: int, six: bool) -> bool:
    if six:
        return kind in (129, 131, 134, 136, 140)
    return kind in (0, 9, 14, 16, 18)


@kernel
def _tcp(buffer: Any, at: int, end: int, stop: int, packet: Any) -> int:
    tiny = packet.bits & PACKET_FRAGMENT != 0  # a first fragment may hold the ports and little else
    if stop - at < (4 if tiny else 20):
        return BAD_TRANSPORT
    if end - at < 4:
        return TRUNCATED_TRANSPORT
    packet.sport = u16(buffer, at)
    packet.dport = u16(buffer, at + 2)
    header = 20
    if stop - at < 20:
        packet.payload_at = stop
        packet.payload = 0
        return OK
    if end - at >= 14:
        header = (byte(buffer, at + 12) >> 4) * 4
        if header < 20 or (at + header > stop and not tiny):
            return BAD_TRANSPORT
        packet.seq = u32(buffer, at + 4)
        packet.ack = u32(buffer, at + 8)
        packet.flags = byte(buffer, at + 13)
        packet.window = u16(buffer, at + 14) if end - at >= 16 else 0xFFFF
        packet.bits |= PACKET_HAS_SEQ
    packet.payload_at = at + header
    packet.payload = max(stop - at - header, 0)
    return OK


@kernel
def read_transport(buffer: Any, at: int, end: int, stop: int, proto: int, packet: Any) -> int:
    """Read ports and payload of the innermost packet; OK or a reason."""
    packet.proto = proto
    packet.payload_at = at
    packet.payload = max(stop - at, 0)
    if packet.bits & PACKET_FRAGMENT and packet.credit_ip_bytes > 0:
        return OK  # a later fragment: the cache knows the ports
    six = packet.bits & PACKET_IPV6 != 0
    if proto == 6:
        return _tcp(buffer, at, end, stop, packet)
    if proto in (17, 136, 33):
        if stop - at < 8:
            return BAD_TRANSPORT
        if end - at < 4:
            return TRUNCATED_TRANSPORT
        packet.sport = u16(buffer, at)
        packet.dport = u16(buffer, at + 2)
        packet.payload_at = at + 8
        packet.payload = stop - at - 8
        if proto == 17 and end - at >= 6 and packet.bits & PACKET_FRAGMENT == 0:
            length = u16(buffer, at + 4)
            if 8 <= length < stop - at:
                packet.payload = length - 8
        return OK
    if (proto == 1 and not six) or (proto == 58 and six):
        if stop - at < 4:
            return BAD_TRANSPORT
        if end - at < 2:
            return TRUNCATED_TRANSPORT
        kind = byte(buffer, at)
        counter = _counter_type(kind, six)
        packet.sport = kind
        if counter >= 0:
            packet.dport = counter
            packet.bits |= PACKET_TWO_WAY
            if _is_reply(kind, six):
                packet.bits |= PACKET_REPLY
        else:
            packet.dport = byte(buffer, at + 1)
        packet.payload_at = at + 8
        packet.payload = max(stop - at - 8, 0)
        return OK
    if proto == 132:
        if stop - at < 12:
            return BAD_TRANSPORT
        if end - at < 4:
            return TRUNCATED_TRANSPORT
        packet.sport = u16(buffer, at)
        packet.dport = u16(buffer, at + 2)
        packet.payload_at = at + 12
        packet.payload = stop - at - 12
    return OK
