"""A link header taken for another turns a whole capture into garbage, or into nothing."""

import pytest

from tests.oracles import frames as f
from tests.support.parsing import parse

V4 = ("10.0.0.1", "192.0.2.7")
IP4 = f.ipv4(V4, 17, f.udp((1_000, 53), b"query"))
IP6 = f.ipv6(("2001:db8::1", "2001:db8::2"), 17, f.udp((1_000, 53), b"query"))
MAC = int.from_bytes(f.MAC_A, "big")
SLL = bytes(4) + b"\0\6" + f.MAC_A + b"\0\0"
SLL2_TAIL = bytes(9) + b"\6" + f.MAC_A + b"\0\0"

CARRIERS = {
    "ethernet": (1, f.ethernet(0x0800, IP4)),
    "snap": (1, f.snap(0x0800, IP4)),
    "vlan": (1, f.ethernet(0x8100, f.vlan(7, 0x0800, IP4))),
    "vlan 9100": (1, f.ethernet(0x9100, f.vlan(7, 0x0800, IP4))),
    "qinq": (1, f.ethernet(0x88A8, f.vlan(7, 0x8100, f.vlan(8, 0x0800, IP4)))),
    "mpls": (1, f.ethernet(0x8847, f.mpls(3, IP4))),
    "mpls multicast": (1, f.ethernet(0x8848, f.mpls(1, IP4))),
    "pseudo-wire": (1, f.ethernet(0x8847, f.mpls(1, f.ethernet(0x0800, IP4)))),
    "pseudo-wire with control": (
        1, f.ethernet(0x8847, f.mpls(2, bytes(4) + f.ethernet(0x0800, IP4))),
    ),
    "pppoe": (1, f.ethernet(0x8864, f.pppoe(0x21, IP4))),
    "vlan pppoe mpls": (
        1, f.ethernet(0x8100, f.vlan(7, 0x8864, f.pppoe(0x281, f.mpls(1, IP4)))),
    ),
    "null": (0, (2).to_bytes(4, "little") + IP4),
    "null of a big-endian host": (0, (2).to_bytes(4, "big") + IP4),
    "loop": (108, (2).to_bytes(4, "big") + IP4),
    "ppp": (9, f.ppp(0x21, IP4)),
    "ppp framed": (9, f.ppp(0x21, IP4, framed=True)),
    "ppp short": (50, f.ppp(0x21, IP4, framed=True, short=True)),
    "pppoe link": (51, f.pppoe(0x21, IP4)),
    "raw": (101, IP4),
    "raw of OpenBSD": (14, IP4),
    "raw of others": (12, IP4),
    "ipv4": (228, IP4),
    "hdlc": (104, b"\x0f\0\x08\0" + IP4),
    "sll": (113, SLL + b"\x08\0" + IP4),
    "sll2": (276, b"\x08\0" + SLL2_TAIL + IP4),
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIERS)
def test_the_packet_is_found_in_every_carrier(name: str) -> None:
    linktype, data = CARRIERS[name]
    reason, packet = parse(data, linktype)
    assert reason == "ok"
    assert (packet["proto"], packet["sport"], packet["dport"]) == (17, 1_000, 53)
    assert (packet["ip_bytes"], packet["payload"]) == (len(IP4), 5)
    assert data[packet["payload_at"] :] == b"query"


@pytest.mark.parametrize(
    ("linktype", "data"),
    [
        (1, f.ethernet(0x86DD, IP6)), (0, (30).to_bytes(4, "little") + IP6), (9, f.ppp(0x57, IP6)),
        (101, IP6), (229, IP6), (113, SLL + b"\x86\xdd" + IP6),
        (276, b"\x86\xdd" + SLL2_TAIL + IP6),
        (1, f.ethernet(0x8847, f.mpls(1, IP6))),
    ],
)  # fmt: skip
def test_ipv6_is_found_too(linktype: int, data: bytes) -> None:
    reason, packet = parse(data, linktype)
    assert (reason, packet["proto"], packet["dst_lo"]) == ("ok", 17, 2)


@pytest.mark.parametrize("name", CARRIERS)
def test_cut_anywhere_is_counted_never_read_beyond(name: str) -> None:
    linktype, data = CARRIERS[name]
    reasons = [parse(data[:cut], linktype, len(data))[0] for cut in range(len(data))]
    allowed = {"truncated_link", "truncated_ip", "truncated_transport", "no_ip", "ok"}
    assert set(reasons) <= allowed
    header = len(data) - len(IP4)
    assert set(reasons[:header]) <= {"truncated_link", "no_ip"}
    assert set(reasons[header + 24 :]) == {"ok"}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(0x88CC, "no_ip"), (0x0026, "no_ip"), (0x8035, "no_ip"), (0x0806, "arp")],
)
def test_what_is_no_ip_is_said_so(kind: int, reason: str) -> None:
    assert parse(f.ethernet(kind, bytes(46)))[0] == reason


@pytest.mark.parametrize("linktype", [2, 105, 119, 127, 147, 195, 65_535])
def test_unknown_link_types_are_counted(linktype: int) -> None:
    assert parse(IP4, linktype)[0] == "unknown_link"


def test_addresses_and_tags_of_the_link_are_kept() -> None:
    _, packet = parse(CARRIERS["qinq"][1])
    assert (packet["src_mac"], packet["dst_mac"]) == (MAC, MAC + 1)
    assert (packet["vlan"], packet["inner_vlan"]) == (7, 8)
    for name in ("sll", "sll2"):
        linktype, data = CARRIERS[name]
        assert parse(data, linktype)[1]["src_mac"] == MAC


def test_priority_and_drop_bits_are_no_part_of_a_vlan() -> None:
    _, packet = parse(f.ethernet(0x8100, f.vlan(0xF00A, 0x0800, IP4)))
    assert packet["vlan"] == 10


def test_a_tower_of_tags_is_given_up() -> None:
    """A frame of nothing but tags must not cost more than a frame."""
    tower = b"\0\1\x81\0" * 300
    assert parse(f.ethernet(0x8100, tower))[0] == "too_deep"
    assert parse(f.ethernet(0x8847, f.mpls(250, IP4)))[0] == "ok"
