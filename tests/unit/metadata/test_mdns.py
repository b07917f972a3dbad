from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRSRV

from appliance.metadata.dns import Message, parse_message
from appliance.metadata.mdns import HOSTS, find_hosts, strip_local
from appliance.model.address import MAPPED


def announce(*records: object, qr: int = 1) -> Message:
    question = [] if qr else [DNSQR(qname="x.local")]
    message = parse_message(bytes(DNS(qr=qr, qd=question, an=list(records))), everything=True)
    assert message is not None
    return message


def address(name: str, ip: str, ttl: int = 120) -> DNSRR:
    return DNSRR(rrname=name, type="AAAA" if ":" in ip else "A", rclass=0x8001, ttl=ttl, rdata=ip)


SERVICE = DNSRRSRV(rrname="Living Room._airplay._tcp.local", ttl=9, port=7000, target="tv.local")


def test_addresses_name_their_host() -> None:
    message = announce(address("TV.local", "10.0.0.5"), address("tv.local", "fe80::5"), SERVICE)
    assert find_hosts(message) == [("tv", 0, MAPPED | 0x0A000005), ("tv", 0xFE80 << 48, 5)]


def test_a_service_names_the_sender() -> None:
    assert find_hosts(announce(SERVICE)) == [("tv", 0, 0)]
    other = DNSRRSRV(rrname="x._http._tcp.local", ttl=9, target="other.local")
    assert find_hosts(announce(SERVICE, other)) == []  # whose?


def test_a_reverse_name_names_the_sender() -> None:
    reverse = DNSRR(rrname="5.0.0.10.in-addr.arpa", type="PTR", ttl=9, rdata="tv.local")
    assert find_hosts(announce(reverse)) == [("tv", 0, 0)]


def test_queries_and_farewells_say_nothing() -> None:
    assert find_hosts(announce(address("tv.local", "10.0.0.5"), qr=0)) == []
    assert find_hosts(announce(address("tv.local", "10.0.0.5", ttl=0))) == []
    assert find_hosts(announce(address("www.example.com", "10.0.0.5"))) == []


def test_bounded() -> None:
    records = [address(f"h{i}.local", f"10.0.0.{i}") for i in range(60)]
    assert len(find_hosts(announce(*records))) == HOSTS


def test_strip_local() -> None:
    assert strip_local("tv.local") == "tv"
    assert strip_local("a.b.local") == ""
    assert strip_local("local") == ""
    assert strip_local("tv.example") == ""
