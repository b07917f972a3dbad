"""Ports and flags make a flow what it is; what is too short for them is counted, not guessed."""

import pytest

from appliance.kernels.packet import PACKET_HAS_SEQ, PACKET_REPLY, PACKET_TWO_WAY
from tests.oracles import frames as f
from tests.support.parsing import parse

V4 = ("10.0.0.1", "192.0.2.7")
V6 = ("2001:db8::1", "2001:db8::2")


def in_ipv4(proto: int, body: bytes, cut: int = 0) -> tuple[str, dict[str, int]]:
    frame = f.ethernet(0x0800, f.ipv4(V4, proto, body))
    reason, packet = parse(frame[: len(frame) - cut], 1, len(frame))
    return reason, {name: packet[name].item() for name in packet.dtype.names}


def test_tcp_is_read_whole() -> None:
    segment = f.tcp((40_000, 443), 0xC2, 7, 2**32 - 1, b"data", window=9, options=bytes(12))
    reason, packet = in_ipv4(6, segment)
    wanted = {
        "sport": 40_000, "dport": 443, "flags": 0xC2, "seq": 7, "ack": 2**32 - 1, "window": 9,
        "payload": 4, "captured": 4, "bits": PACKET_HAS_SEQ,
    }  # fmt: skip
    assert reason == "ok"
    assert {name: packet[name] for name in wanted} == wanted


@pytest.mark.parametrize("left", range(20))
def test_tcp_cut_by_the_snap_length_is_still_a_packet_of_its_flow(left: int) -> None:
    reason, packet = in_ipv4(6, f.tcp((1, 2), f.SYN, 5, 6), 20 - left)
    assert reason == ("ok" if left >= 4 else "truncated_transport")
    if left >= 4:
        assert (packet["sport"], packet["dport"]) == (1, 2)
        assert bool(packet["bits"] & PACKET_HAS_SEQ) == (left >= 14)
        assert packet["flags"] == (f.SYN if left >= 14 else 0)
        # An unseen window is not a closed one.
        assert packet["window"] == (0x2000 if left >= 16 else 0xFFFF if left >= 14 else 0)


@pytest.mark.parametrize(
    ("proto", "body"),
    [
        (6, f.tcp((1, 2))[:19]),
        (6, f.tcp((1, 2))[:12] + b"\x40" + bytes(7)),  # data offset 4
        (6, f.tcp((1, 2))[:12] + b"\x60" + bytes(7)),  # options that are not there
        (17, f.udp((1, 2))[:7]), (136, f.udp((1, 2))[:7]), (33, f.udp((1, 2))[:7]),
        (132, f.sctp((1, 2))[:11]), (1, b"\x08\0\0"),
    ],
)  # fmt: skip
def test_headers_that_do_not_fit_are_bad(proto: int, body: bytes) -> None:
    assert in_ipv4(proto, body)[0] == "bad_transport"


@pytest.mark.parametrize(
    ("claimed", "payload"), [(8, 0), (10, 2), (13, 5), (14, 5), (0, 5), (7, 5), (65_535, 5)]
)
def test_udp_believes_its_length_only_where_it_can_be_true(claimed: int, payload: int) -> None:
    assert in_ipv4(17, f.udp((1, 2), b"12345", claimed))[1]["payload"] == payload


@pytest.mark.parametrize("proto", [136, 33])
def test_other_protocols_with_ports_have_no_length_there(proto: int) -> None:
    assert in_ipv4(proto, f.udp((1, 2), b"12345", 10))[1]["payload"] == 5


def test_sctp_has_ports_and_a_longer_header() -> None:
    _, packet = in_ipv4(132, f.sctp((5, 6), b"chunk"))
    assert (packet["sport"], packet["dport"], packet["payload"]) == (5, 6, 5)


@pytest.mark.parametrize(("asked", "answered"), [(8, 0), (13, 14), (15, 16), (17, 18), (10, 9)])
def test_icmp_requests_and_replies_point_at_each_other(asked: int, answered: int) -> None:
    _, request = in_ipv4(1, f.icmp(asked, 0, b"ping"))
    _, reply = in_ipv4(1, f.icmp(answered, 0, b"ping"))
    assert (request["sport"], request["dport"], request["payload"]) == (asked, answered, 4)
    assert (reply["sport"], reply["dport"]) == (answered, asked)
    assert request["bits"] == PACKET_TWO_WAY
    assert reply["bits"] == PACKET_TWO_WAY | PACKET_REPLY


def test_icmp_errors_keep_type_and_code_and_go_one_way() -> None:
    _, packet = in_ipv4(1, f.icmp(3, 13))
    assert (packet["sport"], packet["dport"], packet["bits"]) == (3, 13, 0)


def test_icmp_of_the_other_family_is_no_icmp() -> None:
    _, four = in_ipv4(58, f.icmp(128, 0))
    _, six = parse(f.ethernet(0x86DD, f.ipv6(V6, 1, f.icmp(8, 0))))
    assert (four["sport"], four["dport"], six["sport"], six["dport"]) == (0, 0, 0, 0)


@pytest.mark.parametrize("proto", [0, 2, 50, 51, 89, 103, 112, 253, 255])
def test_every_other_protocol_is_a_flow_without_ports(proto: int) -> None:
    reason, packet = in_ipv4(proto, b"anything")
    assert (reason, packet["proto"], packet["payload"]) == ("ok", proto, 8)
    assert (packet["sport"], packet["dport"]) == (0, 0)


def test_a_tiny_first_fragment_gives_its_ports() -> None:
    """Eight bytes of TCP are the shortest first fragment: an old way past filters."""
    body = f.tcp((40_000, 80), f.SYN)[:8]
    packet = f.ipv4(V4, 6, body, ident=1, more=True)
    reason, parsed = parse(f.ethernet(0x0800, packet))
    assert (reason, parsed["sport"], parsed["dport"], parsed["flags"]) == ("ok", 40_000, 80, 0)


def test_options_may_go_on_in_the_next_fragment() -> None:
    body = f.tcp((40_000, 80), f.SYN, 7, options=bytes(20))[:24]
    reason, parsed = parse(f.ethernet(0x0800, f.ipv4(V4, 6, body, ident=1, more=True)))
    wanted = ("ok", 40_000, f.SYN, 7, 0)
    assert (reason, *(parsed[n] for n in ("sport", "flags", "seq", "payload"))) == wanted
