import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.capture.files import open_file
from appliance.errors import FormatError

MAX_NS = 2**63 - 1


def whole_file(write, packets, order="<"):
    parts = [write.section(order), write.interface(order=order)]
    parts += [
        write.packet(one.ts_ns // 1_000, one.data, one.wirelen, order=order) for one in packets
    ]
    return b"".join(parts)


@pytest.mark.parametrize("order", ["<", ">"])
def test_both_byte_orders(write, read, save, packets, order) -> None:
    source = open_file(save(whole_file(write, packets, order)))
    assert read.plain(source) == packets
    counters = source.statistics()
    assert (counters.frames, counters.damaged) == (len(packets), 0)
    assert counters.bytes == sum(packet.wirelen for packet in packets)


def test_sections_have_their_own_order_and_interfaces(write, read, save) -> None:
    content = b"".join(
        [
            write.section("<"),
            write.interface(1, [(2, b"eth0")]),
            write.interface(101, [(2, b"tun0")]),
            write.packet(5, b"a", 1, interface=1),
            write.section(">"),
            write.interface(113, [(2, b"eth0")], order=">"),
            write.interface(228, [(2, b"late0"), (9, b"\x09")], order=">"),
            write.packet(7, b"b", 1, order=">"),
            write.packet(8, b"c", 1, interface=1, order=">"),
        ]
    )
    source = open_file(save(content))
    assert source.interfaces == ("eth0", "tun0")
    assert read.packets(source) == [
        (5_000, b"a", 1, 101, "tun0"),
        (7_000, b"b", 1, 113, "eth0"),
        (8, b"c", 1, 228, "late0"),
    ]
    assert source.interfaces == ("eth0", "tun0", "late0")


def test_nameless_interface_is_called_as_the_file(write, read, save) -> None:
    content = write.section() + write.interface() + write.packet(1, b"a", 1)
    source = open_file(save(content, "trace.pcapng"))
    assert read.packets(source)[0].interface == "trace.pcapng"


@pytest.mark.parametrize(
    ("resolution", "ticks", "ns"),
    [
        (6, 1_700_000_000_123_456, 1_700_000_000_123_456_000),
        (9, 1_700_000_000_123_456_789, 1_700_000_000_123_456_789),
        (0, 1_700_000_000, 1_700_000_000_000_000_000),
        (12, 1_700_000_000_123_456_789, 1_700_000_000_123_456),
        (0x80, 17, 17_000_000_000),
        (0x80 | 1, 3, 1_500_000_000),
        (0x80 | 20, (1_700_000_000 << 20) + (1 << 19), 1_700_000_000_500_000_000),
        (0x80 | 63, (1 << 63) + (1 << 62), 1_500_000_000),
    ],
)
def test_resolutions(write, read, save, resolution, ticks, ns) -> None:
    options = [(9, bytes([resolution]))]
    content = write.section() + write.interface(1, options) + write.packet(ticks, b"a", 1)
    assert read.packets(open_file(save(content)))[0].ts_ns == ns


@example(resolution=9, ticks=MAX_NS, offset_s=1)
@example(resolution=9, ticks=0, offset_s=-1)
@given(
    resolution=st.integers(0, 19) | st.integers(0x80, 0x80 | 63),
    ticks=st.integers(0, 2**64 - 1),
    offset_s=st.integers(-(2**33), 2**33),
)
def test_time_equals_exact_arithmetic(write, read, tmp_path_factory, resolution, ticks, offset_s):
    per_second = 2 ** (resolution & 0x7F) if resolution & 0x80 else 10**resolution
    exact = ticks * 1_000_000_000 // per_second + offset_s * 1_000_000_000
    options = [(9, bytes([resolution])), (14, struct.pack("<q", offset_s))]
    path = tmp_path_factory.getbasetemp() / "time.pcapng"
    path.write_bytes(write.section() + write.interface(1, options) + write.packet(ticks, b"a", 1))
    source = open_file(path)
    seen = read.packets(source)[0].ts_ns
    unshifted = ticks * 1_000_000_000 // per_second
    clamped = unshifted > MAX_NS or not 0 <= exact <= MAX_NS
    assert source.statistics().damaged == clamped
    if unshifted <= MAX_NS:  # finer than 2**-34 s is rounded before it is scaled
        assert abs(seen - min(max(exact, 0), MAX_NS)) <= 1
    else:
        assert 0 <= seen <= MAX_NS


def test_impossible_time_options_fall_back_to_microseconds(write, read, save) -> None:
    options = [(9, b"\x14"), (14, struct.pack("<q", 2**62))]
    content = write.section() + write.interface(1, options) + write.packet(3, b"a", 1)
    source = open_file(save(content))
    assert read.packets(source)[0].ts_ns == 3_000
    assert source.statistics().damaged == 2


def test_simple_and_obsolete_packets(write, read, save) -> None:
    content = b"".join(
        [
            write.section(),
            write.interface(1, snaplen=6),
            write.packet(9, b"abcd", 10),
            write.block(3, struct.pack("<I", 3) + b"xyz"),
            write.block(3, struct.pack("<I", 9) + b"longer"),
            write.block(2, struct.pack("<HHIIII", 0, 7, 0, 11, 2, 5) + b"pb"),
        ]
    )
    assert read.plain(open_file(save(content))) == [
        (9_000, b"abcd", 10, 1, ""),
        (9_000, b"xyz", 3, 1, ""),
        (9_000, b"longer", 9, 1, ""),
        (11_000, b"pb", 5, 1, ""),
    ]


def test_other_blocks_are_stepped_over(write, read, save, packets) -> None:
    parts = [write.section(), write.block(4, b"names"), write.interface()]
    for one in packets:
        parts.append(write.block(5, bytes(40)))
        parts.append(write.packet(one.ts_ns // 1_000, one.data, one.wirelen))
        parts.append(write.block(0x4000_0BAD, b"custom"))
    source = open_file(save(b"".join(parts)))
    assert read.plain(source) == packets
    assert source.statistics().damaged == 0


@pytest.mark.parametrize(
    "bad",
    [
        struct.pack("<III", 6, 8, 8),  # shorter than a block can be
        struct.pack("<III", 6, 13, 13) + bytes(8),  # not a multiple of four
        struct.pack("<IIIIH", 5, 18, 0, 0, 0)[:14] + struct.pack("<I", 18),  # the same
        struct.pack("<IIIII", 5, 20, 0, 0, 24),  # lengths at both ends differ
        struct.pack("<II", 6, 0xFFFF_FFFC) + bytes(100),  # absurd
        struct.pack("<IIIII", 6, 20, 0, 0, 20),  # too short for a packet
        struct.pack("<IIIIIIIII", 6, 36, 9, 0, 0, 4, 4, 0, 36),  # no such interface
        struct.pack("<IIIIIIIII", 6, 36, 0, 0, 0, 5, 5, 0, 36),  # longer than the block
        struct.pack("<IIIIIII", 0x0A0D0D0A, 28, 0x11111111, 1, 0, 0, 28),  # no byte order
    ],
)
def test_bad_block_ends_the_file(write, read, save, packets, bad) -> None:
    content = whole_file(write, packets) + bad + whole_file(write, packets)
    source = open_file(save(content))
    assert read.plain(source) == packets
    assert source.statistics().damaged == 1


def test_cut_at_every_byte_keeps_what_is_complete(write, read, save, packets) -> None:
    few = packets[:3]
    content = whole_file(write, few)
    heads = len(write.section()) + len(write.interface())
    ends = [heads]
    for one in few:
        ends.append(ends[-1] + 32 + len(one.data) + -len(one.data) % 4)
    for length in range(len(content) + 1):
        path = save(content[:length])
        if length < 28:
            with pytest.raises(FormatError):
                open_file(path)
            continue
        source = open_file(path)
        complete = sum(end <= length for end in ends[1:])
        assert read.plain(source) == few[:complete]
        assert source.statistics().damaged == (length not in {28, *ends})


def test_interfaces_are_bounded(write, read, save) -> None:
    content = write.section() + write.interface() * 4_097 + write.packet(1, b"a", 1)
    source = open_file(save(content))
    assert read.packets(source) == []
    assert source.statistics().damaged == 1


def test_long_or_odd_names_are_tamed(write, read, save) -> None:
    content = b"".join(
        [
            write.section(),
            write.interface(1, [(2, b"x" * 200)]),
            write.interface(1, [(2, b"\x1b[2J")]),
        ]
    )
    source = open_file(save(content))
    read.packets(source)
    assert source.interfaces == ("x" * 64, "some.pcap")


@given(noise=st.binary(max_size=300), order=st.sampled_from("<>"))
def test_random_blocks_never_raise(write, read, tmp_path_factory, noise, order) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.pcapng"
    path.write_bytes(write.section(order) + write.interface(order=order) + noise)
    read.packets(open_file(path))


@given(changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6))
def test_changed_bytes_never_raise_but_at_the_header(
    write, read, packets, tmp_path_factory, changes
) -> None:
    content = bytearray(whole_file(write, packets[:3]))
    for position, value in changes:
        content[position % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "changed.pcapng"
    path.write_bytes(content)
    try:
        source = open_file(path)
    except FormatError:
        return
    read.packets(source)
