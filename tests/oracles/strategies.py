"""Hypothesis strategies for whole frames: any transport in any IP in any tunnel on any link."""

from typing import Any

from hypothesis import strategies as st

from tests.oracles import frames as f

V4_HOSTS = ("10.0.0.1", "10.0.0.2", "192.0.2.7")
V6_HOSTS = ("2001:db8::1", "2001:db8::2", "fd00::7")
PORTS = (53, 80, 40_000, 50_001)
IDENTS = (1, 2)
# Protocol numbers; negative: with an address in it that counts more than the packet's own.
EXTENSIONS = (0, 43, 60, 135, 139, 140, 51, 44, -43, -60)

bodies = st.integers(0, 40).map(bytes)
ports = st.tuples(st.sampled_from(PORTS), st.sampled_from(PORTS))
booleans = st.booleans()


def ends(hosts: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(st.sampled_from(hosts), st.sampled_from(hosts))


@st.composite
def transports(draw: st.DrawFn, six: bool) -> tuple[int, bytes]:
    """Return (protocol, header and payload)."""
    kind = draw(st.sampled_from(["tcp", "udp", "icmp", "sctp", "other"]))
    body = draw(bodies)
    match kind:
        case "tcp":
            options = bytes(4 * draw(st.integers(0, 3)))
            numbers = (draw(st.integers(0, 255)), draw(st.integers(0, 5)), draw(st.integers(0, 5)))
            window = draw(st.sampled_from([0, 1_000]))
            return 6, f.tcp(draw(ports), *numbers, body, window=window, options=options)
        case "udp":
            claimed = draw(st.sampled_from([None, None, 0, 7, 8, 12, 9_999]))
            return draw(st.sampled_from([17, 17, 136, 33])), f.udp(draw(ports), body, claimed)
        case "icmp":
            kinds = (*range(128, 146), 1) if six else (*range(19), 30)
            return 58 if six else 1, f.icmp(draw(st.sampled_from(kinds)), draw(st.integers(0, 4)))
        case "sctp":
            return 132, f.sctp(draw(ports), body)
    return draw(st.sampled_from([1, 58, 2, 4, 41, 47, 50, 51, 59, 89, 103, 255])), body


@st.composite
def fragments(draw: st.DrawFn) -> dict[str, Any]:
    """Return what makes an IPv4 packet a fragment, mostly nothing."""
    if draw(st.integers(0, 4)):
        return {}
    offset, more = draw(st.sampled_from([0, 8, 16])), draw(booleans)
    return {"ident": draw(st.sampled_from(IDENTS)), "offset": offset, "more": more}


@st.composite
def packets4(draw: st.DrawFn, depth: int) -> bytes:
    proto, body = draw(carried(depth, six=False))
    options = bytes(4 * draw(st.sampled_from([0, 0, 0, 1, 10])))
    claims = draw(st.sampled_from([None, None, None, None, 0, 19, 20, 40, 2_000]))
    more = draw(fragments())
    return f.ipv4(draw(ends(V4_HOSTS)), proto, body, options=options, total=claims, **more)


@st.composite
def extensions(draw: st.DrawFn, kind: int, following: int, body: bytes) -> bytes:
    """Return a body with an extension header before it."""
    match kind:
        case 44:
            ident, offset = draw(st.sampled_from(IDENTS)), draw(st.sampled_from([0, 0, 8]))
            return f.fragment6(following, ident, offset, draw(booleans), body)
        case 51:
            return f.authentication(following, body)
        case -43:
            return f.routed(following, "2001:db8::77", draw(st.integers(0, 1)), body)
        case -60:
            return f.mobile(following, "2001:db8::77", draw(st.integers(0, 1)), body)
    return f.extension(following, body, draw(st.integers(0, 1)))


@st.composite
def packets6(draw: st.DrawFn, depth: int) -> bytes:
    following, body = draw(carried(depth, six=True))
    for kind in draw(st.lists(st.sampled_from(EXTENSIONS), max_size=8)):
        body = draw(extensions(kind, following, body))
        following = abs(kind)
    length = draw(st.sampled_from([None, None, None, 0, 8, 2_000]))
    return f.ipv6(draw(ends(V6_HOSTS)), following, body, length=length)


@st.composite
def carried(draw: st.DrawFn, depth: int, six: bool) -> tuple[int, bytes]:
    """Return (protocol, body) of an IP packet: a transport, or a tunnel with more inside."""
    if depth == 0 or draw(booleans):
        return draw(transports(six))
    kind = draw(
        st.sampled_from(["gre", "pptp", "ipip", "sixin", "datagram", "gremac", "grempls", "greppp"])
    )
    version, inner = draw(ip_packets(depth - 1))
    flags = draw(st.sampled_from([0, 0, 0x8000, 0x4000, 0x2000, 0x1000, 0xF000, 0x0002]))
    match kind:
        case "gre":
            return 47, f.gre(version, inner, flags)
        case "gremac":
            form = draw(st.sampled_from([0x6558, 0x88BE]))
            extra = bytes(8) if form == 0x88BE and flags & 0x1000 else b""
            return 47, f.gre(form, extra + f.ethernet(version, inner), flags)
        case "grempls":
            return 47, f.gre(0x8847, f.mpls(draw(st.integers(1, 2)), inner), flags)
        case "greppp":
            return 47, f.gre(0x880B, f.ppp(draw(st.sampled_from([0x21, 0x57, 0xFD])), inner), flags)
        case "pptp":
            number = draw(st.sampled_from([0x21, 0x57, 0xC021, 0x00FD]))
            body = f.ppp(
                number, inner, framed=draw(booleans), short=number < 256 and draw(booleans)
            )
            return 47, f.pptp(body, sequence=draw(booleans), acknowledgement=draw(booleans))
        case "datagram":
            return 17, draw(datagrams(version, inner))
    return (4 if version == 0x0800 else 41), inner


@st.composite
def datagrams(draw: st.DrawFn, version: int, inner: bytes) -> bytes:
    """Return a UDP datagram with a packet in it, on the right port or on a wrong one."""
    frame = f.ethernet(version, inner)
    kind = draw(st.sampled_from(["vxlan", "geneve", "gtp", "teredo"]))
    match kind:
        case "vxlan":
            port, body = draw(st.sampled_from([4789, 8472])), f.vxlan(frame)
        case "geneve":
            port, body = 6081, f.geneve(frame, draw(st.integers(0, 2)))
        case "gtp":
            port, body = 2152, f.gtp(inner, extended=draw(booleans))
        case _:
            port = 3544
            body = f.teredo(inner, authenticated=draw(booleans), origin=draw(booleans))
    given = draw(st.sampled_from([(40_000, port), (port, port), (port, 40_000), (40_000, 5)]))
    return f.udp(given, body)


@st.composite
def ip_packets(draw: st.DrawFn, depth: int) -> tuple[int, bytes]:
    """Return (ethertype, packet)."""
    if draw(booleans):
        return 0x0800, draw(packets4(depth))
    return 0x86DD, draw(packets6(depth))


@st.composite
def tagged(draw: st.DrawFn, kind: int, body: bytes) -> tuple[int, bytes]:
    """Return (ethertype, body) with tags, labels or PPPoE around."""
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7, 8]))):
        form = draw(st.sampled_from(["vlan", "vlan", "qinq", "mpls", "pppoe", "wire"]))
        match form:
            case "vlan" | "qinq":
                tag = draw(st.sampled_from([0, 1, 7, 0x2FFF]))
                kind, body = {"vlan": 0x8100, "qinq": 0x88A8}[form], f.vlan(tag, kind, body)
            case "mpls":
                kind, body = 0x8847, f.mpls(draw(st.integers(1, 3)), body)
            case "pppoe":
                number = {0x0800: 0x21, 0x86DD: 0x57, 0x8847: 0x281}.get(kind, 0xC021)
                kind, body = 0x8864, f.pppoe(number, body)
            case _:
                control = bytes(4 * draw(st.integers(0, 1)))
                kind, body = 0x8847, f.mpls(1, control + f.ethernet(kind, body))
    return kind, body


@st.composite
def whole_frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """Return (link type, frame), never empty."""
    version, packet = draw(ip_packets(draw(st.sampled_from([0, 0, 1, 2, 9]))))
    linktype = draw(st.sampled_from([1, 1, 1, 1, 0, 9, 50, 51, 101, 104, 108, 113, 228, 276]))
    number = 0x21 if version == 0x0800 else 0x57
    padding = bytes(draw(st.sampled_from([0, 0, 6])))
    match linktype:
        case 1:
            kind, body = draw(tagged(version, packet))
            return 1, (f.snap if draw(st.integers(0, 9)) == 9 else f.ethernet)(kind, body) + padding
        case 0 | 108:
            family = (2).to_bytes(4, "little" if linktype == 0 else "big")
            six = draw(st.sampled_from([10, 24, 28, 30, 99])).to_bytes(4, "little")
            return linktype, (family if version == 0x0800 else six) + packet + padding
        case 9 | 50:
            return linktype, f.ppp(number, packet, framed=draw(booleans), short=draw(booleans))
        case 51:
            return linktype, f.pppoe(number, packet)
        case 104:
            return linktype, b"\x0f\x00" + version.to_bytes(2, "big") + packet
        case 113:
            size = draw(st.sampled_from([6, 8])).to_bytes(2, "big")
            return linktype, bytes(4) + size + b"\2\0\0\0\0\1\0\0" + version.to_bytes(
                2, "big"
            ) + packet
        case 276:
            size = bytes([draw(st.sampled_from([6, 0]))])
            return linktype, version.to_bytes(2, "big") + bytes(
                9
            ) + size + b"\2\0\0\0\0\1\0\0" + packet
    return linktype, packet + padding
