import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp6 import (
    DUID_EN,
    DUID_LL,
    DUID_LLT,
    VENDOR_CLASS_DATA,
    DHCP6_RelayForward,
    DHCP6_Reply,
    DHCP6_Solicit,
    DHCP6OptClientFQDN,
    DHCP6OptClientId,
    DHCP6OptIA_NA,
    DHCP6OptIAAddress,
    DHCP6OptOptReq,
    DHCP6OptRelayMsg,
    DHCP6OptVendorClass,
)

from appliance.metadata.dhcpv6 import REPLY, parse_dhcpv6

MAC = "02:00:00:00:00:08"
SOLICIT = (
    DHCP6_Solicit(trid=5)
    / DHCP6OptClientId(duid=DUID_LLT(timeval=1, lladdr=MAC))
    / DHCP6OptClientFQDN(fqdn="Desk.example.com")
    / DHCP6OptVendorClass(enterprisenum=311, vcdata=[VENDOR_CLASS_DATA(data=b"MSFT 5.0")])
    / DHCP6OptOptReq(reqopts=[17, 23, 24, 32])
)


def test_solicit() -> None:
    lease = parse_dhcpv6(bytes(SOLICIT))
    assert lease is not None
    assert (lease.kind, lease.from_client, lease.relayed) == (1, True, False)
    assert lease.mac == 0x020000000008
    assert lease.hostname == "desk.example.com"
    assert (lease.vendor_class, lease.fingerprint) == ("MSFT 5.0", "17,23,24,32")


def test_reply_with_address() -> None:
    address = DHCP6OptIA_NA(iaid=1, ianaopts=[DHCP6OptIAAddress(addr="2001:db8::5")])
    lease = parse_dhcpv6(
        bytes(DHCP6_Reply() / DHCP6OptClientId(duid=DUID_LL(lladdr=MAC)) / address)
    )
    assert lease is not None
    assert (lease.kind, lease.from_client) == (REPLY, False)
    assert lease.mac == 0x020000000008
    assert lease.assigned.hex() == "20010db8000000000000000000000005"


def test_relayed() -> None:
    relayed = bytes(SOLICIT)
    for _ in range(2):
        relay = DHCP6_RelayForward(linkaddr="::1", peeraddr="fe80::1")
        relayed = bytes(relay / DHCP6OptRelayMsg(message=relayed))
    lease = parse_dhcpv6(relayed)
    assert lease is not None
    assert (lease.relayed, lease.from_client, lease.hostname) == (True, True, "desk.example.com")
    for _ in range(5):
        relay = DHCP6_RelayForward(linkaddr="::1", peeraddr="fe80::1")
        relayed = bytes(relay / DHCP6OptRelayMsg(message=relayed))
    assert parse_dhcpv6(relayed) is None  # nested without end


def test_identifier_without_mac() -> None:
    lease = parse_dhcpv6(bytes(DHCP6_Solicit() / DHCP6OptClientId(duid=DUID_EN(id=b"\1\2"))))
    assert lease is not None
    assert lease.mac == 0


@pytest.mark.parametrize("data", [b"", b"\1\0\0", b"\0\0\0\0", b"\x20\0\0\0"])
def test_no_message(data: bytes) -> None:
    assert parse_dhcpv6(data) is None


def test_truncated_at_every_byte_gives_nothing_or_less() -> None:
    data = bytes(SOLICIT)
    for size in range(len(data)):
        lease = parse_dhcpv6(data[:size])
        assert (lease is None) == (size < 4)
        if lease is not None:
            assert lease.hostname in {"", "desk.example.com"}
            assert lease.fingerprint in {"", "17,23,24,32"}


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    parse_dhcpv6(data)
    lease = parse_dhcpv6(b"\1\0\0\0" + data)
    assert lease is not None
    assert lease.hostname.isprintable()
