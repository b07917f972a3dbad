"""Zeek's logs as JSON lines."""

from pathlib import Path

from appliance.sources.lines import LineFile
from appliance.sources.table import Table
from appliance.sources.zeekjson import ZeekJson
from tests.support.logfiles import conn, jsonl, write

WANTED = frozenset({"ts", "uid", "id.orig_h", "orig_bytes", "answers"})


def tables(tmp_path: Path, text: str, size: int = 100) -> tuple[list[Table], dict[str, int]]:
    file = LineFile(write(tmp_path, "conn.log", text))
    reader = ZeekJson(file, WANTED)
    found = list(reader.tables(size))
    file.release()
    return found, reader.damaged


def test_what_is_missing_is_not_set(tmp_path: Path) -> None:
    (table,), damaged = tables(tmp_path, jsonl([conn(1), conn(2, orig_bytes=None)]))
    assert table.raw("orig_bytes") == [300, None]
    assert table.texts("id.orig_h") == ["192.168.1.5"] * 2
    assert damaged == {}


def test_time_as_number_or_text(tmp_path: Path) -> None:
    (table,), _ = tables(tmp_path, jsonl([{"ts": 1.5}, {"ts": "1970-01-01T00:00:01.5Z"}]))
    assert table.times("ts").tolist() == [1_500_000_000] * 2


def test_damage_is_counted_by_what_is_wrong(tmp_path: Path) -> None:
    text = jsonl([conn(1)]) + '{"ts":\n' + '{"uid": 7}\nnoise\n\n[]\n' + jsonl([conn(2)])
    (table,), damaged = tables(tmp_path, text)
    assert table.texts("uid") == ["C0001", "C0002"]
    assert damaged == {"json": 2, "types": 2}


def test_tables_have_the_size_asked_for(tmp_path: Path) -> None:
    found, _ = tables(tmp_path, jsonl([conn(n) for n in range(25)]), size=10)
    assert [len(table) for table in found] == [10, 10, 5]


def test_lists(tmp_path: Path) -> None:
    (table,), _ = tables(tmp_path, '{"answers":["1.2.3.4","x"]}\n{"answers":"a,b"}\n{}\n')
    assert table.lists("answers", ",") == [("1.2.3.4", "x"), ("a", "b"), ()]
