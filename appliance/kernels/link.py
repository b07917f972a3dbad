"""Link headers and tags: down to the first IP header. See kernels/headers.py."""

from typing import Any

from appliance.kernels.bytes import byte, load_u32le, u16, u32
from appliance.kernels.jit import i64, inline, kernel, u64

MAX_DEPTH = 8  # headers between the link and the innermost IP; more is an attack or a loop

# What comes next: an ethertype, or one of these.
IP4 = 0x0800
IP6 = 0x86DD
ETHERNET = -1
NOT_IP = -2
BROKEN = -3  # the header is cut
PPP = -4
NESTED = -5  # too many headers inside each other
UNKNOWN = -6  # a link type nobody taught us

_NULL_IP6 = (10, 24, 28, 30)  # AF_INET6 of Linux, NetBSD, FreeBSD, Darwin


@inline
def mac(buffer: Any, at: int) -> Any:
    """Load six bytes as uint64."""
    return u64((u32(buffer, at) << 16) | u16(buffer, at + 4))


@inline
def _null_family(buffer: Any, at: int) -> int:
    """Return the ethertype behind a BSD loopback header, whatever the byte order of its writer."""
    family = i64(load_u32le(buffer, at))
    if family > 0xFFFF:
        family = u32(buffer, at)
    if family == 2:
        return IP4
    if family in _NULL_IP6:
        return IP6
    return NOT_IP


@inline
def _ppp(protocol: int) -> int:
    """Return the ethertype of a PPP protocol number."""
    if protocol == 0x0021:
        return IP4
    if protocol == 0x0057:
        return IP6
    if protocol in (0x0281, 0x0283):
        return 0x8847
    return NOT_IP


@inline
def ip_version(buffer: Any, at: int, end: int) -> int:
    """Guess IPv4 or IPv6 from the version nibble."""
    if at >= end:
        return BROKEN
    version = byte(buffer, at) >> 4
    if version == 4:
        return IP4
    if version == 6:
        return IP6
    return NOT_IP


@kernel
def read_link(buffer: Any, at: int, end: int, linktype: int, packet: Any) -> tuple[int, int]:
    """Step over the link header; return (ethertype or pseudo type, offset behind it)."""
    size = end - at
    if linktype == 1:
        return ETHERNET, at
    if linktype in (12, 14, 101, 228, 229):
        return ip_version(buffer, at, end), at
    if linktype in (0, 108):
        if size < 4:
            return BROKEN, at
        return _null_family(buffer, at), at + 4
    if linktype == 113:  # cooked v1
        if size < 16:
            return BROKEN, at
        if u16(buffer, at + 4) == 6:
            packet.src_mac = mac(buffer, at + 6)
        return u16(buffer, at + 14), at + 16
    if linktype == 276:  # cooked v2
        if size < 20:
            return BROKEN, at
        if byte(buffer, at + 11) == 6:
            packet.src_mac = mac(buffer, at + 12)
        return u16(buffer, at), at + 20
    if linktype in (9, 50):
        if size < 2:
            return BROKEN, at
        return PPP, at
    if linktype == 51:
        return 0x8864, at
    if linktype == 104:  # Cisco HDLC
        if size < 4:
            return BROKEN, at
        return u16(buffer, at + 2), at + 4
    return UNKNOWN, at


@inline
def known_inner(buffer: Any, at: int, end: int) -> bool:
    """Tell whether an Ethernet frame with IP, ARP or a tag lies here whole enough to go on."""
    if end - at < 34:
        return False
    inner = u16(buffer, at + 12)
    if inner == IP4:
        return byte(buffer, at + 14) >> 4 == 4
    if inner == IP6:
        return byte(buffer, at + 14) >> 4 == 6
    return inner in (0x0806, 0x8100, 0x88A8)


@kernel
def skip_tags(buffer: Any, at: int, end: int, kind: int, packet: Any) -> tuple[int, int]:
    """Step over VLAN, MPLS, PPPoE, PPP and LLC/SNAP until IP or something else stands there."""
    for _ in range(MAX_DEPTH):
        if kind in (IP4, IP6, 0x0806):
            return kind, at
        if kind == ETHERNET:
            if end - at < 14:
                return BROKEN, at
            packet.dst_mac = mac(buffer, at)
            packet.src_mac = mac(buffer, at + 6)
            kind = u16(buffer, at + 12)
            at += 14
            if kind < 0x600:  # 802.3 length: LLC, perhaps SNAP
                if end - at < 8:
                    return (NOT_IP if end - at >= 3 else BROKEN), at
                if u16(buffer, at) == 0xAAAA and u32(buffer, at + 2) == 0x03000000:
                    kind = u16(buffer, at + 6)
                    at += 8
                else:
                    return NOT_IP, at
        elif kind in (0x8100, 0x88A8, 0x9100, 0x9200):
            if end - at < 4:
                return BROKEN, at
            tag = u16(buffer, at) & 0xFFF
            if packet.vlan == 0:
                packet.vlan = tag
            elif packet.inner_vlan == 0:
                packet.inner_vlan = tag
            kind = u16(buffer, at + 2)
            at += 4
        elif kind == 0x893F:  # E-TAG (IEEE 802.1BR)
            if end - at < 8:
                return BROKEN, at
            kind = u16(buffer, at + 6)
            at += 8
        elif kind in (0x8847, 0x8848):
            bottom = False
            while not bottom:
                if end - at < 5:
                    return BROKEN, at
                bottom = byte(buffer, at + 2) & 1 == 1
                at += 4
            kind = ip_version(buffer, at, end)
            if kind == NOT_IP:  # a pseudo-wire: control word, then Ethernet (RFC 4448)
                if byte(buffer, at) >> 4 == 0 and known_inner(buffer, at + 4, end):
                    kind = ETHERNET
                    at += 4
                elif known_inner(buffer, at, end):
                    kind = ETHERNET
                else:
                    return NOT_IP, at
        elif kind == 0x8864:
            if end - at < 8:
                return BROKEN, at
            kind = _ppp(u16(buffer, at + 6))
            at += 8
        elif kind == PPP:
            if end - at < 4:
                return BROKEN, at
            if u16(buffer, at) == 0xFF03:
                at += 2
            if byte(buffer, at) & 1:  # compressed protocol field
                kind = _ppp(byte(buffer, at))
                at += 1
            else:
                kind = _ppp(u16(buffer, at))
                at += 2
        else:
            return (kind if kind < 0 else NOT_IP), at
    return NESTED, at
