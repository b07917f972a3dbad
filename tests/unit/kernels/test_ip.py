"""Lengths decide where a packet ends: padding is no payload, and a lie is no licence to read on."""

import pytest

from appliance.kernels.packet import PACKET_FRAGMENT, PACKET_IPV6
from tests.oracles import frames as f
from tests.support.parsing import parse

V4 = ("10.0.0.1", "192.0.2.7")
V6 = ("2001:db8::1", "2001:db8::2")
UDP = f.udp((1_000, 53), b"query")


def test_padding_is_no_part_of_the_packet() -> None:
    for packet in (f.ipv4(V4, 17, UDP), f.ipv6(V6, 17, UDP)):
        kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
        reason, parsed = parse(f.ethernet(kind, packet + bytes(20)))
        assert (reason, parsed["ip_bytes"], parsed["payload"]) == ("ok", len(packet), 5)


def test_length_zero_is_what_segmentation_offload_leaves() -> None:
    big = f.tcp((1, 2), body=bytes(3_000))
    assert parse(f.ethernet(0x0800, f.ipv4(V4, 6, big, total=0)))[1]["payload"] == 3_000
    assert parse(f.ethernet(0x86DD, f.ipv6(V6, 6, big, length=0)))[1]["payload"] == 3_000


def test_a_frame_cut_by_the_snap_length_keeps_its_true_lengths() -> None:
    whole = f.ethernet(0x0800, f.ipv4(V4, 6, f.tcp((1, 2), body=bytes(1_000))))
    _, parsed = parse(whole[:80], 1, len(whole))
    assert (parsed["ip_bytes"], parsed["payload"], parsed["captured"]) == (1_040, 1_000, 26)


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (f.ipv4(V4, 17, UDP)[:19], "truncated_ip"),
        (b"\x65" + f.ipv4(V4, 17, UDP)[1:], "bad_ip_header"),  # version
        (b"\x44" + f.ipv4(V4, 17, UDP)[1:], "bad_ip_header"),  # header length
        (b"\x4f" + f.ipv4(V4, 17, UDP)[1:], "bad_ip_header"),  # longer than the datagram
        (f.ipv4(V4, 17, UDP, total=19), "bad_ip_header"),
        (f.ipv4(V4, 17, UDP, total=21), "bad_transport"),
        (f.ipv4(V4, 17, UDP, total=9_999), "ok"),
    ],
)
def test_headers_that_cannot_be_are_counted_by_reason(packet: bytes, reason: str) -> None:
    assert parse(f.ethernet(0x0800, packet))[0] == reason


def test_options_are_stepped_over() -> None:
    packet = f.ipv4(V4, 17, UDP, options=b"\x94\4\0\0" * 10)
    assert parse(f.ethernet(0x0800, packet))[1]["dport"] == 53


@pytest.mark.parametrize(
    "wrapped",
    [
        (0, f.extension(17, UDP)), (43, f.extension(17, UDP, 2)), (60, f.extension(17, UDP)),
        (135, f.extension(17, UDP)), (139, f.extension(17, UDP)), (140, f.extension(17, UDP)),
        (51, f.authentication(17, UDP)), (44, f.fragment6(17, 9, 0, False, UDP)),
        (0, f.extension(60, f.extension(51, f.authentication(17, UDP)))),
    ],
)  # fmt: skip
def test_extension_headers_are_stepped_over(wrapped: tuple[int, bytes]) -> None:
    reason, parsed = parse(f.ethernet(0x86DD, f.ipv6(V6, *wrapped)))
    assert (reason, parsed["proto"], parsed["dport"], parsed["payload"]) == ("ok", 17, 53, 5)
    assert parsed["bits"] == PACKET_IPV6  # an atomic fragment is none


def test_extension_headers_end_somewhere() -> None:
    following, body = 17, UDP
    for _ in range(40):
        following, body = 60, f.extension(following, body)
    assert parse(f.ethernet(0x86DD, f.ipv6(V6, following, body)))[0] == "too_deep"
    longer_than_packet = f.extension(17, UDP, 0)[:1] + b"\xff" + bytes(30)
    assert parse(f.ethernet(0x86DD, f.ipv6(V6, 0, longer_than_packet)))[0] == "bad_ip_header"


def test_fragments_carry_their_identification_and_place() -> None:
    _, four = parse(f.ethernet(0x0800, f.ipv4(V4, 17, bytes(8), ident=77, offset=1_480)))
    body = f.fragment6(17, 70_000, 1_448, True, bytes(8))
    _, six = parse(f.ethernet(0x86DD, f.ipv6(V6, 44, body)))
    for parsed, ident, offset in ((four, 77, 1_480), (six, 70_000, 1_448)):
        assert parsed["bits"] & PACKET_FRAGMENT
        assert (parsed["credit_bytes"], parsed["credit_ip_bytes"]) == (ident, offset)
        assert (parsed["sport"], parsed["dport"], parsed["payload"]) == (0, 0, 8)


def test_a_routing_header_names_the_true_destination_while_it_is_not_reached() -> None:
    for left, wanted in ((1, 0x77), (0, 2)):
        packet = f.ipv6(V6, 43, f.routed(17, "2001:db8::77", left, UDP))
        reason, parsed = parse(f.ethernet(0x86DD, packet))
        assert (reason, parsed["src_lo"], parsed["dst_lo"]) == ("ok", 1, wanted)


@pytest.mark.parametrize("padding", [0, 1])
def test_a_home_address_is_who_the_sender_is(padding: int) -> None:
    packet = f.ipv6(V6, 60, f.mobile(17, "2001:db8::77", padding, UDP))
    reason, parsed = parse(f.ethernet(0x86DD, packet))
    assert (reason, parsed["src_lo"], parsed["dst_lo"]) == ("ok", 0x77, 2)
