"""Zeek's tab-separated logs, read by what their header says."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from appliance.sources.lines import LineFile
from appliance.sources.table import Column, Table

_BARE_HEADER = re.compile(r"ts([\t,;|])uid\1")  # names alone, as other tools write them again
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})")
_BLANKS = re.compile(r" {2,}")


class Header(NamedTuple):
    """What the lines with # say. Several names in one column are separated by blanks there."""

    fields: tuple[str, ...] = ()
    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""  # conn, dns ...

    def read(self, line: str) -> "Header":
        """Return the header as changed by one line that begins with #."""
        name, _, value = line.partition(" " if line.startswith("#separator ") else self.separator)
        name = name.strip()
        if name == "#fields":
            return self._replace(fields=tuple(value.split(self.separator)))
        if name == "#separator":
            return self._replace(separator=_unescape(value.strip(" ")) or "\t")
        if name == "#set_separator":
            return self._replace(set_separator=_unescape(value) or ",")
        return self._with_word(name, value)

    def _with_word(self, name: str, value: str) -> "Header":
        if name == "#path":
            return self._replace(path=value.strip())
        if name == "#empty_field":
            return self._replace(empty=value)
        return self._replace(unset=value) if name == "#unset_field" else self


def find_header(head: str) -> Header | None:
    """Return the header that the first lines of a file hold; None if that is no Zeek log."""
    header = Header()
    for line in head.split("\n"):
        text = line.strip()
        if text.startswith("#"):
            header = header.read(line.strip("\r").lstrip())
        elif text:
            bare = _BARE_HEADER.match(text)
            if bare and not header.fields:
                header = Header(tuple(line.split(bare.group(1))), bare.group(1), path="conn")
            break
    return header if header.fields else None


class ZeekTsv:
    """Records of one log; `damaged` counts what was left out, by reason.

    wanted : the fields that matter; others are not looked at
    """

    def __init__(self, file: LineFile, header: Header, wanted: frozenset[str]) -> None:
        self._file = file
        self._header = header
        self._wanted = wanted
        self.damaged: dict[str, int] = {}

    @property
    def set_separator(self) -> str:
        """Between the members of a set."""
        return self._header.set_separator

    def tables(self, size: int) -> Iterator[Table]:
        """Yield all records, `size` at a time, in the order of the file."""
        held: list[str] = []
        for text in self._file.blocks():
            lines = text.split("\n")
            if "#" in text or self._is_names(lines[0]):
                yield from self._sift(lines, held, size)
            else:
                held += lines
            yield from self._cut(held, size, everything=False)
        yield from self._cut(held, size, everything=True)

    def _sift(self, lines: list[str], held: list[str], size: int) -> Iterator[Table]:
        """Add records to what is held, and obey header lines, which may come anywhere."""
        for line in lines:
            if not line.lstrip().startswith("#"):
                if not self._is_names(line):
                    held.append(line)
                continue
            changed = self._header.read(line.lstrip())
            if changed != self._header:
                yield from self._cut(held, size, everything=True)
                self._header = changed

    def _is_names(self, line: str) -> bool:
        """Tell whether a line is a header without #."""
        header = self._header
        return line.startswith("ts") and tuple(line.split(header.separator)) == header.fields

    def _cut(self, held: list[str], size: int, *, everything: bool) -> Iterator[Table]:
        """Yield full tables of what is held, and with `everything` what is left; empties it."""
        lines = [line for line in held if line]
        done = 0
        while len(lines) - done >= size or (everything and done < len(lines)):
            yield self._table(lines[done : done + size])
            done += size
        held[:] = lines[done:]

    def _table(self, lines: list[str]) -> Table:
        header = self._header
        width = len(header.fields)
        separator = header.separator
        rows = [line.split(separator) for line in lines]
        whole = [row for row in rows if len(row) == width]
        if len(whole) < len(rows):
            self.damaged["columns"] = self.damaged.get("columns", 0) + len(rows) - len(whole)
        if not whole:
            return Table({}, 0)
        columns: dict[str, Column] = {}
        for name, values in zip(header.fields, zip(*whole, strict=True), strict=True):
            if name in self._wanted:
                columns[name] = _without(values, header.unset, header.empty)
            elif "  " in name:
                columns |= self._split(_BLANKS.split(name), values)
        return Table(columns, len(whole))

    def _split(self, names: list[str], values: Column) -> dict[str, Column]:
        """Return the columns that stand in one, separated by blanks."""
        found: dict[str, Column] = {}
        parts = [_BLANKS.split(value) for value in values]
        for k, name in enumerate(names):
            if name in self._wanted:
                cells = [row[k] if k < len(row) else "" for row in parts]
                found[name] = _without(cells, self._header.unset, self._header.empty)
        return found


def _without(values: Column, unset: str, empty: str) -> Column:
    if unset in values or "" in values or empty in values:
        nothing = {unset, empty, ""}
        return [None if value in nothing else value for value in values]
    return values


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match.group(1), 16)), text)
