"""Files as blocks of whole lines."""

import gzip
from pathlib import Path

import pytest
import zstandard

from appliance.errors import CaptureError
from appliance.sources import lines
from appliance.sources.lines import LineFile

TEXT = "".join(f"line {n} äöü\n" for n in range(3_000))


def read(path: Path) -> list[str]:
    file = LineFile(path)
    blocks = list(file.blocks())
    file.release()
    return blocks


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_text_comes_whole_whatever_it_is_packed_in(tmp_path: Path, pack) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(pack(TEXT.encode()))
    assert "".join(read(path)) == TEXT


def test_blocks_end_at_the_end_of_a_line(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(lines, "HEAD_BYTES", 100)
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 1_000)
    path = tmp_path / "x.log"
    path.write_text(TEXT + "no end")
    blocks = read(path)
    assert len(blocks) > 30
    assert all(block.endswith("\n") for block in blocks[:-1])
    assert "".join(blocks) == TEXT + "no end"


def test_a_line_without_end_is_left_out_and_counted(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(lines, "HEAD_BYTES", 100)
    monkeypatch.setattr(lines, "_BLOCK_BYTES", 1_000)
    monkeypatch.setattr(lines, "_MAX_LINE_BYTES", 5_000)
    path = tmp_path / "x.log"
    path.write_text("first\n" + "x" * 20_000 + "\nlast\n" + TEXT)
    file = LineFile(path)
    assert "".join(file.blocks()) == "first\nlast\n" + TEXT
    assert file.too_long == 1
    file.release()


def test_damage_in_a_compressed_file_ends_it_there(tmp_path: Path) -> None:
    path = tmp_path / "x.log.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-500])
    file = LineFile(path)
    assert TEXT.startswith("".join(file.blocks())[:5_000])
    assert file.damaged == 1
    file.release()


def test_windows_line_ends_marks_and_broken_utf8(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\xff\r\n")
    file = LineFile(path)
    assert file.opening() == "a\nb\ufffd\n"
    assert "".join(file.blocks()) == "a\nb\ufffd\n"
    file.release()


def test_close_ends_it_soon(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("a line\n" * 1_000_000)
    file = LineFile(path)
    blocks = file.blocks()
    next(blocks)
    file.close()
    assert list(blocks) == []
    file.release()


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot open"):
        LineFile(tmp_path / "none")


def test_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    assert read(tmp_path / "x") == []
