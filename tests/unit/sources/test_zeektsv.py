"""Zeek's tab-separated logs: read by their header, whatever it says."""

from pathlib import Path

import pytest

from appliance.sources.lines import LineFile
from appliance.sources.table import Table
from appliance.sources.zeektsv import ZeekTsv, find_header
from tests.support.logfiles import CONN_FIELDS, conn, tsv, write

WANTED = frozenset({"ts", "uid", "service", "label", "history"})


def tables(tmp_path: Path, text: str, size: int = 100) -> tuple[list[Table], dict[str, int]]:
    file = LineFile(write(tmp_path, "conn.log", text))
    header = find_header(file.opening())
    assert header is not None
    reader = ZeekTsv(file, header, WANTED)
    found = list(reader.tables(size))
    file.release()
    return found, reader.damaged


def uids(found: list[Table]) -> list[str]:
    return [uid for table in found for uid in table.texts("uid")]


@pytest.mark.parametrize(("separator", "unset"), [("\t", "-"), ("|", "NULL"), (";", "(none)")])
def test_any_separator_and_unset_field(tmp_path: Path, separator: str, unset: str) -> None:
    text = tsv([conn(1), conn(2, service=None)], separator=separator, unset=unset)
    (table,), damaged = tables(tmp_path, text)
    assert table.texts("uid") == ["C0001", "C0002"]
    assert table.raw("service") == ["ssl", None]
    assert damaged == {}


def test_empty_set_and_field_are_nothing(tmp_path: Path) -> None:
    text = tsv([conn(1, service="(empty)"), conn(2, service="")])
    (table,), _ = tables(tmp_path, text)
    assert table.raw("service") == [None, None]


@pytest.mark.parametrize("before", ["\t", "  ", "\n\n", "\ufeff"])
def test_the_header_need_not_be_the_first_byte(tmp_path: Path, before: str) -> None:
    found, damaged = tables(tmp_path, before + tsv([conn(1)]))
    assert uids(found) == ["C0001"]
    assert damaged == {}


def test_columns_that_stand_in_one(tmp_path: Path) -> None:
    text = tsv([conn(1), conn(2)], path="conn").replace(
        "tunnel_parents", "tunnel_parents   label   detailed-label"
    )
    lines = text.split("\n")
    lines[6] = lines[6].removesuffix("-") + "-   Malicious   C&C"
    lines[7] = lines[7].removesuffix("-") + "-   Benign   -"
    (table,), damaged = tables(tmp_path, "\n".join(lines))
    assert table.texts("label") == ["Malicious", "Benign"]
    assert damaged == {}


@pytest.mark.parametrize("separator", ["\t", ","])
def test_names_without_a_hash(tmp_path: Path, separator: str) -> None:
    rows = [separator.join(map(str, (row["ts"], row["uid"], ""))) for row in (conn(1), conn(2))]
    text = "\n".join([separator.join(("ts", "uid", "service")), *rows])
    (table,), damaged = tables(tmp_path, text)
    assert table.texts("uid") == ["C0001", "C0002"]
    assert table.raw("service") == [None, None]
    assert damaged == {}


def test_a_log_behind_a_log_may_have_other_columns(tmp_path: Path) -> None:
    fewer = tuple(name for name in CONN_FIELDS if name != "service")
    text = tsv([conn(1), conn(2)]) + tsv([conn(3)], fewer) + tsv([conn(4)])
    found, damaged = tables(tmp_path, text)
    assert uids(found) == ["C0001", "C0002", "C0003", "C0004"]
    assert [service for table in found for service in table.texts("service")] == [
        "ssl", "ssl", "", "ssl",
    ]  # fmt: skip
    assert damaged == {}


def test_tables_have_the_size_asked_for(tmp_path: Path) -> None:
    found, _ = tables(tmp_path, tsv([conn(n) for n in range(25)]), size=10)
    assert [len(table) for table in found] == [10, 10, 5]
    assert uids(found) == [f"C{n:04d}" for n in range(25)]


def test_lines_with_other_columns_are_counted(tmp_path: Path) -> None:
    lines = tsv([conn(n) for n in range(4)]).split("\n")
    lines[7] = lines[7][:40]
    lines[8] += "\tmore"
    found, damaged = tables(tmp_path, "\n".join([*lines, "noise", ""]))
    assert uids(found) == ["C0000", "C0003"]
    assert damaged == {"columns": 3}


def test_a_hash_in_a_value_is_no_header(tmp_path: Path) -> None:
    found, _ = tables(tmp_path, tsv([conn(1, history="#fields"), conn(2)]))
    assert [text for table in found for text in table.texts("history")] == ["#fields", "ShADadFf"]


@pytest.mark.parametrize("text", ["", "no log\n", "# comment\n", "a,b,c\n1,2,3\n", "{}\n"])
def test_what_is_none(text: str) -> None:
    assert find_header(text) is None
