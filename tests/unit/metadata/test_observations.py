from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.l2 import ARP

from appliance.config.schema import Metadata
from appliance.metadata.observations import OBSERVATIONS, ObservationQueue
from appliance.metadata.stage import MetadataStage
from appliance.model.address import parse_address
from appliance.model.observation import ArpSeen, DhcpSeen, DnsSeen, Observation
from appliance.model.sample import SampleKind
from tests.support.samples import Row, make_samples

T0 = 1_700_000_000_000_000_000
CLIENT = parse_address("10.0.0.2")
RESOLVER = parse_address("10.0.0.1")
QUERY = bytes(DNS(id=1, qd=[DNSQR(qname="A.Example", qtype="TXT")]))
ANSWER = bytes(DNS(id=1, qr=1, rcode=3, qd=[DNSQR(qname="a.example", qtype="TXT")]))


def observe(*rows: Row) -> list[Observation]:
    stage = MetadataStage(Metadata())
    stage.absorb(make_samples(*rows))
    return stage.observations()


def test_a_question_and_its_answer() -> None:
    answer = Row(SampleKind.DNS, ANSWER, src="10.0.0.1", dst="10.0.0.2", from_orig=0)
    assert observe(Row(SampleKind.DNS, QUERY), answer) == [
        DnsSeen(T0, *CLIENT, *RESOLVER, "a.example", "TXT", "", len(QUERY)),
        DnsSeen(T0, *CLIENT, *RESOLVER, "a.example", "TXT", "NXDOMAIN", len(ANSWER)),
    ]


def test_the_same_message_again_is_seen_again() -> None:
    rows = [Row(SampleKind.DNS, bytes([0, i]) + QUERY[2:], ts_ns=T0 + i) for i in range(3)]
    assert [seen.ts_ns for seen in observe(*rows)] == [T0, T0 + 1, T0 + 2]


def test_pipelined_over_tcp() -> None:
    data = len(QUERY).to_bytes(2, "big") + QUERY
    seen = observe(Row(SampleKind.DNS, data + data, proto=6))
    assert [(s.name, s.payload_bytes) for s in seen if isinstance(s, DnsSeen)] == [
        ("a.example", len(QUERY))
    ] * 2


def test_neighbours_are_not_dns() -> None:
    assert observe(Row(SampleKind.MDNS, ANSWER), Row(SampleKind.LLMNR, QUERY)) == []


def test_a_message_without_a_question_says_nothing() -> None:
    assert observe(Row(SampleKind.DNS, bytes(DNS(id=1, qr=1, qd=[])))) == []


def test_arp_with_probes() -> None:
    mac = 0x020000000005
    probe = ARP(op=1, hwsrc="02:00:00:00:00:05", psrc="0.0.0.0", pdst="10.0.0.5")
    reply = ARP(op=2, hwsrc="02:00:00:00:00:05", psrc="10.0.0.5", pdst="10.0.0.1")
    rows = [Row(SampleKind.ARP, bytes(packet), flow_id=0) for packet in (probe, reply)]
    assert observe(*rows) == [
        ArpSeen(T0, mac, 0, 0x0A000005, False),
        ArpSeen(T0, mac, 0x0A000005, 0x0A000001, True),
    ]


def dhcp(op: int, kind: str) -> bytes:
    options = [("message-type", kind), ("hostname", b"laptop"), "end"]
    return bytes(BOOTP(op=op, xid=7, chaddr=b"\2\0\0\0\0\7") / DHCP(options=options))


def test_clients_of_dhcp_but_not_servers() -> None:
    rows = [Row(SampleKind.DHCP, dhcp(1, "discover")), Row(SampleKind.DHCP, dhcp(2, "offer"))]
    assert observe(*rows) == [DhcpSeen(T0, 0x020000000002, 0x020000000007, 7, "discover", "laptop")]


def test_the_queue_is_bounded_and_says_so() -> None:
    queue = ObservationQueue()
    for i in range(OBSERVATIONS + 3):
        queue.put(ArpSeen(i, 1, 0, 1, False))
    assert queue.refused == 3
    assert len(queue.drain()) == OBSERVATIONS
    assert queue.drain() == []
