"""Lists of known bad as packed arrays: addresses in ranges, names as hashes."""

import logging
from collections.abc import Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from appliance.detect.intelparse import Range, Refused, parse_line

ENTRIES = 2_000_000  # of all lists; 40 bytes a range, 9 a name
LINE_CHARACTERS = 4_096
LINES_AT_ONCE = 4_096  # between two chances to do something else, about 20 ms

_MAX_LISTS = 250

_log = logging.getLogger(__name__)


class Hit(NamedTuple):
    """What was listed, and where."""

    source: str  # file name of the list
    single: bool  # as an address or name of its own, not as part of a network
    bits: float  # of the network's prefix, as if its size were a power of two


class Table(NamedTuple):
    """Everything that was read. Ranges sorted by `first`; `reach` is the largest last so far."""

    first: NDArray[np.bytes_]  # S16, network order
    last: NDArray[np.bytes_]
    reach: NDArray[np.bytes_]  # of this and all ranges before: overlapping ones are found too
    origin: NDArray[np.uint8]
    names: NDArray[np.uint64]  # sorted hashes
    name_origin: NDArray[np.uint8]
    sources: tuple[str, ...]
    refused: int
    unreadable: int
    overflow: int  # entries beyond the limit


def empty_table() -> Table:
    """Return a table in which nothing is listed."""
    none = np.zeros(0, "S16")
    return Table(
        none, none, none, np.zeros(0, np.uint8), np.zeros(0, np.uint64), np.zeros(0, np.uint8),
        (), 0, 0, 0,
    )  # fmt: skip


class TableBuilder:
    """Reads lists piece by piece, so that nobody waits for two million lines."""

    def __init__(self, paths: tuple[Path, ...]) -> None:
        self._paths = paths[:_MAX_LISTS]
        self._ranges: list[bytearray] = [bytearray(), bytearray()]
        self._origin = bytearray()
        self._names = bytearray()
        self._name_origin = bytearray()
        self._refused = 0
        self._unreadable = 0
        self._overflow = 0
        self.table: Table | None = None

    def steps(self) -> Iterator[None]:
        """Read a few thousand lines at each step; in the end `table` is there."""
        for number, path in enumerate(self._paths):
            try:
                with path.open(encoding="utf-8", errors="replace") as lines:
                    yield from self._read(lines, number)
            except OSError as error:
                _log.warning("cannot read %s: %s", path, error.strerror or error)
                self._unreadable += 1
        self.table = self._pack()

    def _read(self, lines: TextIO, origin: int) -> Iterator[None]:
        while some := list(islice(lines, LINES_AT_ONCE)):
            for line in some:
                self._add(line[:LINE_CHARACTERS], origin)
            yield

    def _add(self, line: str, origin: int) -> None:
        entry = parse_line(line)
        if entry is None:
            return
        if isinstance(entry, Refused):
            self._refused += 1
        elif len(self._origin) + len(self._name_origin) >= ENTRIES:
            self._overflow += 1
        elif isinstance(entry, Range):
            self._ranges[0] += entry.first.to_bytes(16, "big")
            self._ranges[1] += entry.last.to_bytes(16, "big")
            self._origin.append(origin)
        else:
            self._names += hash_name(entry)
            self._name_origin.append(origin)

    def _pack(self) -> Table:
        first = np.frombuffer(bytes(self._ranges[0]), "S16")
        last = np.frombuffer(bytes(self._ranges[1]), "S16")
        order = np.lexsort((-_rank(last), first))  # of those that begin together, the widest first
        first, last = first[order], last[order]
        names = np.frombuffer(bytes(self._names), "<u8")
        by_hash = np.argsort(names, kind="stable")
        return Table(
            first=first,
            last=last,
            reach=_running_most(last),
            origin=np.frombuffer(bytes(self._origin), np.uint8)[order],
            names=names[by_hash],
            name_origin=np.frombuffer(bytes(self._name_origin), np.uint8)[by_hash],
            sources=tuple(path.name for path in self._paths),
            refused=self._refused,
            unreadable=self._unreadable,
            overflow=self._overflow,
        )


def hash_name(name: str) -> bytes:
    """Return eight bytes that stand for a name."""
    return blake2b(name.encode(), digest_size=8).digest()


def find_addresses(table: Table, keys: NDArray[np.bytes_]) -> list[tuple[int, Hit]]:
    """Return (index, what it hit) of the addresses that are listed; the narrowest range counts.

    keys : S16 (n,), addresses in network order
    cost : O(n log entries) at C speed, Python only for what is listed
    """
    if not len(table.first):
        return []
    at = np.searchsorted(table.first, keys, "right")
    maybe = np.flatnonzero((at > 0) & (table.reach[np.maximum(at, 1) - 1] >= keys))
    hits = ((index, _narrowest(table, int(at[index]) - 1, keys[index])) for index in maybe.tolist())
    return [(index, hit) for index, hit in hits if hit is not None]


def find_name(table: Table, name: str) -> tuple[str, Hit] | None:
    """Return the listed name that a name is or stands below, and where it is listed."""
    if not len(table.names):
        return None
    while "." in name:
        number = np.frombuffer(hash_name(name), "<u8")[0]
        at = int(np.searchsorted(table.names, number))
        if at < len(table.names) and table.names[at] == number:
            return name, Hit(table.sources[table.name_origin[at]], True, 0.0)
        name = name.partition(".")[2]
    return None


def _narrowest(table: Table, at: int, key: bytes) -> Hit | None:
    while at >= 0 and table.reach[at] >= key:
        if table.last[at] >= key:
            return _describe(table, at)
        at -= 1
    return None


def _describe(table: Table, at: int) -> Hit:
    first, last = (bytes(side[at]).ljust(16, b"\0") for side in (table.first, table.last))
    size = int.from_bytes(last, "big") - int.from_bytes(first, "big") + 1
    whole = 32 if first.startswith(b"\0" * 10 + b"\xff\xff") else 128
    return Hit(table.sources[table.origin[at]], size == 1, whole - (size.bit_length() - 1))


def _running_most(values: NDArray[np.bytes_]) -> NDArray[np.bytes_]:
    """Return the largest value so far at each place: by rank, for bytes have no running maximum."""
    return np.sort(values)[np.maximum.accumulate(_rank(values))] if len(values) else values


def _rank(values: NDArray[np.bytes_]) -> NDArray[np.int64]:
    """Return the place of each value in their order."""
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks
