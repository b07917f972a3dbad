"""Guards against hellos that are never finished, or come in pieces without number."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata import hellos
from appliance.metadata.hellos import Fragments, QuicHellos, TlsHellos
from appliance.metadata.packet import Packet, iter_packets
from appliance.metadata.tls import ClientHello
from appliance.model.sample import SampleKind
from tests.support.hellos import (
    block,
    build_hello,
    build_initial,
    build_records,
    chrome_extensions,
    crypto_frame,
)
from tests.support.samples import SECOND_NS, Row, make_samples

# As large as one with post-quantum keys.
HELLO = build_hello([*chrome_extensions(), (51, b"k" * 1_300)])
RECORDS = build_records(HELLO)


def packet(kind: SampleKind, payload: bytes, **fields: int) -> Packet:
    return next(iter_packets(make_samples(Row(kind, payload, **fields))))  # type: ignore[arg-type]


def segment(stream: bytes, start: int, end: int, base: int = 1_000, **fields: int) -> Packet:
    seq = base + start & 0xFFFFFFFF
    return packet(SampleKind.TLS, stream[start:end], seq=seq, proto=6, **fields)


def is_whole(hello: ClientHello | None) -> bool:
    return hello is not None and hello.complete and hello.server_name == "www.example.com"


class TestFragments:
    @given(st.permutations(range(12)), st.integers(0, 30))
    def test_any_order_and_overlap(self, order: list[int], overlap: int) -> None:
        stream = bytes(range(120))
        fragments = Fragments()
        for i in order:
            fragments.add(10 * i, stream[10 * i : 10 * i + 10 + overlap])
        assert fragments.join() == stream

    def test_stops_at_a_hole(self) -> None:
        fragments = Fragments()
        fragments.add(0, b"ab")
        fragments.add(3, b"d")
        assert fragments.join() == b"ab"
        fragments.add(0, b"XYc")  # what came first stays
        assert fragments.join() == b"abcd"

    def test_bounds(self) -> None:
        fragments = Fragments()
        for i in range(10_000):
            fragments.add(i, b"x" * 20_000)
        fragments.add(0xFFFFFFFF, b"before the beginning")
        assert fragments.join() == b"x" * hellos.HELLO_BYTES
        assert len(fragments._pieces) <= hellos.PIECES


class TestTls:
    def test_one_segment_leaves_no_state(self) -> None:
        tls = TlsHellos()
        assert is_whole(tls.absorb(segment(RECORDS, 0, len(RECORDS))))
        assert tls.states.get(1) is None

    def test_two_segments_and_the_sequence_number_wraps(self) -> None:
        tls = TlsHellos()
        base = 2**32 - 700
        first = tls.absorb(segment(RECORDS, 0, 1_000, base))
        assert first is not None
        assert not first.complete
        assert first.server_name == "www.example.com"
        assert is_whole(tls.absorb(segment(RECORDS, 1_000, 2_000, base)))
        assert tls.states.get(1) is None

    def test_segments_out_of_order_and_twice(self) -> None:
        tls = TlsHellos()
        tls.absorb(segment(RECORDS, 0, 300))
        tls.absorb(segment(RECORDS, 900, 2_000))
        tls.absorb(segment(RECORDS, 0, 300))
        assert is_whole(tls.absorb(segment(RECORDS, 200, 1_000)))

    def test_many_small_records_in_many_segments(self) -> None:
        stream = build_records(HELLO, 100)
        tls = TlsHellos()
        found = [tls.absorb(segment(stream, i, i + 50)) for i in range(0, len(stream), 50)]
        assert is_whole(found[-1])
        assert not any(is_whole(hello) for hello in found[:-1])

    def test_the_other_direction_and_other_messages_are_not_mixed_in(self) -> None:
        tls = TlsHellos()
        tls.absorb(segment(RECORDS, 0, 1_000))
        assert tls.absorb(segment(RECORDS, 1_000, 2_000, from_orig=0)) is None
        assert is_whole(tls.absorb(segment(RECORDS, 1_000, 2_000)))
        server_hello = build_records(b"\2" + block(bytes(70), 3))
        assert tls.absorb(segment(server_hello, 0, 99)) is None
        assert tls.states.get(1) is None

    def test_cut_at_every_byte(self) -> None:
        for size in range(0, len(RECORDS), 7):
            hello = TlsHellos().absorb(segment(RECORDS, 0, size))
            assert hello is None or not hello.complete

    def test_unfinished_hellos_are_bounded_and_the_oldest_gives_way(self) -> None:
        tls = TlsHellos()
        first = segment(RECORDS, 0, 200)
        for flow_id in range(1, hellos.STREAMS + 11):
            tls.absorb(first._replace(flow_id=flow_id))
        assert tls.states.evicted == 10
        assert tls.states.get(10) is None
        assert tls.states.get(11) is not None
        last = segment(RECORDS, 200, 2_000)._replace(flow_id=hellos.STREAMS)
        assert is_whole(tls.absorb(last))


def datagram(frames: bytes, *, ts_ns: int = 0, **options: object) -> Packet:
    payload = build_initial(frames, **options)  # type: ignore[arg-type]
    return packet(SampleKind.QUIC, payload, ts_ns=ts_ns)


class TestQuic:
    def test_one_datagram(self) -> None:
        quic = QuicHellos(10)
        small = build_hello(chrome_extensions())
        assert is_whole(quic.absorb(datagram(crypto_frame(0, small))))
        assert quic.states.get(1) is None

    def test_scattered_over_datagrams_with_another_destination_id(self) -> None:
        quic = QuicHellos(10)
        original = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08"
        first = crypto_frame(1_500, HELLO[1_500:]) + b"\1" + crypto_frame(0, HELLO[:600])
        second = crypto_frame(600, HELLO[600:1_500])
        assert quic.absorb(datagram(first)) is not None
        options = {"destination": b"of the server", "keys_from": original, "number": 1}
        assert is_whole(quic.absorb(datagram(second, **options)))

    def test_keys_change_with_a_retry(self) -> None:
        quic = QuicHellos(10)
        small = build_hello(chrome_extensions())
        quic.absorb(datagram(crypto_frame(0, small[:100])))
        assert is_whole(quic.absorb(datagram(crypto_frame(0, small), destination=b"retried")))

    def test_a_cut_datagram_is_not_decrypted(self) -> None:
        quic = QuicHellos(10)
        whole = datagram(crypto_frame(0, HELLO[:1_000]))
        assert quic.absorb(whole._replace(wire_length=whole.wire_length + 1)) is None
        assert quic.absorb(whole._replace(payload=whole.payload[:-1])) is None
        assert quic.states.get(1) is None

    def test_decryptions_per_second_of_packet_time_are_limited(self) -> None:
        quic = QuicHellos(3)
        damaged = datagram(b"")
        damaged = damaged._replace(payload=damaged.payload[:-1] + b"?")
        for i in range(10):
            quic.absorb(damaged._replace(flow_id=i + 1))
        assert quic.refused == 7
        small = build_hello(chrome_extensions())
        good = datagram(crypto_frame(0, small))
        assert quic.absorb(good) is None
        assert is_whole(quic.absorb(good._replace(ts_ns=SECOND_NS)))
        assert quic.refused == 8

    def test_a_flow_is_given_up_after_some_packets(self) -> None:
        quic = QuicHellos(100)
        for number in range(hellos.INITIALS):
            quic.absorb(datagram(crypto_frame(0, HELLO[:50]), number=number))
        assert quic.absorb(datagram(crypto_frame(0, HELLO[:1_000]), number=9)) is None
