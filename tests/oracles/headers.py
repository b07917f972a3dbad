"""What one frame says, read with struct and recursion. Oracle of appliance/kernels/headers.py.

Sources: RFC 791, 8200, 4302 (IP), 9293, 768, 9260, 792, 4443 (transport), 2784, 2890, 2637 (GRE),
7348 (VXLAN), 8926 (Geneve), 4380 (Teredo), 3GPP TS 29.281 (GTP-U), 3032, 4448 (MPLS), 2516, 1661
(PPPoE, PPP), IEEE 802.1Q, and the registered link types of pcap.
"""

import ipaddress
import struct
from dataclasses import dataclass, field

from tests.oracles.numbers import (
    ARP,
    ETHERNET,
    EXTENSIONS,
    FAMILIES,
    IPV4,
    IPV6,
    MAX_EXTENSIONS,
    MAX_HEADERS,
    MAX_LEVELS,
    MPLS,
    PPP,
    PPP_TYPES,
    PPPOE,
    TUNNELS,
    VLAN_TYPES,
)
from tests.oracles.tunnels import is_ethernet, tunnel_inside

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NOBODY = ipaddress.IPv4Address(0)

ICMP_PAIRS = [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)]  # asked, answered
ICMPV6_PAIRS = [(128, 129), (130, 131), (133, 134), (135, 136), (139, 140)]


class Reject(Exception):  # noqa: N818 - not an error, an answer
    """Why a frame becomes part of no flow; the name in REJECTS."""


@dataclass
class Parsed:
    """What PACKET_DTYPE holds, in the terms of the RFCs."""

    src: IPAddress = _NOBODY
    dst: IPAddress = _NOBODY
    proto: int = 0
    sport: int = 0
    dport: int = 0
    flags: int = 0
    seq: int = 0
    ack: int = 0
    window: int = 0
    has_seq: bool = False
    ttl: int = 0
    ip_bytes: int = 0
    payload: int = 0
    payload_at: int = 0  # from the start of the frame
    captured: int = 0
    src_mac: int = 0
    dst_mac: int = 0
    vlans: list[int] = field(default_factory=list)
    tunnel: int = 0
    fragment: tuple[int, int] | None = None  # identification, offset in bytes
    reply: bool = False
    two_way: bool = False

    @property
    def later_fragment(self) -> bool:
        """Tell whether the transport header is in another frame."""
        return self.fragment is not None and self.fragment[1] > 0


class Frame:
    """The captured bytes, of which only what was asked for with `need` may be looked at."""

    def __init__(self, data: bytes, wirelen: int) -> None:
        self.data = data
        self.wire_end = max(wirelen, len(data))

    def left(self, at: int) -> int:
        return len(self.data) - at

    def need(self, at: int, size: int, otherwise: str) -> None:
        if self.left(at) < size:
            raise Reject(otherwise)

    def word(self, at: int, form: str) -> int:
        (value,) = struct.unpack_from("!" + form, self.data, at)
        return int(value)


def parse_frame(data: bytes, linktype: int, wirelen: int, tag: int | None = None) -> Parsed:
    """Read a frame; raises Reject. tag : TCI that the kernel took out of the frame, if it did."""
    frame, found = Frame(data, wirelen), Parsed()
    kind, at = _link(frame, linktype, found)
    if tag is not None:
        found.vlans.append(tag & 0xFFF)
    _inside(frame, kind, at, found, 1)
    return found


def _link(frame: Frame, linktype: int, found: Parsed) -> tuple[int, int]:
    match linktype:
        case 1:
            return ETHERNET, 0
        case 12 | 14 | 101 | 228 | 229:
            frame.need(0, 1, "truncated_link")
            return _by_version(frame, 0) or _reject("no_ip"), 0
        case 0 | 108:
            frame.need(0, 4, "truncated_link")
            families = {int.from_bytes(frame.data[:4], order) for order in ("little", "big")}
            known = [FAMILIES[f] for f in families if f in FAMILIES]
            return known[0] if known else _reject("no_ip"), 4
        case 113:
            frame.need(0, 16, "truncated_link")
            if frame.word(4, "H") == 6:
                found.src_mac = int.from_bytes(frame.data[6:12], "big")
            return frame.word(14, "H"), 16
        case 276:
            frame.need(0, 20, "truncated_link")
            if frame.word(11, "B") == 6:
                found.src_mac = int.from_bytes(frame.data[12:18], "big")
            return frame.word(0, "H"), 20
        case 9 | 50:
            frame.need(0, 2, "truncated_link")
            return PPP, 0
        case 51:
            return PPPOE, 0
        case 104:
            frame.need(0, 4, "truncated_link")
            return frame.word(2, "H"), 4
    raise Reject("unknown_link")


def _reject(reason: str) -> int:
    raise Reject(reason)


def _by_version(frame: Frame, at: int) -> int:
    return {4: IPV4, 6: IPV6}.get(frame.word(at, "B") >> 4, 0) if frame.left(at) > 0 else 0


def _inside(frame: Frame, kind: int, at: int, found: Parsed, level: int) -> None:
    """Read everything from a header of some kind on."""
    for _ in range(MAX_HEADERS):
        if kind == ARP:
            found.payload_at, found.captured = at, frame.left(at)
            raise Reject("arp")
        if kind in {IPV4, IPV6}:
            read = _ipv4 if kind == IPV4 else _ipv6
            proto, at, stop = read(frame, at, found)
            _above_ip(frame, (proto, at, stop), found, level)
            return
        kind, at = _tag(frame, kind, at, found)
    raise Reject("too_deep")


def _tag(frame: Frame, kind: int, at: int, found: Parsed) -> tuple[int, int]:
    if kind == ETHERNET:
        return _ethernet(frame, at, found)
    if kind in VLAN_TYPES:
        frame.need(at, 4, "truncated_link")
        found.vlans.append(frame.word(at, "H") & 0xFFF)
        return frame.word(at + 2, "H"), at + 4
    if kind in {MPLS, 0x8848}:
        return _mpls(frame, at)
    if kind == PPPOE:
        frame.need(at, 8, "truncated_link")
        return PPP_TYPES.get(frame.word(at + 6, "H"), 0), at + 8
    if kind == PPP:
        frame.need(at, 4, "truncated_link")
        return _ppp(frame, at)
    raise Reject("no_ip")


def _ethernet(frame: Frame, at: int, found: Parsed) -> tuple[int, int]:
    frame.need(at, 14, "truncated_link")
    found.dst_mac = int.from_bytes(frame.data[at : at + 6], "big")
    found.src_mac = int.from_bytes(frame.data[at + 6 : at + 12], "big")
    kind, at = frame.word(at + 12, "H"), at + 14
    if kind >= 0x600:
        return kind, at
    frame.need(at, 3, "truncated_link")
    frame.need(at, 8, "no_ip")
    if frame.data[at : at + 6].hex() == "aaaa03000000":  # SNAP, RFC 1042
        return frame.word(at + 6, "H"), at + 8
    raise Reject("no_ip")


def _mpls(frame: Frame, at: int) -> tuple[int, int]:
    bottom = False
    while not bottom:
        frame.need(at, 5, "truncated_link")
        bottom = frame.word(at + 2, "B") & 1 == 1
        at += 4
    if kind := _by_version(frame, at):
        return kind, at
    if frame.word(at, "B") >> 4 == 0 and is_ethernet(frame.data, at + 4, len(frame.data)):
        return ETHERNET, at + 4  # behind a control word
    if is_ethernet(frame.data, at, len(frame.data)):
        return ETHERNET, at
    raise Reject("no_ip")


def _ppp(frame: Frame, at: int) -> tuple[int, int]:
    if frame.data[at : at + 2] == b"\xff\x03":
        at += 2
    if frame.word(at, "B") & 1:  # RFC 1661 section 6.5
        return PPP_TYPES.get(frame.word(at, "B"), 0), at + 1
    return PPP_TYPES.get(frame.word(at, "H"), 0), at + 2


def _ipv4(frame: Frame, at: int, found: Parsed) -> tuple[int, int, int]:
    frame.need(at, 20, "truncated_ip")
    first, _, total, ident, offset, ttl, proto, _ = struct.unpack_from("!BBHHHBBH", frame.data, at)
    size = (first & 15) * 4
    if first >> 4 != 4 or size < 20:
        raise Reject("bad_ip_header")
    # Segmentation offload leaves 0; what claims more than there is ends with the frame.
    stop = at + total if 0 < total <= frame.wire_end - at else frame.wire_end
    if stop - at < size:
        raise Reject("bad_ip_header")
    frame.need(at, size, "truncated_ip")
    found.src = ipaddress.IPv4Address(frame.data[at + 12 : at + 16])
    found.dst = ipaddress.IPv4Address(frame.data[at + 16 : at + 20])
    found.ttl, found.ip_bytes = ttl, stop - at
    found.fragment = (ident, (offset & 0x1FFF) * 8) if offset & 0x3FFF else None
    return proto, at + size, stop


def _ipv6(frame: Frame, at: int, found: Parsed) -> tuple[int, int, int]:
    frame.need(at, 40, "truncated_ip")
    if frame.word(at, "B") >> 4 != 6:
        raise Reject("bad_ip_header")
    length, following, hops = struct.unpack_from("!HBB", frame.data, at + 4)
    stop = at + 40 + length if 0 < length <= frame.wire_end - at - 40 else frame.wire_end
    found.src = ipaddress.IPv6Address(frame.data[at + 8 : at + 24])
    found.dst = ipaddress.IPv6Address(frame.data[at + 24 : at + 40])
    found.ttl, found.ip_bytes, found.fragment = hops, stop - at, None
    at += 40
    for _ in range(MAX_EXTENSIONS):
        size = 8
        if following in EXTENSIONS or following == 51:
            frame.need(at, 2, "truncated_ip")
            words = frame.word(at + 1, "B")
            size = (words + 2) * 4 if following == 51 else (words + 1) * 8
        elif following == 44:
            frame.need(at, 8, "truncated_ip")
            offset, ident = struct.unpack_from("!HI", frame.data, at + 2)
            if offset & 0xFFF9:  # an atomic fragment (RFC 6946) is none
                found.fragment = (ident, offset & 0xFFF8)
        else:
            return following, at, stop
        if at + size > stop:
            raise Reject("bad_ip_header")
        if following in {43, 60} and frame.left(at) >= size:
            _readdress(frame.data[at : at + size], following, found)
        following, at = frame.word(at, "B"), at + size
        if found.later_fragment:
            return following, at, stop
    raise Reject("too_deep")


def _readdress(header: bytes, kind: int, found: Parsed) -> None:
    """Take the true ends from a routing header or a Home Address (RFC 2460 4.4, RFC 6275 6.3)."""
    if kind == 43:
        routing, left = header[2:4]
        if routing in {0, 2} and left and len(header) >= 24:
            found.dst = ipaddress.IPv6Address(header[-16:])
        return
    at = 2
    while at + 2 <= len(header):
        option, size = header[at], header[at + 1]
        if option == 0xC9 and size == 16 and at + 18 <= len(header):
            found.src = ipaddress.IPv6Address(header[at + 2 : at + 18])
            return
        at += 1 if option == 0 else 2 + size


def _above_ip(frame: Frame, what: tuple[int, int, int], found: Parsed, level: int) -> None:
    proto, at, stop = what
    if found.fragment is None:
        inner = tunnel_inside(frame.data, at, min(stop, len(frame.data)), proto, found.src.version)
        if inner is not None:
            if level == MAX_LEVELS:
                raise Reject("too_deep")
            found.tunnel, kind, at = TUNNELS[inner[0]], inner[1], inner[2]
            _inside(frame, kind, at, found, level + 1)
            return
    _transport(frame, what, found)
    found.captured = max(min(frame.left(found.payload_at), found.payload), 0)


def _transport(frame: Frame, what: tuple[int, int, int], found: Parsed) -> None:
    proto, at, stop = what
    found.proto, found.payload_at, found.payload = proto, at, max(stop - at, 0)
    if found.later_fragment:
        return
    six = found.src.version == 6
    if proto == 6:
        _tcp(frame, at, stop, found)
    elif proto in {17, 136, 33, 132}:
        size = 12 if proto == 132 else 8
        _ports(frame, (at, stop, size), found)
        if proto == 17 and found.fragment is None and frame.left(at) >= 6:
            length = frame.word(at + 4, "H")
            if 8 <= length < stop - at:
                found.payload = length - 8
    elif (proto, six) in {(1, False), (58, True)}:
        _icmp(frame, at, stop, found)


def _ports(frame: Frame, where: tuple[int, int, int], found: Parsed) -> None:
    at, stop, size = where
    if stop - at < size:
        raise Reject("bad_transport")
    frame.need(at, 4, "truncated_transport")
    found.sport, found.dport = frame.word(at, "H"), frame.word(at + 2, "H")
    found.payload_at, found.payload = at + size, stop - at - size


def _tcp(frame: Frame, at: int, stop: int, found: Parsed) -> None:
    if found.fragment and 4 <= stop - at < 20:
        _ports(frame, (at, stop, 4), found)
        found.payload_at, found.payload = stop, 0
        return  # a first fragment that holds the ports and little else
    _ports(frame, (at, stop, 20), found)
    if frame.left(at) < 14:
        return  # cut by the snap length behind the ports: still a packet of its flow
    found.seq, found.ack, offset, found.flags = struct.unpack_from("!IIBB", frame.data, at + 4)
    size = (offset >> 4) * 4
    if found.fragment and size >= 20 and at + size > stop:
        size = stop - at  # options that go on in the next fragment
    if size < 20 or at + size > stop:
        raise Reject("bad_transport")
    found.window = frame.word(at + 14, "H") if frame.left(at) >= 16 else 0xFFFF
    found.has_seq = True
    found.payload_at, found.payload = at + size, stop - at - size


def _icmp(frame: Frame, at: int, stop: int, found: Parsed) -> None:
    if stop - at < 4:
        raise Reject("bad_transport")
    frame.need(at, 2, "truncated_transport")
    kind, code = frame.data[at], frame.data[at + 1]
    pairs = ICMPV6_PAIRS if found.src.version == 6 else ICMP_PAIRS
    counter = dict(pairs) | {b: a for a, b in pairs}
    found.sport, found.dport = kind, counter.get(kind, code)
    found.two_way, found.reply = kind in counter, kind in {b for _, b in pairs}
    found.payload_at, found.payload = at + 8, max(stop - at - 8, 0)
