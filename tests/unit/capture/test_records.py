from appliance.capture.files import open_file
from appliance.capture.pcap import PcapFile
from appliance.capture.window import open_window


def test_blocks_begin_small_and_grow(write, save, packet) -> None:
    """A thousand files that wait to be merged shall not index a thousand times 8,192 frames."""
    content = write.pcap([packet(n, b"x", 1) for n in range(16_000)])
    sizes = [len(block.frames) for block in open_file(save(content)).blocks()]
    assert sizes[:4] == [64, 256, 1_024, 4_096]
    assert max(sizes) == 8_192


def test_counters_tell_what_was_handed_on_so_far(write, save, packet) -> None:
    content = write.pcap([packet(n, b"x", 100) for n in range(1_000)])
    source = open_file(save(content))
    seen = 0
    for block in source.blocks():
        seen += len(block.frames)
        counters = source.statistics()
        assert (counters.frames, counters.bytes) == (seen, 100 * seen)
    assert seen == 1_000


def test_file_cut_short_while_it_is_read_ends_there(write, save, packet) -> None:
    content = write.pcap([packet(n, b"x" * 99, 99) for n in range(20_000)])
    path = save(content)
    source = PcapFile(open_window(path.open("rb")), "some.pcap")
    blocks = source.blocks()
    seen = len(next(blocks).frames)
    save(content[:100])
    seen += sum(len(block.frames) for block in blocks)
    assert 0 < seen < 20_000
    assert source.statistics().frames == seen
    assert source.statistics().damaged == 1
