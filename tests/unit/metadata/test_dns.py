"""Guards against messages that make a parser loop, read past the end, or say what is not there."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dns import DNS, DNSQR, DNSRR, DNSRRMX, DNSRRSRV

from appliance.metadata import dns
from appliance.metadata.dns import DamagedNameError, Memo, parse_message, read_name
from appliance.model.address import MAPPED


def answer(name: str, kind: str, data: object, ttl: int = 60) -> DNSRR:
    return DNSRR(rrname=name, type=kind, ttl=ttl, rdata=data)


RESPONSE = bytes(
    DNS(
        id=7,
        qr=1,
        qd=[DNSQR(qname="WWW.Example.com", qtype="A")],
        an=[
            answer("www.example.com", "CNAME", "cdn.example.net"),
            answer("cdn.example.net", "A", "192.0.2.7"),
            answer("cdn.example.net", "AAAA", "2001:db8::7"),
            answer("cdn.example.net", "TXT", [b"v=spf1 -all", b"second"]),
            DNSRRMX(rrname="example.net", preference=10, exchange="mx.example.net"),
            DNSRRSRV(rrname="_x._tcp.example.net", port=1, target="srv.example.net"),
        ],
    )
)


def test_query() -> None:
    message = parse_message(bytes(DNS(qd=[DNSQR(qname="A.Example.COM", qtype="HTTPS")])))
    assert message == (False, 0, "NOERROR", "a.example.com", "HTTPS", ())


def test_answers_of_every_kind() -> None:
    message = parse_message(RESPONSE)
    assert message is not None
    assert message[:5] == (True, 0, "NOERROR", "www.example.com", "A")
    assert [(r.name, dns.type_name(r.type), r.ttl_s, r.value) for r in message.records] == [
        ("www.example.com", "CNAME", 60, "cdn.example.net"),
        ("cdn.example.net", "A", 60, "192.0.2.7"),
        ("cdn.example.net", "AAAA", 60, "2001:db8::7"),
        ("cdn.example.net", "TXT", 60, "v=spf1 -all"),
        ("example.net", "MX", 0, "mx.example.net"),
        ("_x._tcp.example.net", "SRV", 0, "srv.example.net"),
    ]
    assert (message.records[1].hi, message.records[1].lo) == (0, MAPPED | 0xC0000207)
    assert (message.records[2].hi, message.records[2].lo) == (0x20010DB8 << 32, 7)


def test_rcodes_and_unknown_types_have_names() -> None:
    refused = parse_message(bytes(DNS(qr=1, rcode=5, qd=[DNSQR(qname="x", qtype=65400)])))
    assert refused is not None
    assert (refused.rcode, refused.type) == ("REFUSED", "TYPE65400")
    assert dns.rcode_name(15) == "RCODE15"


def test_additional_records_only_if_wanted() -> None:
    data = bytes(DNS(qr=1, qd=[], ar=[answer("a.local", "A", "192.0.2.1")]))
    assert parse_message(data).records == ()  # type: ignore[union-attr]
    records = parse_message(data, everything=True).records  # type: ignore[union-attr]
    assert [r.value for r in records] == ["192.0.2.1"]


def test_at_most_sixteen_answers() -> None:
    many = [answer("x.com", "A", f"192.0.2.{i}") for i in range(40)]
    message = parse_message(bytes(DNS(qr=1, qd=[DNSQR(qname="x.com")], an=many)))
    assert message is not None
    assert [r.value for r in message.records] == [f"192.0.2.{i}" for i in range(16)]


def test_truncated_at_every_byte_gives_nothing_or_the_first_answers() -> None:
    whole = parse_message(RESPONSE)
    assert whole is not None
    counts = set()
    for size in range(len(RESPONSE)):
        message = parse_message(RESPONSE[:size])
        if message is not None:
            assert message.records == whole.records[: len(message.records)]
            counts.add(len(message.records))
        else:
            assert size < 12 + 17 + 4
    assert counts == set(range(6))


@given(st.binary(max_size=600), st.booleans())
def test_any_bytes(data: bytes, everything: bool) -> None:
    message = parse_message(data, everything=everything)
    assert message is None or len(message.records) <= dns.ANNOUNCEMENTS


@given(st.integers(0, len(RESPONSE) - 1), st.integers(0, 255), st.integers(0, 255))
def test_damaged_bytes(position: int, first: int, second: int) -> None:
    damaged = bytearray(RESPONSE)
    damaged[position : position + 2] = bytes([first, second])
    message = parse_message(bytes(damaged))
    if message is not None:
        assert all(r.name.isprintable() and r.value.isprintable() for r in message.records)


NAME_LABELS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=20),
    min_size=1,
    max_size=8,
)


@given(NAME_LABELS, st.sampled_from(["A", "AAAA", "PTR"]))
def test_agrees_with_scapy(labels: list[str], kind: str) -> None:
    name = ".".join(labels)
    data = {"A": "192.0.2.1", "AAAA": "2001:db8::1", "PTR": name}[kind]
    packet = DNS(qr=1, qd=[DNSQR(qname=name, qtype=kind)], an=[answer(name, kind, data)])
    theirs = DNS(bytes(packet.compress()))
    ours = parse_message(bytes(packet.compress()))
    assert ours is not None
    assert f"{ours.name}." == theirs.qd[0].qname.decode()
    assert [f"{r.name}." for r in ours.records] == [theirs.an[0].rrname.decode()]
    assert ours.records[0].value == data


@pytest.mark.parametrize(
    "data",
    [
        b"\xc0\x00",  # to itself
        b"\x01a\xc0\x00",  # to its own beginning
        b"\xc0\x02\xc0\x00",  # to each other
        b"\x01a\xc0\x05\x00\x01b\x00",  # forward
        b"\x40" + b"a" * 64 + b"\x00",  # reserved label type
        b"\x3f" + b"a" * 20,  # label past the end
        b"\x01a" * 200 + b"\x00",  # too long
        b"",
    ],
)
def test_names_that_are_none(data: bytes) -> None:
    with pytest.raises((DamagedNameError, IndexError)):
        read_name(data, 0)


def test_long_chain_of_pointers_ends() -> None:
    chain = b"\x00" + b"".join(struct.pack(">H", 0xC000 | max(i - 2, 0)) for i in range(1, 9999, 2))
    assert read_name(chain, 2 * dns.JUMPS - 1) == (".", 2 * dns.JUMPS + 1)
    with pytest.raises(DamagedNameError):
        read_name(chain, 2 * dns.JUMPS + 1)


def test_a_small_message_cannot_make_long_work() -> None:
    longest = b"\1a" * 126 + b"\0"
    alias = b"\xc0\x0e" + struct.pack(">HHIH", dns.CNAME, 1, 1, 2) + b"\xc0\x0e"
    head = struct.pack(">6H", 0, 0x8000, 1, 64, 0, 0)
    message = parse_message(head + longest + b"\0\1\0\1" + alias * 64, everything=True)
    assert message is not None
    assert 0 < len(message.records) <= 1 + dns.LABELS // 250


def test_names_are_lower_case_and_cannot_hide_their_dots() -> None:
    assert read_name(b"\x03A.b\x02C\\\x01\n\x00", 0) == ("a\\.b.c\\\\.\\x0a", 10)
    assert read_name("\x05Büro\x05local\x00".encode(), 0)[0] == "büro.local"
    assert read_name(b"\x00", 0) == (".", 1)


def test_memo_ignores_the_transaction_id_and_stays_bounded() -> None:
    memo = Memo(everything=False)
    first = memo.read(RESPONSE)
    assert memo.read(b"\xab\xcd" + RESPONSE[2:]) is first
    assert first == parse_message(RESPONSE)
    for number in range(3 * dns.MEMO_ENTRIES):
        memo.read(b"\0\0" + number.to_bytes(3, "big"))
    memo.read(RESPONSE + b"\0" * dns.MEMO_BYTES)
    assert len(memo._known) <= dns.MEMO_ENTRIES
    assert memo.read(RESPONSE) == first
