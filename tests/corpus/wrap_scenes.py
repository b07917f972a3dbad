"""What packets travel in: tags, tunnels, extension headers, fragments, and other protocols."""

from collections.abc import Iterator

from scapy.contrib.geneve import GENEVE
from scapy.contrib.igmp import IGMP
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import GRE, ICMP, IP, UDP, fragment
from scapy.layers.inet6 import (
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    fragment6,
)
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.sctp import SCTP, SCTPChunkInit, SCTPChunkInitAck
from scapy.layers.vxlan import VXLAN
from scapy.packet import Packet, Raw

from appliance.demo import names
from tests.corpus.scene import (
    CLIENT,
    CLIENT6,
    SERVER,
    SERVER6,
    Scene,
    Wrap,
    ethernet,
    ip,
    tcp,
    udp_exchange,
)

QUERY = names.dns_query(0x3001, "www.example.org", names.A)
ANSWER = names.dns_answer(QUERY, names.A, [bytes([198, 51, 100, 80])])
EXCHANGE: list[tuple[bool, bytes | Packet]] = [(True, QUERY), (False, ANSWER)]
OUTER, OUTER6 = ("203.0.113.1", "203.0.113.2"), ("2001:db8:a::1", "2001:db8:a::2")


def _tagged(layers: Packet, kind: int | None = None) -> Wrap:
    """Put tags between Ethernet and IP."""

    def wrap(packet: Packet, forward: bool) -> Packet:
        frame = ethernet(layers.copy() / packet, forward)
        if kind is not None:
            frame.type = kind
        return frame

    return wrap


def _tunnelled(header: Packet | None, six: bool = False) -> Wrap:
    """Put a packet behind an outer IP header and a tunnel header."""

    def wrap(packet: Packet, forward: bool) -> Packet:
        ends = (OUTER6 if six else OUTER)[:: 1 if forward else -1]
        inner = packet if header is None else header.copy() / packet
        return ethernet(ip(*ends) / inner, forward)

    return wrap


def _framed(header: Packet) -> Wrap:
    """Put an Ethernet frame behind an outer IP header and a tunnel header."""

    def wrap(packet: Packet, forward: bool) -> Packet:
        outer = ip(*OUTER[:: 1 if forward else -1])
        return ethernet(outer / header.copy() / ethernet(packet, forward), forward)

    return wrap


def tags() -> Iterator[Scene]:
    """Yield the same DNS exchange behind every tag."""
    ppp6 = {"ends": (CLIENT6, SERVER6)}
    for name, wrap, fields in (
        ("vlan", _tagged(Dot1Q(vlan=42)), {"vlan": 42}),
        ("qinq", _tagged(Dot1AD(vlan=100) / Dot1Q(vlan=200)), {"vlan": 100}),
        ("mpls", _tagged(MPLS(label=16, s=0, ttl=64) / MPLS(label=17, s=1, ttl=64), 0x8847), {}),
        ("pppoe", _tagged(PPPoE(sessionid=7) / PPP(proto=0x21), 0x8864), {}),
        ("pppoe-ipv6", _tagged(PPPoE(sessionid=7) / PPP(proto=0x57), 0x8864), ppp6),
    ):
        scene = Scene(name, wrap=wrap)
        udp_exchange(scene, (50_100, 53), EXCHANGE, dns_query="www.example.org", **fields)
        yield scene

    scene = Scene("vlan-tcp", wrap=_tagged(Dot1Q(vlan=7)))
    talk = tcp(scene, state="SF", history="ShADadFf", vlan=7)
    talk.open().orig("PA", b"x" * 100).resp("A").resp("PA", b"x" * 100).orig("A").close()
    yield scene


def tunnels() -> Iterator[Scene]:
    """Yield the same DNS exchange in every tunnel: only the inner flow counts."""
    vxlan = UDP(sport=50_000, dport=4_789) / VXLAN(vni=5, flags=8)
    six = {"ends": (CLIENT6, SERVER6)}
    for name, wrap, fields in (
        ("gre", _tunnelled(GRE()), {"tunnel": "gre"}),
        ("gre-key", _tunnelled(GRE(key_present=1, key=9, seqnum_present=1)), {"tunnel": "gre"}),
        ("gre-ipv6", _tunnelled(GRE(), six=True), {"tunnel": "gre"}),
        ("vxlan", _framed(vxlan), {"tunnel": "vxlan"}),
        ("geneve", _framed(UDP(sport=50_000, dport=6_081) / GENEVE(vni=5)), {"tunnel": "geneve"}),
        ("6in4", _tunnelled(None), {"tunnel": "sixinfour"} | six),
        ("ipip", _tunnelled(None), {"tunnel": "ipip"}),
    ):
        scene = Scene(name, wrap=wrap)
        udp_exchange(scene, (50_101, 53), EXCHANGE, dns_query="www.example.org", **fields)
        yield scene


def extensions() -> Iterator[Scene]:
    """Yield IPv6 extension headers in front of UDP."""
    for name, headers in (
        ("hop-by-hop", IPv6ExtHdrHopByHop()),
        ("routing", IPv6ExtHdrRouting(addresses=["2001:db8:3::1"], segleft=0)),
        ("chain", IPv6ExtHdrHopByHop() / IPv6ExtHdrRouting() / IPv6ExtHdrDestOpt()),
        ("atomic-fragment", IPv6ExtHdrFragment(id=77)),
    ):
        scene = Scene(f"ipv6-{name}")
        flow = scene.flow(
            (CLIENT6, 50_102), (SERVER6, 53), "udp", state="S0", history="D",
            dns_query="www.example.org",
        )  # fmt: skip
        packet = IPv6(src=CLIENT6, dst=SERVER6) / headers
        packet /= UDP(sport=50_102, dport=53) / Raw(QUERY)
        scene.send(packet, flow)
        yield scene


def fragments() -> Iterator[Scene]:
    """Yield one datagram of 3,000 bytes in three fragments, in order and last first."""
    data = b"x" * 3_000
    whole4 = IP(src=CLIENT, dst=SERVER, id=99) / UDP(sport=50_103, dport=5_000) / Raw(data)
    whole6 = (
        IPv6(src=CLIENT6, dst=SERVER6)
        / IPv6ExtHdrFragment(id=99)
        / UDP(sport=50_103, dport=5_000)
        / Raw(data)
    )
    for family, parts in (("ipv4", fragment(whole4, 1_480)), ("ipv6", fragment6(whole6, 1_400))):
        for order, ordered in (("in-order", parts), ("last-first", parts[::-1])):
            scene = Scene(f"{family}-{order}")
            ends = (CLIENT, SERVER) if family == "ipv4" else (CLIENT6, SERVER6)
            flow = scene.flow(
                (ends[0], 50_103), (ends[1], 5_000), "udp", state="S0", history="D"
            )  # fmt: skip
            for part in ordered:
                scene.add(ethernet(part, True), flow)
            flow.payload[0] = len(data)
            yield scene

    scene = Scene("orphan")  # the first fragment never comes
    scene.add(ethernet(fragment(whole4, 1_480)[1], True))
    scene.rejected["fragment_orphan"] = 1
    yield scene


def others() -> Iterator[Scene]:
    """Yield protocols that are neither TCP nor UDP, and UDP that is only half seen."""
    yield from _icmp()
    yield from _icmpv6()
    yield from _other_protocols()
    yield from _half_seen()


def _icmp() -> Iterator[Scene]:
    scene = Scene("icmp-echo")
    flow = scene.flow((CLIENT, 8), (SERVER, 0), "icmp", state="OTH")
    for number in (1, 2):
        for forward in (True, False):
            ends = (CLIENT, SERVER)[:: 1 if forward else -1]
            message = ICMP(type=8 if forward else 0, id=5, seq=number) / Raw(b"x" * 56)
            scene.send(ip(*ends) / message, flow, forward)
    yield scene

    scene = Scene("icmp-unreachable")
    scene.flow((SERVER, 3), (CLIENT, 3), "icmp", state="OTH")
    quoted = IP(src=CLIENT, dst=SERVER) / UDP(sport=50_104, dport=33_434)
    scene.send(ip(SERVER, CLIENT) / ICMP(type=3, code=3) / quoted, scene.flows[0])
    scene.flows[0].payload[0] = 28
    yield scene


def _icmpv6() -> Iterator[Scene]:
    scene = Scene("icmpv6-echo")
    flow = scene.flow((CLIENT6, 128), (SERVER6, 129), "ipv6-icmp", state="OTH", payload_out=56)
    flow.fields["payload_in"] = 56
    for forward, kind in ((True, ICMPv6EchoRequest), (False, ICMPv6EchoReply)):
        ends = (CLIENT6, SERVER6)[:: 1 if forward else -1]
        scene.send(ip(*ends) / kind(id=5, seq=1, data=b"x" * 56), flow, forward)
    yield scene

    scene = Scene("icmpv6-neighbour")
    near = ("fe80::ff:fe00:1", "fe80::ff:fe00:2")
    flow = scene.flow(
        (near[0], 135), (near[1], 136), "ipv6-icmp", state="OTH", payload_out=None, payload_in=None
    )
    ask = ip(*near, hlim=255) / ICMPv6ND_NS(tgt=near[1])
    tell = ip(*near[::-1], hlim=255) / ICMPv6ND_NA(tgt=near[1], R=0)
    scene.send(ask, flow)
    scene.send(tell, flow, False)
    yield scene


def _other_protocols() -> Iterator[Scene]:
    scene = Scene("sctp")
    flow = scene.flow(
        (CLIENT, 36_412), (SERVER, 2_905), "sctp", state="OTH", payload_out=None, payload_in=None
    )
    ports = {True: (36_412, 2_905), False: (2_905, 36_412)}
    for forward, chunk in ((True, SCTPChunkInit()), (False, SCTPChunkInitAck())):
        ends = (CLIENT, SERVER)[:: 1 if forward else -1]
        header = SCTP(sport=ports[forward][0], dport=ports[forward][1], tag=0)
        scene.send(ip(*ends) / header / chunk, flow, forward)
    yield scene

    scene = Scene("igmp")
    report = IGMP(type=0x16, gaddr="239.1.2.3")
    frame = Ether(src="02:00:00:00:00:01") / IP(src=CLIENT, dst="239.1.2.3", ttl=1) / report
    flow = scene.flow((CLIENT, 0), ("239.1.2.3", 0), "igmp", state="OTH", payload_out=None)
    frame.dst = "01:00:5e:01:02:03"
    scene.add(frame, flow)
    yield scene

    scene = Scene("protocol-99")
    flow = scene.flow((CLIENT, 0), (SERVER, 0), "99", state="OTH", payload_out=24, payload_in=8)
    scene.send(IP(src=CLIENT, dst=SERVER, proto=99) / Raw(b"x" * 24), flow)
    scene.send(IP(src=SERVER, dst=CLIENT, proto=99) / Raw(b"x" * 8), flow, False)
    yield scene


def _half_seen() -> Iterator[Scene]:
    scene = Scene("udp-idle")  # silence longer than the idle timeout makes a second flow
    for _ in range(2):
        udp_exchange(scene, (50_105, 5_000), [(True, b"ping"), (False, b"pong")], reason=None)
        scene.wait(120)
    yield scene

    scene = Scene("udp-server-first")  # the reply is all that was captured
    flow = scene.flow((CLIENT, 50_106), (SERVER, 53), "udp", state="SHR", history="^d")
    scene.send(ip(SERVER, CLIENT) / UDP(sport=53, dport=50_106) / Raw(ANSWER), flow, False)
    yield scene


def scenes() -> Iterator[Scene]:
    """Yield all of them."""
    for prefix, family in (
        ("", tags), ("tunnel-", tunnels), ("", extensions), ("fragment-", fragments), ("", others),
    ):  # fmt: skip
        for scene in family():
            scene.name = prefix + scene.name
            yield scene
