from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from appliance.capture import merge as module
from appliance.capture.files import open_file
from appliance.capture.merge import merge

BLOCKS = st.lists(st.lists(st.integers(0, 40), max_size=8), max_size=5)


def in_order(sources):
    """The slow way: sort everything by the latest time seen in its own source, stably."""
    keyed = []
    for number, blocks in enumerate(sources):
        packets = [packet for block in blocks for packet in block]
        latest = accumulate((ts_ns for ts_ns, _ in packets), max)
        keyed += [(key, number, packet) for key, packet in zip(latest, packets, strict=True)]
    return [packet for _, _, packet in sorted(keyed, key=lambda one: one[:2])]


@given(times=st.lists(BLOCKS, min_size=1, max_size=4))
def test_merge_is_a_stable_sort_by_time(list_source, read, times) -> None:
    sources = [
        [
            [(ts_ns, f"{number}.{part}.{index}".encode()) for index, ts_ns in enumerate(block)]
            for part, block in enumerate(blocks)
        ]
        for number, blocks in enumerate(times)
    ]
    names = [("eth0",), ("a", "b"), ("eth0", "x", "y"), ("z",)][: len(sources)]
    merged = merge([list_source(blocks, *own) for blocks, own in zip(sources, names, strict=True)])
    assert merged.interfaces == tuple(name for own in names for name in own)
    found = read.packets(merged)
    assert [(one.ts_ns, one.data) for one in found] == in_order(sources)
    for one in found:
        own = names[int(one.data.split(b".")[0])]
        assert one.interface == own[one.ts_ns // 7 % len(own)]


def test_single_source_passes_untouched(list_source) -> None:
    source = list_source([])
    assert merge([source]) is source


def test_large_blocks_are_handed_on_in_bounded_pieces(list_source, monkeypatch) -> None:
    monkeypatch.setattr(module, "_SCRATCH_BYTES", 4_000)
    load = bytes(1_000)
    sources = [
        list_source([[(2 * n + odd, load + bytes([n])) for n in range(60)]]) for odd in (0, 1)
    ]
    sources[0]._blocks[0].append((200, bytes(5_000)))
    merged = merge(sources)
    sizes = [sum(map(int, block.frames["caplen"])) for block in merged.blocks()]
    assert sum(sizes) == 120 * 1_001 + 5_000
    assert max(sizes) == 5_000  # one frame may be larger
    assert sorted(sizes)[-2] <= 4_000


def test_files_one_after_the_other_are_not_copied(list_source) -> None:
    first, second = list_source([[(1, b"a"), (2, b"b")]]), list_source([[(3, b"c")]])
    merged = merge([second, first])
    assert [block.buffer.tobytes() for block in merged.blocks()] == [b"ab", b"c"]


def test_counters_are_sums_and_closing_closes_all(list_source) -> None:
    sources = [list_source([[(n, b"a")] for n in range(10)]) for _ in range(2)]
    merged = merge(sources)
    blocks = merged.blocks()
    next(blocks)
    merged.close()
    assert len(list(blocks)) <= 1
    assert all(source.closed for source in sources)
    counters = merged.statistics()
    assert counters.damaged == 2
    assert counters.frames == sum(source.handed_on for source in sources)


def test_interfaces_met_later_come_last(write, read, save) -> None:
    late = b"".join(
        [
            write.section(),
            write.interface(1, [(2, b"one")]),
            write.packet(1, b"a", 1),
            write.interface(1, [(2, b"late")]),
            write.packet(3, b"c", 1, interface=1),
        ]
    )
    other = write.section() + write.interface(1, [(2, b"two")]) + write.packet(2, b"b", 1)
    merged = merge([open_file(save(late, "late")), open_file(save(other, "other"))])
    assert merged.interfaces == ("one", "two")
    assert [one.interface for one in read.packets(merged)] == ["one", "two", "late"]
