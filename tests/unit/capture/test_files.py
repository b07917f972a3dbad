import gzip
import io
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture import files
from appliance.capture.files import open_file
from appliance.errors import CaptureError, FormatError

PACKERS = [lambda data: data, gzip.compress, zstandard.compress]


@pytest.mark.parametrize("pack", PACKERS)
def test_form_is_found_by_the_bytes_whatever_the_name(write, read, save, packets, pack) -> None:
    assert read.plain(open_file(save(pack(write.pcap(packets)), "a.txt"))) == packets
    ng = write.section() + write.interface()
    ng += b"".join(write.packet(one.ts_ns // 1_000, one.data, one.wirelen) for one in packets)
    assert read.plain(open_file(save(pack(ng), "b.pcap"))) == packets


@pytest.mark.parametrize("pack", PACKERS)
def test_many_packets_come_in_several_blocks(write, read, save, packet, pack) -> None:
    written = [packet(n * 1_000, n.to_bytes(4, "big") * (n % 40), n % 3_000) for n in range(9_000)]
    source = open_file(save(pack(write.pcap(written))))
    sizes = [len(block.frames) for block in source.blocks()]
    assert sum(sizes) == len(written)
    assert max(sizes) <= 8_192
    assert read.plain(open_file(save(pack(write.pcap(written))))) == written


def test_standard_input(write, read, packets, monkeypatch, tmp_path) -> None:
    reading, writing = os.pipe()
    os.write(writing, write.pcap(packets[:3]))
    os.close(writing)
    monkeypatch.setattr(files.sys, "stdin", io.TextIOWrapper(os.fdopen(reading, "rb")))
    source = open_file("-")
    assert source.interfaces == ("standard input",)
    assert read.plain(source) == packets[:3]


def test_closing_ends_the_iteration(write, save, packet) -> None:
    written = [packet(n, b"x", 1) for n in range(1_000)]
    source = open_file(save(write.pcap(written)))
    blocks = source.blocks()
    first = next(blocks)
    source.close()
    assert list(blocks) == []
    assert source.statistics().frames == len(first.frames)
    unread = open_file(save(write.pcap(written)))
    unread.close()
    unread.close()
    assert list(unread.blocks()) == []


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"PK\x03\x04abcdef", "50 4b 03 04"),
        (b"", "nothing"),
        (gzip.compress(b"text"), "74 65 78 74"),
    ],
)
def test_anything_else_is_refused_with_its_name_and_bytes(save, content, found) -> None:
    with pytest.raises(FormatError, match=rf"notes\.txt .*{found}"):
        open_file(save(content, "notes.txt"))


def test_missing_file_and_folder_are_named(tmp_path) -> None:
    with pytest.raises(CaptureError, match=r"gone\.pcap: No such file"):
        open_file(tmp_path / "gone.pcap")
    with pytest.raises(CaptureError, match="cannot open"):
        open_file(tmp_path)


@given(content=st.binary(max_size=100))
def test_random_files_are_refused_or_read(read, tmp_path_factory, content) -> None:
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(content)
    try:
        source = open_file(path)
    except FormatError:
        return
    read.packets(source)
