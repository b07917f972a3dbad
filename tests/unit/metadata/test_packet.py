import numpy as np

from appliance.metadata.packet import CHUNK, iter_packets
from appliance.model.address import parse_address
from appliance.model.sample import SampleKind, Samples
from tests.support.samples import Row, make_samples


def test_fields_and_payloads_arrive_in_order() -> None:
    rows = [
        Row(SampleKind.DNS, b"one", 7, 123, "10.0.0.1", "2001:db8::1"),
        Row(SampleKind.ARP, b"", wire_length=9),
        Row(SampleKind.SSH, b"three", seq=0xFFFFFFFF, proto=6, from_orig=0),
    ]
    first, second, third = iter_packets(make_samples(*rows))
    assert (first.kind, first.flow_id, first.ts_ns, first.payload) == (1, 7, 123, b"one")
    assert (first.src_hi, first.src_lo) == parse_address("10.0.0.1")
    assert (first.dst_hi, first.dst_lo) == parse_address("2001:db8::1")
    assert not first.cut
    assert second.cut
    assert (third.seq, third.proto, third.from_orig, third.payload) == (0xFFFFFFFF, 6, 0, b"three")


def test_ticks_beyond_one_chunk() -> None:
    samples = make_samples(Row(SampleKind.DNS, b"x"))
    many = Samples(np.repeat(samples.headers, 2 * CHUNK + 1), samples.data)
    assert sum(p.payload == b"x" for p in iter_packets(many)) == 2 * CHUNK + 1


def test_an_offset_beyond_the_data_gives_what_is_there() -> None:
    samples = make_samples(Row(SampleKind.DNS, b"abc"))
    samples.headers["offset"] = 2
    assert next(iter_packets(samples)).payload == b"c"
