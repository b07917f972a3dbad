import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.files import open_file
from appliance.errors import FormatError

TIMES = st.integers(0, 2**32 - 1)
SIZES = st.tuples(st.binary(max_size=80), st.integers(0, 2**32 - 1))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("nanoseconds", [False, True])
def test_all_four_magics(write, read, save, packets, order, nanoseconds) -> None:
    content = write.pcap(packets, order=order, nanoseconds=nanoseconds)
    source = open_file(save(content))
    assert read.plain(source) == packets
    counters = source.statistics()
    assert (counters.frames, counters.damaged) == (len(packets), 0)
    assert counters.bytes == sum(packet.wirelen for packet in packets)


@given(
    stamps=st.lists(st.tuples(TIMES, st.integers(0, 999_999_999), SIZES), max_size=30),
    order=st.sampled_from("<>"),
    linktype=st.sampled_from([0, 1, 101, 113, 276, 65_535]),
)
def test_what_was_written_is_read(write, read, packet, tmp_path_factory, stamps, order, linktype):
    written = [
        packet(second * 1_000_000_000 + ns, data, wirelen, linktype)
        for second, ns, (data, wirelen) in stamps
    ]
    path = tmp_path_factory.getbasetemp() / "random.pcap"
    path.write_bytes(write.pcap(written, order=order, nanoseconds=True, linktype=linktype))
    assert read.plain(open_file(path)) == written


def test_longer_record_headers_of_the_old_linux_variant(write, read, save, packets) -> None:
    content = write.pcap(packets, magic=0xA1B2CD34)
    assert read.plain(open_file(save(content))) == packets


@pytest.mark.parametrize(("minor", "swapped"), [(2, True), (3, True), (3, False), (4, False)])
def test_lengths_were_exchanged_before_version_2_4(write, read, save, packets, minor, swapped):
    plain = [one for one in packets if one.wirelen > len(one.data)]
    content = bytearray(write.pcap(plain, version=(2, minor)))
    position = 24
    for one in plain:
        lengths = (one.wirelen, len(one.data)) if swapped else (len(one.data), one.wirelen)
        struct.pack_into("<II", content, position + 8, *lengths)
        position += 16 + len(one.data)
    assert read.plain(open_file(save(bytes(content)))) == plain


def test_bits_above_the_link_type_are_not_part_of_it(write, read, save, packets) -> None:
    content = write.pcap(packets[:1], linktype=0x2400_0001)
    assert read.plain(open_file(save(content)))[0].linktype == 1
    unknown = write.pcap(packets[:1], linktype=0x0003_0001)
    assert read.plain(open_file(save(unknown)))[0].linktype == 0xFFFF


def test_cut_at_every_byte_keeps_what_is_complete(write, read, save, packets) -> None:
    few = [*packets[:3], packets[5]]
    content = write.pcap(few)
    ends = [24]
    for one in few:
        ends.append(ends[-1] + 16 + len(one.data))
    for length in range(len(content) + 1):
        path = save(content[:length])
        if length < 24:
            with pytest.raises(FormatError):
                open_file(path)
            continue
        source = open_file(path)
        complete = sum(end <= length for end in ends) - 1
        assert read.plain(source) == few[:complete]
        assert source.statistics().damaged == (length not in ends)


def test_absurd_length_ends_the_file(write, read, save, packets) -> None:
    content = write.pcap(packets[:3]) + struct.pack("<IIII", 1, 1, 262_145, 60) + bytes(300_000)
    source = open_file(save(content))
    assert read.plain(source) == packets[:3]
    assert source.statistics().damaged == 1


def test_refused_header_is_shown_with_the_name(write, save) -> None:
    content = write.pcap([], version=(77, 0))
    with pytest.raises(FormatError, match=r"odd\.pcap .* found d4 c3 b2 a1 4d 00"):
        open_file(save(content, "odd.pcap"))


@given(noise=st.binary(max_size=400))
def test_random_records_never_raise(write, read, noise, tmp_path_factory) -> None:
    path: Path = tmp_path_factory.getbasetemp() / "noise.pcap"
    path.write_bytes(write.pcap([]) + noise)
    source = open_file(path)
    read.packets(source)
    assert source.statistics().damaged <= 1
