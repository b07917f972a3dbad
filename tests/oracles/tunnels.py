"""Is there a packet inside this packet? Oracle of appliance/kernels/tunnels.py; see headers.py."""

import struct

from tests.oracles.numbers import ARP, ETHERNET, IPV4, IPV6, MAX_HEADERS, MPLS, PPP, PPP_TYPES


def tunnel_inside(
    data: bytes, at: int, end: int, proto: int, version: int
) -> tuple[str, int, int] | None:
    """Return (name, kind of the inner header, where it is) if that is beyond doubt."""
    if proto == 4 and _is_ip(data, at, end) == IPV4:
        return "ipip", IPV4, at
    if proto == 41 and _is_ip(data, at, end) == IPV6:
        return ("6in4" if version == 4 else "ipip"), IPV6, at
    inner = None
    name = ""
    if proto == 47 and end - at >= 4:
        name, inner = "gre", _gre(data, at, end)
    elif proto == 17 and end - at >= 16:
        name, inner = _udp_tunnel(data, at, end)
    return (name, *inner) if inner else None


def _is_ip(data: bytes, at: int, end: int) -> int:
    """Return IPV4 or IPV6 if such a header lies here whole, else 0."""
    if end - at >= 20 and data[at] >> 4 == 4:
        return IPV4
    return IPV6 if end - at >= 40 and data[at] >> 4 == 6 else 0


def _gre(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    flags, kind = struct.unpack_from("!HH", data, at)
    checksum, routing, key, sequence = (flags >> bit & 1 for bit in (15, 14, 13, 12))
    at += 4
    if flags & 7 == 1:
        at += 4 + 4 * sequence + 4 * (flags >> 7 & 1)
        return (PPP, at) if kind == 0x880B and _is_plain_ppp(data, at, end) else None
    at += 4 * (checksum | routing) + 4 * key + 4 * sequence
    if kind == 0x880B:
        return (PPP, at) if _is_plain_ppp(data, at, end) else None
    if kind == 0x88BE:  # ERSPAN: type II has a header of its own, type I no sequence number
        at += 8 * sequence
    if kind in {0x88BE, 0x6558}:
        return (ETHERNET, at) if is_ethernet(data, at, end) else None
    if kind == MPLS:
        return (MPLS, at) if end - at >= 4 else None
    if kind in {IPV4, IPV6} and _is_ip(data, at, end) == kind:
        return kind, at
    return None


def _is_plain_ppp(data: bytes, at: int, end: int) -> bool:
    """Tell whether PPP with IP or MPLS lies here: not control, compressed or encrypted."""
    if end - at < 4:
        return False
    if data[at : at + 2] == b"\xff\x03":
        at += 2
    number = data[at] if data[at] & 1 else int.from_bytes(data[at : at + 2], "big")
    return number in PPP_TYPES


def _udp_tunnel(data: bytes, at: int, end: int) -> tuple[str, tuple[int, int] | None]:
    sport, dport = struct.unpack_from("!HH", data, at)
    body = at + 8
    if dport in {4789, 8472}:
        good = data[body] & 8 and is_ethernet(data, body + 8, end)
        return "vxlan", (ETHERNET, body + 8) if good else None
    if dport == 6081:
        start = body + 8 + (data[body] & 63) * 4
        ethernet = data[body + 2 : body + 4] == b"\x65\x58" and is_ethernet(data, start, end)
        return "geneve", (ETHERNET, start) if ethernet else None
    if dport == 2152:
        return "gtp", _gtp(data, body, end)
    if 3544 in {sport, dport}:
        return "teredo", _teredo(data, body, end)
    return "", None


def _gtp(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    flags, kind = data[at], data[at + 1]
    if flags >> 4 != 3 or kind != 255:  # version 1, GTP, G-PDU
        return None
    at += 8
    if flags & 7:
        if end - at < 4:
            return None
        following, at = (data[at + 3] if flags & 4 else 0), at + 4
        for _ in range(MAX_HEADERS):
            if not following:
                break
            if at >= end or data[at] == 0 or at + 4 * data[at] > end:
                return None
            at += 4 * data[at]
            following = data[at - 1]
    inner = _is_ip(data, at, end)
    return (inner, at) if inner else None


def _teredo(data: bytes, at: int, end: int) -> tuple[int, int] | None:
    if data[at : at + 2] == b"\x00\x01":  # authentication
        at += 13 + data[at + 2] + data[at + 3]
    if data[at : at + 2] == b"\x00\x00":  # origin
        at += 8
    if _is_ip(data, at, end) != IPV6:
        return None
    return (IPV6, at) if struct.unpack_from("!H", data, at + 4)[0] == end - at - 40 else None


def is_ethernet(data: bytes, at: int, end: int) -> bool:
    """Tell whether Ethernet with something we know and room for an IP header lies here."""
    if end - at < 34:
        return False
    kind, version = struct.unpack_from("!HB", data, at + 12)
    wanted = {IPV4: 4, IPV6: 6}.get(kind)
    return version >> 4 == wanted if wanted else kind in {ARP, 0x8100, 0x88A8}
