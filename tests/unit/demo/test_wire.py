"""Frames against RFC 1071 done slowly, and against what each header must say."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.demo.conversation import (
    ACK,
    ARP,
    FIN,
    ICMP,
    ICMPV6,
    REPEAT,
    SYN,
    TCP,
    UDP,
    Conversation,
    Endpoint,
    Step,
)
from appliance.demo.wire import Encoder, ones_sum

V4 = (
    Endpoint(b"\2\0\0\0\0\1", bytes([192, 168, 20, 5]), 40_000, 64),
    Endpoint(b"\2\0\0\0\0\2", bytes([8, 8, 8, 8]), 443, 55),
)
V6 = tuple(end._replace(ip=b"\x20\x01" + bytes(13) + end.ip[-1:]) for end in V4)


def slow_sum(data: bytes) -> int:
    total = 0
    for index in range(0, len(data), 2):
        total += data[index] << 8 | (data[index + 1] if index + 1 < len(data) else 0)
        total = (total & 0xFFFF) + (total >> 16)
    return total


def pseudo(ends: tuple[Endpoint, Endpoint], proto: int, length: int) -> bytes:
    return ends[0].ip + ends[1].ip + struct.pack("!II", length, proto)


def encode(ends, proto: int, *steps: Step, seed: int = 7):
    encoder = Encoder(Conversation(0, ends[0], ends[1], proto, list(steps)), seed)
    return [encoder.encode(step) for step in steps]


@given(st.binary(max_size=200))
def test_sum_is_the_slow_one_up_to_the_two_zeros(data: bytes) -> None:
    assert ones_sum(data) % 0xFFFF == slow_sum(data) % 0xFFFF


@pytest.mark.parametrize(
    ("ends", "proto"), [(V4, TCP), (V4, UDP), (V4, ICMP), (V6, TCP), (V6, UDP), (V6, ICMPV6)]
)
@given(payload=st.binary(min_size=8, max_size=90), extra=st.integers(0, 1_000))
def test_checksums_verify(ends, proto: int, payload: bytes, extra: int) -> None:
    (frame,) = encode(ends, proto, Step(0, True, ACK, payload, len(payload) + extra))
    header = 20 if ends is V4 else 40
    body = frame.data[14 + header :]
    if ends is V4:
        assert slow_sum(frame.data[14:34]) == 0xFFFF
    length = frame.wire_bytes - 14 - header
    if frame.wire_bytes > 60:  # padding is not part of the packet
        covered = body if proto == ICMP else pseudo(ends, proto, length) + body
        assert slow_sum(covered) == 0xFFFF


@pytest.mark.parametrize("ends", [V4, V6])
def test_headers_state_the_length_on_the_wire_not_the_one_captured(ends) -> None:
    (frame,) = encode(ends, UDP, Step(0, True, 0, b"ab", 500))
    at = 16 if ends is V4 else 18
    stated = int.from_bytes(frame.data[at : at + 2])
    assert stated == (528 if ends is V4 else 508)
    assert frame.wire_bytes == (542 if ends is V4 else 562)
    assert frame.data.endswith(b"ab")


def test_sequence_numbers_count_syn_fin_and_payload_and_are_acknowledged() -> None:
    steps = [
        Step(0, True, SYN, b"", 0),
        Step(0, False, SYN | ACK, b"", 0),
        Step(0, True, ACK, b"hello", 100),
        Step(0, True, ACK | REPEAT, b"", 100),
        Step(0, True, FIN | ACK, b"", 0),
        Step(0, False, ACK, b"", 0),
    ]
    heads = [struct.unpack_from("!HHIIBB", frame.data, 34) for frame in encode(V4, TCP, *steps)]
    syn, synack, data, again, fin, last = heads
    assert (syn[0], syn[1]) == (40_000, 443)
    assert (synack[0], synack[1]) == (443, 40_000)
    assert syn[3] == 0
    assert synack[3] == (syn[2] + 1) % 2**32
    assert data[2:4] == ((syn[2] + 1) % 2**32, (synack[2] + 1) % 2**32)
    assert again[2] == data[2]
    assert fin[2] == (data[2] + 100) % 2**32
    assert last[3] == (fin[2] + 1) % 2**32
    assert last[2] == (synack[2] + 1) % 2**32


def test_short_frames_are_padded_on_the_wire() -> None:
    (frame,) = encode(V4, TCP, Step(0, True, ACK, b"", 0))
    assert (len(frame.data), frame.wire_bytes) == (54, 60)


def test_arp_has_no_ip_header() -> None:
    ends = tuple(end._replace(ip=b"") for end in V4)
    (frame,) = encode(ends, ARP, Step(0, False, 0, b"x" * 28, 46))
    assert frame.data == V4[0].mac + V4[1].mac + b"\x08\x06" + b"x" * 28
    assert frame.wire_bytes == 60


def test_direction_swaps_everything() -> None:
    (frame,) = encode(V4, UDP, Step(0, False, 0, b"", 0))
    assert frame.data[:12] == V4[0].mac + V4[1].mac
    assert frame.data[26:34] == V4[1].ip + V4[0].ip
    assert frame.data[22] == 55


def test_sequence_numbers_wrap() -> None:
    steps = [Step(0, True, ACK, b"", 65_000)] * 70_000
    encoder = Encoder(Conversation(0, *V4, TCP, steps), 1)
    seen = {encoder.encode(step).data[38:42] for step in steps[:70_000:700]}
    assert len(seen) == 100
