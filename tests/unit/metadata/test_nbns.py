import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.netbios import (
    NBNS_ADD_ENTRY,
    NBNSHeader,
    NBNSNodeStatusResponse,
    NBNSNodeStatusResponseService,
    NBNSQueryRequest,
    NBNSQueryResponse,
    NBNSRegistrationRequest,
)

from appliance.metadata.nbns import decode_name, parse_nbns

REGISTRATION = bytes(
    NBNSHeader(NAME_TRN_ID=1)
    / NBNSRegistrationRequest(
        QUESTION_NAME="WORKSTATION7", SUFFIX=0x4141, G=0, NB_ADDRESS="10.0.0.7"
    )
)


def test_registration_names_the_sender() -> None:
    claim = parse_nbns(REGISTRATION)
    assert claim is not None
    assert (claim.response, claim.name, claim.type) == (False, "WORKSTATION7", "NB")
    assert (claim.hostname, claim.address) == ("WORKSTATION7", 0x0A000007)


def test_a_group_is_no_host() -> None:
    packet = NBNSHeader(NAME_TRN_ID=1) / NBNSRegistrationRequest(
        QUESTION_NAME="WORKGROUP", SUFFIX=0x4141, G=1, NB_ADDRESS="10.0.0.7"
    )
    claim = parse_nbns(bytes(packet))
    assert claim is not None
    assert (claim.name, claim.hostname) == ("WORKGROUP", "")


def test_query_and_answer() -> None:
    query = parse_nbns(bytes(NBNSHeader() / NBNSQueryRequest(QUESTION_NAME="FILES", SUFFIX=0x4341)))
    assert query is not None
    assert (query.response, query.rcode, query.name, query.hostname) == (False, "", "FILES", "")
    entry = NBNS_ADD_ENTRY(NB_ADDRESS="10.0.0.9")
    answer = NBNSHeader() / NBNSQueryResponse(RR_NAME="FILES", SUFFIX=0x4341, ADDR_ENTRY=[entry])
    claim = parse_nbns(bytes(answer))
    assert claim is not None
    assert (claim.response, claim.rcode) == (True, "NOERROR")
    assert (claim.hostname, claim.address) == ("FILES", 0x0A000009)


def test_node_status_gives_name_and_mac() -> None:
    names = [
        NBNSNodeStatusResponseService(NETBIOS_NAME="GROUP", SUFFIX=0, NAME_FLAGS=0x80),
        NBNSNodeStatusResponseService(NETBIOS_NAME="PRINTER", SUFFIX=0, NAME_FLAGS=0x04),
    ]
    packet = NBNSHeader() / NBNSNodeStatusResponse(
        RR_NAME="*", NUM_NAMES=2, NODE_NAME=names, MAC_ADDRESS="02:00:00:00:00:09"
    )
    claim = parse_nbns(bytes(packet))
    assert claim is not None
    assert (claim.type, claim.hostname, claim.mac) == ("NBSTAT", "PRINTER", 0x020000000009)


@given(
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_", min_size=1, max_size=15),
    st.binary(max_size=1),
)
def test_names_agree_with_scapy(name: str, suffix: bytes) -> None:
    packet = NBNSHeader() / NBNSQueryRequest(QUESTION_NAME=name, SUFFIX=0x4141)
    assert decode_name(bytes(packet) + suffix, 12) == (name, 0, 12 + 34)


@pytest.mark.parametrize(
    "data", [b"", b" " + b"A" * 31, b" " + b"A" * 32, b" " + b"z" * 32 + b"\0", b"\x1f" + b"A" * 40]
)
def test_names_that_are_none(data: bytes) -> None:
    assert decode_name(data, 0) is None


def test_scope_is_skipped() -> None:
    assert decode_name(b" " + b"CA" * 16 + b"\3org\0xx", 0) == ("", 0x20, 38)


def test_truncated_at_every_byte_gives_nothing_or_less() -> None:
    for size in range(len(REGISTRATION)):
        claim = parse_nbns(REGISTRATION[:size])
        assert claim is None or (claim.name, claim.hostname) == ("WORKSTATION7", "")


@given(st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_any_bytes(data: bytes, flags: int) -> None:
    parse_nbns(data)
    head = b"\0\0" + flags.to_bytes(2, "big") + b"\0\0\0\1\0\0\0\1 " + b"EA" * 16
    parse_nbns(head + data)
    parse_nbns(head + b"\0\0\x21\0\1" + data)
