"""Tunnels: is there a packet inside this packet? See kernels/headers.py.

Only what is certain is entered: a header that fits and an inner packet whose first bytes are right.
Otherwise the carrier stays a flow of its own.
"""

from typing import Any

from appliance.kernels.bytes import byte, u16
from appliance.kernels.jit import inline, kernel
from appliance.kernels.link import (
    ETHERNET,
    IP4,
    IP6,
    MAX_DEPTH,
    NOT_IP,
    PPP,
    ip_version,
    known_inner,
)
from appliance.kernels.packet import PACKET_IPV6
from appliance.model.flow import Tunnel

_GRE, _VXLAN, _SIXINFOUR, _IPIP, _GENEVE, _TEREDO, _GTP = (
    int(Tunnel.GRE), int(Tunnel.VXLAN), int(Tunnel.SIXINFOUR), int(Tunnel.IPIP),
    int(Tunnel.GENEVE), int(Tunnel.TEREDO), int(Tunnel.GTP),
)  # fmt: skip


@inline
def _is_plain_ppp(buffer: Any, at: int, end: int) -> bool:
    """Tell whether a PPP frame carries IP; most that PPTP carries is encrypted."""
    if end - at < 4:
        return False
    if u16(buffer, at) == 0xFF03:
        at += 2
    protocol = byte(buffer, at) if byte(buffer, at) & 1 else u16(buffer, at)
    return protocol in (0x21, 0x57)


@kernel
def _read_gre(buffer: Any, at: int, end: int) -> tuple[int, int]:
    """Step over a GRE header (RFC 2784, 2890; version 1: RFC 2637); (NOT_IP, at) if it stays."""
    if end - at < 4:
        return NOT_IP, at
    flags = u16(buffer, at)
    inner = u16(buffer, at + 2)
    step = at + 4
    if flags & 7 == 1:
        step += 4
        if flags & 0x1000:
            step += 4
        if flags & 0x0080:
            step += 4
        if inner != 0x880B or end - step < 2:
            return NOT_IP, at
        inner = PPP
    else:
        if flags & 0xC000:
            step += 4
        if flags & 0x2000:
            step += 4
        if flags & 0x1000:
            step += 4
        if inner == 0x880B:
            inner = PPP
        elif inner == 0x88BE:  # ERSPAN II has 8 bytes, type I none
            step += 8 if flags & 0x1000 else 0
            inner = ETHERNET
        elif inner == 0x6558:
            inner = ETHERNET
    if inner == ETHERNET:
        return (ETHERNET, step) if known_inner(buffer, step, end) else (NOT_IP, at)
    if inner == PPP:
        return (PPP, step) if _is_plain_ppp(buffer, step, end) else (NOT_IP, at)
    if inner == 0x8847:
        return (inner, step) if end - step >= 4 else (NOT_IP, at)
    if inner in (IP4, IP6) and ip_version(buffer, step, end) == inner:
        return (inner, step) if end - step >= (40 if inner == IP6 else 20) else (NOT_IP, at)
    return NOT_IP, at


@kernel
def _read_gtp(buffer: Any, at: int, end: int) -> tuple[int, int]:
    """Step over a GTP-U header (3GPP TS 29.281) that carries a user packet."""
    flags = byte(buffer, at)
    if flags >> 4 != 3 or byte(buffer, at + 1) != 255:
        return NOT_IP, at
    step = at + 8
    if flags & 7:
        step += 4
        following = byte(buffer, step - 1) if flags & 4 else 0
        for _ in range(MAX_DEPTH):
            if following == 0 or end - step < 24:
                break
            size = byte(buffer, step) * 4
            if size == 0:
                return NOT_IP, at
            following = byte(buffer, step + size - 1) if step + size <= end else 0
            step += size
    inner = ip_version(buffer, step, end)
    return (inner, step) if inner > 0 and end - step >= 20 else (NOT_IP, at)


@kernel
def _read_teredo(buffer: Any, at: int, end: int) -> tuple[int, int]:
    """Step over Teredo's indications (RFC 4380 section 5.1.1) to its IPv6 packet."""
    step = at
    if u16(buffer, step) == 1:  # authentication: lengths of client id and value, nonce, flag
        step += 13 + byte(buffer, at + 2) + byte(buffer, at + 3)
    if end - step >= 48 and u16(buffer, step) == 0:  # origin
        step += 8
    if end - step < 40 or byte(buffer, step) >> 4 != 6:
        return NOT_IP, at
    return (IP6, step) if u16(buffer, step + 4) == end - step - 40 else (NOT_IP, at)


@kernel
def _look_inside_udp(buffer: Any, at: int, end: int) -> tuple[int, int, int]:
    """Look for a packet in a datagram of at least 36 bytes, by its well-known ports."""
    port = u16(buffer, at + 2)
    if port in (4789, 8472):
        if byte(buffer, at + 8) & 8 and known_inner(buffer, at + 16, end):
            return ETHERNET, at + 16, _VXLAN
    elif port == 6081:
        step = at + 16 + (byte(buffer, at + 8) & 63) * 4
        kind = u16(buffer, at + 10)
        if kind == 0x6558 and known_inner(buffer, step, end):
            return ETHERNET, step, _GENEVE
        if kind in (IP4, IP6) and end - step >= 20 and ip_version(buffer, step, end) == kind:
            return kind, step, _GENEVE
    elif port == 2152:
        kind, step = _read_gtp(buffer, at + 8, end)
        return kind, step, _GTP
    elif port == 3544 or u16(buffer, at) == 3544:
        kind, step = _read_teredo(buffer, at + 8, end)
        return kind, step, _TEREDO
    return NOT_IP, at, 0


@inline
def look_inside(buffer: Any, at: int, end: int, proto: int, packet: Any) -> tuple[int, int, int]:
    """Look for a packet inside this one.

    returns : (inner type, its offset, Tunnel); NOT_IP as the type if there is none
    """
    if proto == 17:
        return _look_inside_udp(buffer, at, end) if end - at >= 36 else (NOT_IP, at, 0)
    if proto == 47:
        kind, step = _read_gre(buffer, at, end)
        return kind, step, _GRE
    if proto == 4 and end - at >= 20 and byte(buffer, at) >> 4 == 4:
        return IP4, at, _IPIP
    if proto == 41 and end - at >= 40 and byte(buffer, at) >> 4 == 6:
        return IP6, at, (_IPIP if packet.bits & PACKET_IPV6 else _SIXINFOUR)
    return NOT_IP, at, 0
