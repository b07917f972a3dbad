"""Segment names, listing, sizes, setting aside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store.files import (
    SegmentKey,
    list_damaged,
    list_segments,
    remove,
    segment_path,
    set_aside,
    size_bytes,
)


def test_names_say_the_day(tmp_path):
    assert segment_path(tmp_path, SegmentKey(0, 0)).name == "flow-19700101.db"
    assert segment_path(tmp_path, SegmentKey(20_370, 12)).name == "flow-20251009-12.db"


@given(st.sets(st.tuples(st.integers(-3_000, 90_000), st.integers(0, 99_999)), max_size=8))
def test_listing_gives_back_the_keys_in_order(tmp_path_factory, keys):
    folder = tmp_path_factory.mktemp("store")
    for key in keys:
        segment_path(folder, SegmentKey(*key)).touch()
    assert list_segments(folder) == sorted(keys)


@pytest.mark.parametrize(
    "name",
    ["flow-20251399.db", "flow-2025100.db", "flow-20251009.db-wal", "flow-20251009.db.damaged-1",
     "flow-20251009-.db", "main.db", "xflow-20251009.db", "flow-00000101.db"],
)  # fmt: skip
def test_other_names_are_ignored(tmp_path, name):
    (tmp_path / name).touch()
    assert list_segments(tmp_path) == []


def test_size_counts_companions_and_remove_takes_them(tmp_path):
    path = tmp_path / "flow-20251009.db"
    assert size_bytes(path) == 0
    for suffix, size in (("", 10), ("-wal", 20), ("-shm", 30)):
        path.with_name(path.name + suffix).write_bytes(b"x" * size)
    assert size_bytes(path) == 60
    remove(path)
    assert list(tmp_path.iterdir()) == []
    remove(path)


def test_set_aside_finds_a_free_name_and_keeps_the_wal(tmp_path):
    path = tmp_path / "flow-20251009.db"
    for number in (1, 2):
        path.write_text(f"{number}")
        path.with_name(path.name + "-wal").write_text("wal")
        path.with_name(path.name + "-shm").touch()
        assert set_aside(path).name == f"flow-20251009.db.damaged-{number}"
    assert [file.name for file in list_damaged(tmp_path)] == [
        "flow-20251009.db.damaged-1",
        "flow-20251009.db.damaged-2",
    ]
    assert sorted(file.name for file in tmp_path.iterdir() if "wal" in file.name) == [
        "flow-20251009.db.damaged-1-wal",
        "flow-20251009.db.damaged-2-wal",
    ]
    assert size_bytes(list_damaged(tmp_path)[0]) == 4
