from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.detect import intellist
from appliance.detect.intellist import (
    Table,
    TableBuilder,
    empty_table,
    find_addresses,
    find_name,
)
from appliance.model.address import parse_address


def read(*paths: Path) -> Table:
    builder = TableBuilder(paths)
    for _ in builder.steps():
        pass
    assert builder.table is not None
    return builder.table


def keys(*texts: str) -> NDArray[np.bytes_]:
    words = np.array([parse_address(text) for text in texts], ">u8").reshape(-1, 2)
    return np.ascontiguousarray(words).view("S16").ravel()


def write(folder: Path, text: str, name: str = "bad.txt") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_addresses(tmp_path: Path) -> None:
    table = read(write(tmp_path, "198.51.100.7\n203.0.113.0/24\n2001:db8::/32\n203.0.113.9\n"))
    asked = keys("198.51.100.7", "198.51.100.8", "203.0.113.0", "203.0.113.9", "203.0.113.255",
                 "203.0.114.0", "2001:db8::5", "2001:db9::")  # fmt: skip
    found = dict(find_addresses(table, asked))
    assert sorted(found) == [0, 2, 3, 4, 6]
    assert (found[0].single, found[0].source) == (True, "bad.txt")
    assert (found[2].single, found[2].bits) == (False, 24)
    assert found[3].single  # the narrowest counts
    assert found[6].bits == 32


def test_ranges_inside_one_another(tmp_path: Path) -> None:
    table = read(write(tmp_path, "203.0.112.0/20\n203.0.113.0/24\n203.0.113.0/30\n"))
    found = find_addresses(table, keys("203.0.113.200", "203.0.120.1", "203.0.113.1"))
    assert [hit.bits for _, hit in found] == [24, 20, 30]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=12), st.integers(0, 70))
def test_agrees_with_a_slow_search(spans: list[tuple[int, int]], asked: int) -> None:
    base = 0xCB007100
    lines = [f"{_text(base + first)}-{_text(base + first + length)}\n" for first, length in spans]
    builder = TableBuilder((Path("list"),))
    for line in lines:
        builder._add(line, 0)
    found = find_addresses(builder._pack(), keys(_text(base + asked)))
    assert bool(found) == any(first <= asked <= first + length for first, length in spans)


def _text(number: int) -> str:
    return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def test_names_and_what_stands_below(tmp_path: Path) -> None:
    first = write(tmp_path, "bad.example\n", "one")
    second = write(tmp_path, "0.0.0.0 worse.example\n", "two")
    table = read(first, second)
    found = find_name(table, "a.b.bad.example")
    assert found is not None
    assert (found[0], found[1].source) == ("bad.example", "one")
    found = find_name(table, "worse.example")
    assert found is not None
    assert found[1].source == "two"
    assert find_name(table, "notbad.example") is None
    assert find_name(table, "example") is None
    assert find_name(empty_table(), "bad.example") is None


def test_what_is_refused_unreadable_or_too_much(tmp_path: Path, monkeypatch: object) -> None:
    path = write(tmp_path, "10.0.0.1\n192.168.0.0/16\n8.0.0.0/8\nbad.example\nworse.example\n")
    intellist.ENTRIES, before = 1, intellist.ENTRIES
    try:
        table = read(path, tmp_path / "missing", tmp_path)
    finally:
        intellist.ENTRIES = before
    assert (table.refused, table.unreadable, table.overflow, len(table.names)) == (3, 2, 1, 1)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "bad"
    path.write_bytes(b"\xff\xfe\0\n198.51.100.7\n" + b"x" * 100_000 + b"\n")
    assert len(read(path).first) == 1


def test_it_is_read_piece_by_piece(tmp_path: Path) -> None:
    path = write(tmp_path, "bad.example\n" * 10_000)
    assert len(list(TableBuilder((path,)).steps())) == 3
