import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli.output import Column, clean, render_table, write_rows

COLUMNS = (
    Column("NAME", lambda row: row["name"], least=6, rank=1),
    Column("COUNT", lambda row: str(row["count"]), right=True),
    Column("NOTE", lambda row: row.get("note", ""), rank=2),
)
ROWS = [{"name": "a", "count": 5, "note": "x"}, {"name": "a much longer name", "count": 12_345}]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def write(form: str, rows: list[dict[str, Any]], stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    write_rows(iter(rows), COLUMNS, form, stream)
    return stream.getvalue()


def test_table_is_as_wide_as_it_takes_when_piped() -> None:
    assert write("table", ROWS).splitlines() == [
        "NAME                COUNT  NOTE",
        "a                       5  x",
        "a much longer name  12345",
    ]


def test_table_cuts_cells_to_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "22")
    assert write("table", ROWS, Terminal()).splitlines() == [
        "NAME       COUNT  NOTE",
        "a              5  x",
        "a much l…  12345",
    ]


def test_table_then_gives_up_whole_columns() -> None:
    assert render_table(COLUMNS, ROWS, 14) == ["NAME    COUNT", "a           5", "a muc…  12345"]
    assert render_table(COLUMNS, ROWS, 5) == ["COUNT", "    5", "12345"]


def test_table_without_rows_is_its_titles() -> None:
    assert render_table(COLUMNS, [], None) == ["NAME  COUNT  NOTE"]


@given(
    names=st.lists(st.text(max_size=30), max_size=5), width=st.integers(min_value=5, max_value=80)
)
def test_no_text_from_the_wire_breaks_a_line_or_the_width(names: list[str], width: int) -> None:
    lines = render_table(COLUMNS, [{"name": name, "count": 1} for name in names], width)
    assert len(lines) == len(names) + 1
    assert all(line.isprintable() and len(line) <= width for line in lines)


def test_wide_characters_take_two_cells() -> None:
    rows = [{"name": "例え例え例え", "count": 1}, {"name": "plain", "count": 2}]
    wide, plain = render_table(COLUMNS[:2], rows, None)[1:]
    assert wide == "例え例え例え      1"
    assert plain == "plain             2"


def test_terminals_are_not_obeyed_by_names() -> None:
    assert clean("a\x1b[2Jb\x9bc\u202e") == "a\ufffd[2Jb\ufffdc\ufffd"


def test_json_forms_carry_the_rows_unchanged() -> None:
    assert json.loads(write("json", ROWS)) == {"count": 2, "data": ROWS}
    assert [json.loads(line) for line in write("ndjson", ROWS).splitlines()] == ROWS
    assert write("ndjson", []) == ""


def test_csv_reads_back_and_formulas_do_not_run() -> None:
    rows = [{"name": '=HYPERLINK("x")', "count": -5}, {"name": 'a "quoted", name', "count": 1}]
    assert list(csv.reader(io.StringIO(write("csv", rows)))) == [
        ["name", "count"],
        ['\'=HYPERLINK("x")', "-5"],
        ['a "quoted", name', "1"],
    ]
