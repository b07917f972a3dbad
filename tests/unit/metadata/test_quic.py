"""Guards against datagrams that cost too much, and pins the key schedule to the RFCs' examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata import quic
from appliance.metadata.quic import derive_keys, find_initials, make_opener, read_crypto
from tests.support.hellos import build_initial, crypto_frame, varint

EXAMPLE_ID = bytes.fromhex("8394c8f03e515708")
VERSION_2 = 0x6B3343CF
DRAFT_29 = 0xFF00001D


def test_keys_of_rfc_9001_and_rfc_9369() -> None:
    assert [k.hex() for k in derive_keys(1, EXAMPLE_ID)] == [
        "1f369613dd76d5467730efcbe3b1a22d",
        "fa044b2f42a3fd3b46fb255c",
        "9f50449e04a0e810283a1e9933adedd2",
    ]
    assert [k.hex() for k in derive_keys(VERSION_2, EXAMPLE_ID)] == [
        "8b1a0bc121284290a29e0971b5cd045d",
        "91f73e2351d8fa91660e909f",
        "45b95e15235d6f45a6b19cbcb0294ba9",
    ]


@pytest.mark.parametrize("version", [1, VERSION_2, DRAFT_29])
def test_initial_gives_its_frames(version: int) -> None:
    datagram = build_initial(crypto_frame(0, b"hello"), version=version, number=3, token=b"t" * 70)
    (initial,) = find_initials(datagram)
    assert (initial.version, initial.destination) == (version, EXAMPLE_ID)
    frames = make_opener(version, initial.destination).open(datagram, initial)
    assert frames is not None
    assert list(read_crypto(frames)) == [(0, b"hello")]


def test_damaged_initial_is_not_opened() -> None:
    datagram = bytearray(build_initial(crypto_frame(0, b"hello")))
    datagram[-1] ^= 1
    (initial,) = find_initials(bytes(datagram))
    assert make_opener(1, initial.destination).open(bytes(datagram), initial) is None


def test_cut_datagram_is_not_tried() -> None:
    datagram = build_initial(b"")
    assert len(find_initials(datagram)) == 1
    for size in range(len(datagram)):
        assert find_initials(datagram[:size]) == []


def test_other_packets_are_passed_over() -> None:
    initial = build_initial(b"\1", token=b"t" * 500)
    zero_rtt = bytes([0xD0]) + initial[1:6] + initial[6:14] + b"\0" + varint(30) + bytes(30)
    found = find_initials(zero_rtt + initial)
    assert [i.start for i in found] == [len(zero_rtt)]
    retry = bytes([0xF0]) + initial[1:]
    assert find_initials(retry) == []
    assert find_initials(initial[:1] + b"\x50\x51\x52\x53" + initial[5:]) == []  # other version
    assert len(find_initials(initial * 20)) == quic.COALESCED


def test_frames_in_any_mixture() -> None:
    ack = b"\2" + varint(9) + varint(0) + varint(1) + varint(0) + varint(1) + varint(2)
    ecn = b"\3" + varint(9) + varint(0) + varint(0) + varint(0) + varint(1) + varint(1) + varint(1)
    frames = (
        b"\0\0\1" + ack + crypto_frame(5, b"later") + b"\0" * 50 + ecn + crypto_frame(0, b"first")
    )
    assert list(read_crypto(frames)) == [(5, b"later"), (0, b"first")]
    assert list(read_crypto(b"\x1c" + frames)) == []  # CONNECTION_CLOSE ends it
    assert list(read_crypto(crypto_frame(0, b"x") + b"\6\0\x10short")) == [(0, b"x")]


def test_frames_are_counted() -> None:
    assert len(list(read_crypto(crypto_frame(0, b"x") * 2_000))) == quic.FRAMES


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    list(read_crypto(data))
    find_initials(data)
    find_initials(b"\xc3\0\0\0\1" + data)
    find_initials(b"\xc3\0\0\0\1\x08" + EXAMPLE_ID + data)


@given(st.integers(0, 40), st.integers(0, 255))
def test_damaged_headers(position: int, value: int) -> None:
    datagram = bytearray(build_initial(crypto_frame(0, b"hello")))
    datagram[position] = value
    for initial in find_initials(bytes(datagram)):
        make_opener(initial.version, initial.destination).open(bytes(datagram), initial)


@given(st.integers(0, 2**30 - 1))
def test_varint(value: int) -> None:
    assert quic.read_varint(varint(value), 0) == (value, len(varint(value)))
    assert quic.read_varint(varint(value)[:-1], 0) == (0, -1)
