"""Payloads for metadata: the right ones, not too many, and the same ones every time."""

import pytest

from appliance.kernels.sampling import MAX_SAMPLE
from appliance.model.sample import SampleKind
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import Said, make_table, run_table

A, B = "10.0.0.1", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND
HELLO = b"\x16\x03\x01\x00\x40\x01" + bytes(63)  # a record of 64 bytes: whole
LONG_HELLO = b"\x16\x03\x01\x08\x00\x01" + bytes(500)  # a record of 2048 bytes: the beginning
QUIC = b"\xc0\x00\x00\x00\x01" + bytes(60)


def tcp(body: bytes, *, back: bool = False, ports: tuple[int, int] = (40_000, 443)) -> bytes:
    ends = (B, A) if back else (A, B)
    return f.ethernet(0x0800, f.ipv4(ends, 6, f.tcp(ports[::-1] if back else ports, body=body)))


def udp(body: bytes, ports: tuple[int, int] = (40_000, 443), *, back: bool = False) -> bytes:
    ends = (B, A) if back else (A, B)
    return f.ethernet(0x0800, f.ipv4(ends, 17, f.udp(ports[::-1] if back else ports, body)))


def run(*frames: bytes, per_s: int = 100, step_ns: int = 1) -> Said:
    arrivals = [Arrival(START_NS + n * step_ns, frame) for n, frame in enumerate(frames)]
    return run_table(make_table(Limits(), samples_per_s=per_s), arrivals, 100)


def kinds(said: Said) -> list[SampleKind]:
    return [SampleKind(int(header["kind"])) for header, _ in said.samples]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (udp(b"query", (40_000, 53)), SampleKind.DNS),
        (udp(b"answer", (53, 40_000)), SampleKind.DNS),
        (udp(b"query", (5353, 5353)), SampleKind.MDNS),
        (udp(b"query", (40_000, 5355)), SampleKind.LLMNR),
        (udp(b"query", (137, 137)), SampleKind.NBNS),
        (udp(b"query", (68, 67)), SampleKind.DHCP),
        (udp(b"query", (546, 547)), SampleKind.DHCPV6),
        (udp(b"query", (40_000, 1900)), SampleKind.SSDP),
        (udp(QUIC), SampleKind.QUIC),
        (udp(b"\xd0\x6b\x33\x43\xcf" + bytes(60)), SampleKind.QUIC),  # version 2
        (tcp(HELLO), SampleKind.TLS),
        (tcp(b"SSH-2.0-x", ports=(40_000, 22)), SampleKind.SSH),
        (tcp(b"GET / HTTP/1.1\r\n", ports=(40_000, 80)), SampleKind.HTTP),
        (tcp(b"OPTIONS * HTTP/1.1\r\n", ports=(40_000, 8_080)), SampleKind.HTTP),
        (tcp(b"\0\x20query", ports=(40_000, 53)), SampleKind.DNS),
        (f.ethernet(0x0806, bytes(28)), SampleKind.ARP),
    ],
)
def test_what_metadata_wants_is_handed_over_whole(frame: bytes, kind: SampleKind) -> None:
    said = run(frame)
    assert kinds(said) == [kind]
    header, payload = said.samples[0]
    assert frame.endswith(payload)
    assert header["wire_length"] == header["length"] == len(payload)
    assert header["ts_ns"] == START_NS
    assert header["src_mac"] == int.from_bytes(f.MAC_A, "big")
    if kind != SampleKind.ARP:
        assert header["flow_id"] == said.ended[0]["id"]


@pytest.mark.parametrize(
    "frame",
    [
        udp(b"\x40" + bytes(60)), udp(b"\xc0\0\0\0\0" + bytes(60)),  # short header, negotiation
        udp(b"\xf0\0\0\0\1" + bytes(60)), udp(b"abc", (40_000, 53)), tcp(b"plain text"),
        tcp(b"\x16\x03\x01\x00\x40\x02" + bytes(63)), tcp(b"GET"), f.ethernet(0x0806, bytes(27)),
    ],
)  # fmt: skip
def test_what_it_does_not_want_stays(frame: bytes) -> None:
    assert run(frame).samples == []


def test_a_hello_in_several_segments_is_followed() -> None:
    said = run(tcp(LONG_HELLO), tcp(b"more"), tcp(b"more"), tcp(b"enough"))
    assert [payload[:4] for _, payload in said.samples] == [LONG_HELLO[:4], b"more", b"more"]


def test_a_whole_hello_ends_the_interest_in_that_side() -> None:
    assert kinds(run(tcp(HELLO), tcp(HELLO), tcp(HELLO))) == [SampleKind.TLS]


def test_three_payloads_of_a_side_are_looked_at() -> None:
    assert run(tcp(b"text"), tcp(b"text"), tcp(b"text"), tcp(HELLO)).samples == []
    assert kinds(run(tcp(b"text"), tcp(b"text"), tcp(HELLO))) == [SampleKind.TLS]


def test_replies_do_not_use_up_what_requests_may_have() -> None:
    said = run(*[tcp(b"text", back=True)] * 5, tcp(b"SSH-2.0-x"))
    assert kinds(said) == [SampleKind.SSH]


def test_quic_is_taken_from_the_originator_only() -> None:
    said = run(udp(b"\x40" + bytes(60)), udp(QUIC, back=True))
    assert said.samples == []


def test_samples_say_who_sent_them() -> None:
    said = run(udp(b"query", (40_000, 53)), udp(b"answer", (40_000, 53), back=True))
    first, second = (header for header, _ in said.samples)
    assert (first["from_orig"], second["from_orig"]) == (1, 0)
    assert (first["src_port"], first["dst_port"], second["src_port"]) == (40_000, 53, 53)
    assert first["src_lo"] == second["dst_lo"] == 0xFFFF << 32 | 0x0A000001


def test_arp_has_nothing_of_the_packet_before_it() -> None:
    said = run(udp(b"query", (40_000, 53)), f.ethernet(0x0806, bytes(28)))
    (arp,) = (header for header, _ in said.samples if header["kind"] == SampleKind.ARP)
    names = ("flow_id", "src_hi", "src_lo", "dst_hi", "dst_lo", "src_port", "dst_port", "proto")
    assert {name: int(arp[name]) for name in names} == dict.fromkeys(names, 0)


def test_only_so_many_a_second_of_packet_time() -> None:
    queries = [udp(b"query", (40_000 + n, 53)) for n in range(30)]
    said = run(*queries, per_s=4, step_ns=SECOND // 10)
    assert len(said.samples) == 12
    assert said.statistics.samples_dropped == 18


def test_none_are_taken_when_metadata_is_off() -> None:
    said = run(udp(b"query", (40_000, 53)), f.ethernet(0x0806, bytes(28)), per_s=0)
    assert said.samples == []
    assert said.statistics.samples_dropped == 0


def test_long_payloads_are_cut_and_say_so() -> None:
    frame = udp(bytes(5_000), (40_000, 53))
    (header, payload), *_ = run(frame).samples
    assert (len(payload), header["length"], header["wire_length"]) == (
        MAX_SAMPLE,
        MAX_SAMPLE,
        5_000,
    )


def test_more_samples_than_an_output_holds_come_in_several() -> None:
    queries = [udp(bytes(1_000), (1_024 + n, 53)) for n in range(2_500)]
    said = run(*queries, per_s=10_000)
    assert len(said.samples) == 2_500
    assert {len(payload) for _, payload in said.samples} == {1_000}


def test_fragments_are_not_sampled() -> None:
    piece = f.ipv4((A, B), 17, f.udp((40_000, 53), bytes(16), 80), ident=1, more=True)
    assert run(f.ethernet(0x0800, piece)).samples == []
