"""Rows on a terminal or in a file: table, JSON, NDJSON, CSV."""

import csv
import itertools
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

import msgspec

Row = Mapping[str, Any]

_GAP = "  "
_MAX_TABLE_ROWS = 100_000  # column widths need them all in memory
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Column(NamedTuple):
    """One column of a table."""

    title: str
    text: Callable[[Row], str]
    right: bool = False  # for numbers
    least: int = 0  # narrowest width it is still of use in; 0 = is never cut
    rank: int = 0  # when the terminal is too narrow the highest rank goes first; 0 stays


def write_rows(rows: Iterable[Row], columns: Sequence[Column], form: str, stream: TextIO) -> None:
    """Write rows as "table", "json", "ndjson" or "csv". Only tables and JSON are held in memory."""
    if form == "ndjson":
        stream.writelines(msgspec.json.encode(row).decode() + "\n" for row in rows)
    elif form == "csv":
        _write_csv(rows, stream)
    elif form == "json":
        data = list(rows)
        stream.write(msgspec.json.encode({"count": len(data), "data": data}).decode() + "\n")
    else:
        width = shutil.get_terminal_size().columns if stream.isatty() else None
        shown = list(itertools.islice(rows, _MAX_TABLE_ROWS))
        stream.writelines(line + "\n" for line in render_table(columns, shown, width))


def render_table(columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> list[str]:
    """Return a title line and a line per row, none wider than `width` cells if it can be helped.

    Cells are cut first, then whole columns go. width : None = as wide as it takes.
    """
    cells = [[clean(column.text(row)) for row in rows] for column in columns]
    widths = [
        max(_measure(text) for text in (column.title, *texts))
        for column, texts in zip(columns, cells, strict=True)
    ]
    kept = _fit(columns, widths, width) if width is not None else list(range(len(columns)))
    texts_by_line = [[column.title for column in columns], *zip(*cells, strict=True)]
    return [
        _GAP.join(_pad(line[i], widths[i], right=columns[i].right) for i in kept).rstrip()
        for line in texts_by_line
    ]


def clean(text: str) -> str:
    """Return text without characters that a terminal would obey: names come from the wire."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _fit(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Narrow `widths` in place; return which columns stay."""
    kept = list(range(len(columns)))
    while True:
        excess = sum(widths[i] for i in kept) + len(_GAP) * (len(kept) - 1) - width
        if excess <= 0:
            return kept
        loose = [i for i in kept if 0 < columns[i].least < widths[i]]
        if loose:
            widest = max(loose, key=lambda i: widths[i])
            widths[widest] = max(columns[widest].least, widths[widest] - excess)
            continue
        last = max(kept, key=lambda i: columns[i].rank)
        if columns[last].rank == 0:
            return kept
        kept.remove(last)


def _measure(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, *, right: bool) -> str:
    excess = _measure(text) - width
    if excess > 0:
        while _measure(text) > width - 1:
            text = text[:-1]
        text += "\N{HORIZONTAL ELLIPSIS}"
    blanks = " " * (width - _measure(text))
    return blanks + text if right else text + blanks


def _write_csv(rows: Iterable[Row], stream: TextIO) -> None:
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(stream, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _defuse(value) for name, value in row.items()})


def _defuse(value: Any) -> Any:
    """Keep a spreadsheet from running a name somebody put on the wire; make lists one cell."""
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        value = " ".join(value)
    elif isinstance(value, list | tuple | dict):
        value = msgspec.json.encode(value).decode()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value
