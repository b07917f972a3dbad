"""Guards against facts that blame the wrong machine, and against floods of them."""

import pytest

from appliance.metadata import devices
from appliance.metadata.arp import Pair
from appliance.metadata.dhcp import ACK, DISCOVER, NAK, OFFER, RELEASE, REQUEST, Lease
from appliance.metadata.dhcpv6 import REPLY, LeaseV6
from appliance.metadata.mdns import LocalHost
from appliance.metadata.nbns import Claim
from appliance.metadata.packet import Packet, iter_packets
from appliance.model.address import MAPPED, pack_address, parse_address
from appliance.model.meta import DeviceFact
from appliance.model.sample import SampleKind
from tests.support.samples import Row, make_samples

MAC, SENDER, RECEIVER = 0x02AA, 0x02BB, 0x02CC


def packet(src: str = "10.0.0.2", dst: str = "10.0.0.1", dst_mac: int = RECEIVER) -> Packet:
    row = Row(SampleKind.DHCP, b"", ts_ns=5, src=src, dst=dst, src_mac=SENDER, dst_mac=dst_mac)
    return next(iter_packets(make_samples(row)))


def v4(text: str) -> int:
    return parse_address(text)[1]


def lease(**fields: object) -> Lease:
    defaults = {
        "kind": REQUEST, "from_client": True, "mac": MAC, "transaction": 1,
        "current": 0, "requested": 0, "assigned": 0,
        "hostname": "laptop", "vendor_class": "android", "fingerprint": "1,3",
    }  # fmt: skip
    return Lease(**(defaults | fields))  # type: ignore[arg-type]


def test_arp() -> None:
    fact = devices.arp_fact(packet(), Pair(MAC, 0x0A000005, 0x0A000001, True))
    assert fact == DeviceFact(ts_ns=5, mac=MAC, addr_lo=v4("10.0.0.5"), source="arp")
    assert devices.arp_fact(packet(), Pair(MAC, 0, 0x0A000001, False)) is None


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"requested": 0x0A000005}, "10.0.0.5"),
        ({"current": 0x0A000006}, "10.0.0.6"),
        ({"kind": DISCOVER, "requested": 0x0A000005}, ""),  # a wish only
        ({"kind": RELEASE, "current": 0x0A000006}, ""),
    ],
)
def test_dhcp_client(fields: dict[str, object], address: str) -> None:
    fact = devices.dhcp_fact(packet("0.0.0.0"), lease(**fields))
    assert fact is not None
    assert (fact.mac, fact.hostname, fact.vendor_class) == (MAC, "laptop", "android")
    assert fact.addr_lo == (v4(address) if address else 0)


def test_dhcp_server() -> None:
    given = lease(kind=ACK, from_client=False, assigned=0x0A000005)
    fact = devices.dhcp_fact(packet(), given)
    assert fact is not None
    assert (fact.mac, fact.addr_lo, fact.vendor_class) == (MAC, v4("10.0.0.5"), "")
    for kind in (OFFER, NAK):
        assert devices.dhcp_fact(packet(), given._replace(kind=kind)) is None
    assert devices.dhcp_fact(packet(), lease(mac=0)) is None
    assert devices.dhcp_fact(packet(), lease(mac=0xFFFFFFFFFFFF)) is None
    assert devices.dhcp_fact(packet(), lease(hostname="", vendor_class="", fingerprint="")) is None


def test_dhcpv6() -> None:
    asked = LeaseV6(1, True, False, MAC, b"", "desk.example", "MSFT", "17")
    fact = devices.dhcpv6_fact(packet("fe80::5", "ff02::1:2"), asked)
    assert fact is not None
    assert (fact.mac, fact.hostname) == (SENDER, "desk")  # the frame's, on its own link
    assert (fact.addr_hi, fact.addr_lo) == parse_address("fe80::5")
    relayed = devices.dhcpv6_fact(packet(), asked._replace(relayed=True))
    assert relayed is not None
    assert (relayed.mac, relayed.addr_lo) == (MAC, 0)
    address = parse_address("2001:db8::5")
    reply = LeaseV6(REPLY, False, False, MAC, pack_address(*address), "", "server", "")
    fact = devices.dhcpv6_fact(packet("fe80::1", "fe80::5"), reply)
    assert fact is not None
    assert (fact.mac, fact.addr_hi, fact.addr_lo) == (RECEIVER, *address)
    assert fact.vendor_class == ""
    assert devices.dhcpv6_fact(packet(), reply._replace(assigned=b"")) is None
    assert devices.dhcpv6_fact(packet(), asked._replace(relayed=True, mac=0)) is None


def test_nbns_mac_only_for_oneself() -> None:
    own = Claim(False, "", "PC", "NB", "PC", 0x0A000002, 0)
    fact = devices.nbns_fact(packet(), own)
    assert fact is not None
    assert (fact.mac, fact.addr_lo, fact.hostname) == (SENDER, v4("10.0.0.2"), "PC")
    other = devices.nbns_fact(packet(), own._replace(address=0x0A000009))
    assert other is not None
    assert (other.mac, other.addr_lo) == (0, v4("10.0.0.9"))
    assert devices.nbns_fact(packet(), own._replace(hostname="")) is None


def test_mdns_mac_only_for_the_name_of_the_sender() -> None:
    hosts = [
        LocalHost("own", 0, v4("10.0.0.2")),
        LocalHost("own", *parse_address("fe80::2")),
        LocalHost("sleeping", 0, v4("10.0.0.77")),
    ]
    facts = devices.mdns_facts(packet(), hosts)
    assert [(f.hostname, f.mac) for f in facts] == [
        ("own", SENDER),
        ("own", SENDER),
        ("sleeping", 0),
    ]
    (service,) = devices.mdns_facts(packet(), [LocalHost("tv", 0, 0)])
    assert (service.mac, service.addr_lo) == (SENDER, MAPPED | 0x0A000002)


def fact(ts_ns: int, mac: int) -> DeviceFact:
    return DeviceFact(ts_ns=ts_ns, mac=mac, source="arp")


def test_the_same_fact_again_only_becomes_newer() -> None:
    queue = devices.FactQueue()
    for item in (fact(1, 1), fact(2, 2), fact(3, 1)):
        queue.put(item)
    assert queue.drain() == [fact(2, 2), fact(3, 1)]
    assert queue.drain() == []


def test_flood_of_facts_plateaus_and_known_ones_still_renew() -> None:
    queue = devices.FactQueue()
    for i in range(devices.FACTS + 100):
        queue.put(fact(i, i))
    queue.put(fact(9_999, 0))
    assert queue.refused == 100
    facts = queue.drain()
    assert len(facts) == devices.FACTS
    assert facts[-1] == fact(9_999, 0)
