"""What is inside a tunnel is seen; what only looks like a tunnel stays what it is."""

import pytest

from appliance.model.flow import Tunnel
from tests.oracles import frames as f
from tests.support.parsing import parse

OUTER = ("192.0.2.1", "192.0.2.2")
OUTER6 = ("2001:db8::1", "2001:db8::2")
INNER4 = f.ipv4(("10.0.0.1", "10.0.0.2"), 6, f.tcp((40_000, 443), f.SYN))
INNER6 = f.ipv6(("fd00::1", "fd00::2"), 6, f.tcp((40_000, 443), f.SYN))
SMALL4 = f.ipv4(("10.0.0.1", "10.0.0.2"), 1, f.icmp(8, 0))
FRAME = f.ethernet(0x0800, INNER4, b"\2\0\0\0\0\7", b"\2\0\0\0\0\x08")


def over_ip(proto: int, body: bytes) -> bytes:
    return f.ethernet(0x0800, f.ipv4(OUTER, proto, body))


def over_udp(port: int, body: bytes, back: int = 50_000) -> bytes:
    return over_ip(17, f.udp((back, port), body))


TUNNELS = {
    "gre": (Tunnel.GRE, over_ip(47, f.gre(0x0800, INNER4))),
    "gre ipv6": (Tunnel.GRE, over_ip(47, f.gre(0x86DD, INNER6))),
    "gre with everything": (Tunnel.GRE, over_ip(47, f.gre(0x0800, INNER4, 0xB000))),
    "gre ethernet": (Tunnel.GRE, over_ip(47, f.gre(0x6558, FRAME, 0x2000))),
    "gre mpls": (Tunnel.GRE, over_ip(47, f.gre(0x8847, f.mpls(2, INNER4)))),
    "erspan": (Tunnel.GRE, over_ip(47, f.gre(0x88BE, FRAME))),
    "erspan ii": (Tunnel.GRE, over_ip(47, f.gre(0x88BE, bytes(8) + FRAME, 0x1000))),
    "pptp": (Tunnel.GRE, over_ip(47, f.pptp(f.ppp(0x21, INNER4, framed=True)))),
    "pptp acknowledging": (
        Tunnel.GRE, over_ip(47, f.pptp(f.ppp(0x57, INNER6), acknowledgement=True)),
    ),
    "vxlan": (Tunnel.VXLAN, over_udp(4789, f.vxlan(FRAME))),
    "vxlan with reserved bits": (
        Tunnel.VXLAN, over_udp(4789, b"\x8c\0\0\1\0\0\x2a\0" + FRAME),
    ),
    "gre ppp": (Tunnel.GRE, over_ip(47, f.gre(0x880B, f.ppp(0x21, INNER4)))),
    "vxlan of old": (Tunnel.VXLAN, over_udp(8472, f.vxlan(FRAME))),
    "vxlan with a vlan": (
        Tunnel.VXLAN, over_udp(4789, f.vxlan(f.ethernet(0x8100, f.vlan(4, 0x0800, INNER4)))),
    ),
    "geneve": (Tunnel.GENEVE, over_udp(6081, f.geneve(FRAME))),
    "geneve with options": (Tunnel.GENEVE, over_udp(6081, f.geneve(FRAME, 3))),
    "6in4": (Tunnel.SIXINFOUR, over_ip(41, INNER6)),
    "6in6": (Tunnel.IPIP, f.ethernet(0x86DD, f.ipv6(OUTER6, 41, INNER6))),
    "4in6": (Tunnel.IPIP, f.ethernet(0x86DD, f.ipv6(OUTER6, 4, INNER4))),
    "ipip": (Tunnel.IPIP, over_ip(4, INNER4)),
    "gtp": (Tunnel.GTP, over_udp(2152, f.gtp(INNER4))),
    "gtp ipv6 with extension": (Tunnel.GTP, over_udp(2152, f.gtp(INNER6, extended=True))),
    "teredo": (Tunnel.TEREDO, over_udp(3544, f.teredo(INNER6))),
    "teredo back": (Tunnel.TEREDO, over_udp(50_000, f.teredo(INNER6, origin=True), 3544)),
    "teredo with authentication": (
        Tunnel.TEREDO, over_udp(3544, f.teredo(INNER6, authenticated=True, origin=True)),
    ),
    "vxlan in gre": (
        Tunnel.VXLAN,
        over_ip(47, f.gre(0x0800, f.ipv4(OUTER, 17, f.udp((1, 4789), f.vxlan(FRAME))))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TUNNELS)
def test_the_inner_packet_is_the_one_that_counts(name: str) -> None:
    tunnel, data = TUNNELS[name]
    reason, packet = parse(data)
    assert (reason, packet["tunnel"]) == ("ok", tunnel)
    assert (packet["proto"], packet["sport"], packet["dport"]) == (6, 40_000, 443)
    assert (packet["flags"], packet["wirelen"]) == (f.SYN, len(data))
    assert packet["ip_bytes"] in {len(INNER4), len(INNER6)}


@pytest.mark.parametrize("name", TUNNELS)
def test_cut_anywhere_it_is_the_carrier_or_a_truncated_packet(name: str) -> None:
    _, data = TUNNELS[name]
    for cut in range(len(data)):
        reason, packet = parse(data[:cut], 1, len(data))
        assert reason == "ok" or reason.startswith("truncated")
        if reason == "ok":
            assert packet["proto"] in {4, 6, 17, 41, 47}


@pytest.mark.parametrize("inner", [SMALL4, INNER4])
def test_small_packets_in_gtp_are_seen_like_large_ones(inner: bytes) -> None:
    assert parse(over_udp(2152, f.gtp(inner)))[1]["tunnel"] == Tunnel.GTP


CARRIERS = {
    "gre with a protocol nobody knows": over_ip(47, f.gre(0x1234, INNER4)),
    "gre whose packet is of the other family": over_ip(47, f.gre(0x86DD, INNER4)),
    "gre keep-alive": over_ip(47, f.gre(0x0000, b"")),
    "gre with bridged frames of another kind": over_ip(
        47, f.gre(0x6558, f.ethernet(0x88CC, INNER4))
    ),
    "pptp control": over_ip(47, f.pptp(f.ppp(0xC021, bytes(60), framed=True))),
    "pptp encrypted": over_ip(47, f.pptp(f.ppp(0x00FD, bytes(60)))),
    "vxlan port, other flags": over_udp(4789, bytes(8) + FRAME),
    "vxlan port, no frame": over_udp(4789, f.vxlan(bytes(60))),
    "vxlan on another port": over_udp(4790, f.vxlan(FRAME)),
    "geneve without ethernet": over_udp(6081, bytes(8) + INNER4),
    "gtp echo": over_udp(2152, b"\x32\1\0\4" + bytes(60)),
    "gtp with nothing known inside": over_udp(2152, f.gtp(bytes(60))),
    "teredo bubble of the wrong length": over_udp(3544, f.teredo(INNER6 + b"x")),
    "dns to the teredo port": over_udp(3544, bytes(60), 53),
    "ipip with ipv6 inside": over_ip(4, INNER6),
    "6in4 with ipv4 inside": over_ip(41, INNER4),
    "ipip cut to nothing": over_ip(4, INNER4[:19]),
    "a fragment of a tunnel": f.ethernet(
        0x0800, f.ipv4(OUTER, 47, f.gre(0x0800, INNER4), ident=1, more=True)
    ),
}


@pytest.mark.parametrize("name", CARRIERS)
def test_in_doubt_the_carrier_is_the_flow(name: str) -> None:
    data = CARRIERS[name]
    reason, packet = parse(data)
    assert (reason, packet["tunnel"]) == ("ok", Tunnel.NONE)
    assert packet["proto"] == data[23]
    assert packet["ip_bytes"] == len(data) - 14


def test_arp_in_a_tunnel_is_arp() -> None:
    assert parse(over_udp(4789, f.vxlan(f.ethernet(0x0806, bytes(28)))))[0] == "arp"


@pytest.mark.parametrize("depth", [6, 7, 8, 200])
def test_tunnels_in_tunnels_end_somewhere(depth: int) -> None:
    """One crafted frame must not keep the parser busy for thousands of headers."""
    packet = INNER4
    for _ in range(depth):
        packet = f.ipv4(OUTER, 4, packet)
    reason, parsed = parse(f.ethernet(0x0800, packet))
    assert reason == ("ok" if depth < 8 else "too_deep")
    assert reason == "too_deep" or parsed["proto"] == 6
