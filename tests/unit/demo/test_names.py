"""Messages that carry names, byte for byte where the RFC gives the bytes."""

import pytest

from appliance.demo.names import (
    AAAA,
    NXDOMAIN,
    A,
    Lease,
    arp,
    dhcp_reply,
    dhcp_request,
    dns_answer,
    dns_query,
    dns_refusal,
    encode_name,
    llmnr_query,
    mdns_announcement,
    mdns_query,
    nbns_registration,
    ssdp_search,
)

LEASE = Lease(
    xid=0x01020304,
    mac=b"\2\0\0\0\0\1",
    ip=bytes([192, 168, 20, 9]),
    server=bytes([192, 168, 20, 1]),
    hostname="host",
    vendor_class="maker 1",
    parameters=bytes([1, 3, 6]),
)


def test_name() -> None:
    assert encode_name("www.example.org.") == b"\3www\7example\3org\0"


def test_question() -> None:
    question = "016102626300" + "00010001"  # a.bc, A, IN
    assert dns_query(0x1234, "a.bc", A).hex() == "123401000001000000000000" + question


@pytest.mark.parametrize(("kind", "data"), [(A, bytes(4)), (AAAA, bytes(16))])
def test_answer_repeats_the_question_and_points_to_it(kind: int, data: bytes) -> None:
    query = dns_query(7, "a.bc", kind)
    answer = dns_answer(query, kind, [data, data])
    assert answer[:2] == query[:2]
    assert answer[2:12].hex() == "81800001000200000000"
    assert answer[12 : len(query)] == query[12:]
    record = b"\xc0\x0c" + kind.to_bytes(2) + b"\0\1\0\0\1\x2c" + len(data).to_bytes(2) + data
    assert answer[len(query) :] == record * 2


def test_refusal() -> None:
    assert dns_refusal(dns_query(7, "a", A))[3] & 15 == NXDOMAIN


def test_llmnr_asks_without_recursion() -> None:
    assert llmnr_query(7, "host", A)[2:4] == b"\0\0"


def test_mdns() -> None:
    said = mdns_announcement("tv", bytes([1, 2, 3, 4]), "_airplay._tcp.local")
    assert said[:12].hex() == "000084000000000200000000"
    assert b"\2tv\5local\0\0\1\x80\1\0\0\0\x78\0\4\1\2\3\4" in said
    assert mdns_query("_x._tcp.local").endswith(b"\5local\0\0\x0c\0\1")


def test_nbns_name_is_encoded_as_in_rfc_1001() -> None:
    said = nbns_registration(1, "fred", bytes(4))
    assert said[12:46] == b"\x20EGFCEFEECACACACACACACACACACACAAA\0"
    assert said[2:4] == b"\x29\x10"


def options(message: bytes) -> dict[int, bytes]:
    assert message[236:240].hex() == "63825363"
    at, found = 240, {}
    while message[at] != 0xFF:
        found[message[at]] = message[at + 2 : at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return found


def test_dhcp_exchange() -> None:
    discover = dhcp_request(LEASE, discover=True)
    request = dhcp_request(LEASE, discover=False)
    offer, ack = dhcp_reply(LEASE, offer=True), dhcp_reply(LEASE, offer=False)
    assert [options(m)[53] for m in (discover, offer, request, ack)] == [b"\1", b"\2", b"\3", b"\5"]
    assert options(request)[50] == ack[16:20] == LEASE.ip
    assert options(discover)[12] == b"host"
    assert options(discover)[55] == b"\1\3\6"
    assert options(discover)[60] == b"maker 1"
    assert discover[28:34] == LEASE.mac
    assert 60 not in options(dhcp_request(LEASE._replace(vendor_class=""), discover=True))
    assert len(discover) >= 300


def test_arp() -> None:
    said = arp(1, (b"\2" * 6, b"\1\2\3\4"), (bytes(6), b"\1\2\3\5"))
    assert said.hex() == "00010800060400010202020202020102030400000000000001020305"


def test_ssdp() -> None:
    assert ssdp_search("ssdp:all").startswith(b"M-SEARCH * HTTP/1.1\r\n")
