"""The per-host rollup of ten minutes: collected in memory, written once when the time is over.

It is the top-talkers table and, with first and last id, a sparse index into the flow rows. What is
in memory is always what `collect` finds in the rows after the last one written, so a crash loses
nothing, and a reader in another process can do without it.

All hosts of ten minutes are one row with two arrays, which is read a hundred times faster than a
row each. Ten minutes may have several rows (parts), whose sums add up.
"""

from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any, NamedTuple

import apsw
import numpy as np
from numpy.typing import NDArray

BUCKET_US = 600_000_000
MAX_HOSTS = 65_536  # addresses collected before a part is written early; 4 MB
MAX_FLOWS = 500_000  # likewise; so many rows are read again after a crash

_I64 = NDArray[np.int64]
_FLOWS, _SENT, _RECEIVED, _FIRST, _LAST, _META = range(6)
_CHUNK = 10_000  # rows
_NEVER = 1 << 62

# host_10m.sums: one entry for each of host_10m.addr ("<u4", ascending)
SUMS_DTYPE = np.dtype(
    [
        ("flows", "<u4"),
        ("first", "<u4"),  # id of the first flow less host_10m.first_id
        ("last", "<u4"),
        ("meta", "<u4"),  # newest metadata that names it, 0 none
        ("bytes_out", "<i8"),  # sent by this address
        ("bytes_in", "<i8"),
    ]
)
_INSERT = "INSERT INTO host_10m VALUES(NULL,?,?,?,?,?,?,?,?)"
_COLLECT = """SELECT id, id - lag, src, dst, f.bytes_out - coalesce(c.bytes_out, 0),
f.bytes_in - coalesce(c.bytes_in, 0), c.id IS NULL, meta
FROM flow AS f LEFT JOIN counted AS c USING (id) WHERE id > ? ORDER BY id"""


class Shares(NamedTuple):
    """What some flows add to their hosts, int64 (n,) each, ids ascending."""

    id: _I64
    end: _I64  # us
    src: _I64  # addr.id
    dst: _I64
    bytes_out: _I64
    bytes_in: _I64
    flows: _I64  # 1, or 0 where the flow is counted already
    meta: _I64  # meta.id


class Span(NamedTuple):
    """What a part is about."""

    bucket: int  # us // BUCKET_US
    flows: int
    bytes: int
    first_id: int
    last_id: int
    min_end: int  # us


class Part(NamedTuple):
    """All hosts of ten minutes or less, by ascending addr."""

    span: Span
    addr: NDArray[np.uint32]  # (n,), addr.id
    sums: NDArray[Any]  # SUMS_DTYPE (n,)


class Open(NamedTuple):
    """The part that is not in the database: a view in time, never changed."""

    after_id: int  # the flow rows up to here are covered by what is in the database
    part: Part | None


class Rollup:
    """One segment's open part, and the closed ones that wait to be inserted."""

    def __init__(self, after_id: int) -> None:
        """Begin empty; after_id is the last flow id that host_10m covers."""
        self.after_id = after_id
        self.closed: list[Part] = []
        self._span = Span(0, 0, 0, _NEVER, -_NEVER, _NEVER)
        self._count = 0
        self._slots = np.full(1_024, -1, np.int32)  # addr id -> index into _addr and _sums
        self._addr = np.zeros(256, np.int64)
        self._sums = np.zeros((6, 256), np.int64)

    def add(self, shares: Shares) -> None:
        """Count flows; closes buckets that are over."""
        buckets = shares.id // BUCKET_US
        if buckets[0] == buckets[-1]:
            self._add_bucket(int(buckets[0]), shares)
            return
        edges = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(buckets)]
        for low, high in pairwise(edges):
            part = Shares(*[column[low:high] for column in shares])
            self._add_bucket(int(buckets[low]), part)

    def close_part(self) -> None:
        """Let the open part wait to be inserted."""
        part = self.snapshot().part
        if part is None:
            return
        self.closed.append(part)
        self.after_id = part.span.last_id
        self._slots[self._addr[: self._count]] = -1
        self._span = Span(0, 0, 0, _NEVER, -_NEVER, _NEVER)
        self._count = 0

    def insert(self, connection: apsw.Connection) -> None:
        """Insert the closed parts, in the caller's transaction."""
        for part in self.closed:
            connection.execute(_INSERT, (*part.span, part.addr.tobytes(), part.sums.tobytes()))

    def settle(self) -> None:
        """Forget the parts that `insert` has brought to disk."""
        self.closed.clear()

    def snapshot(self) -> Open:
        """Return a copy of the open part."""
        if not self._count:
            return Open(self.after_id, None)
        order = np.argsort(self._addr[: self._count])
        columns = self._sums[:, order]
        columns[_FIRST : _LAST + 1] -= self._span.first_id
        sums = np.empty(self._count, SUMS_DTYPE)
        names = ("flows", "bytes_out", "bytes_in", "first", "last", "meta")
        for name, column in zip(names, columns, strict=True):
            sums[name] = column
        addr = self._addr[order].astype(np.uint32)
        return Open(self.after_id, Part(self._span, addr, sums))

    def _add_bucket(self, bucket: int, shares: Shares) -> None:
        full = self._count > MAX_HOSTS or self._span.flows > MAX_FLOWS
        if bucket != self._span.bucket or full:
            self.close_part()
        src, dst = self._find(shares.src), self._find(shares.dst)
        sums = self._sums
        np.add.at(sums[_FLOWS], src, shares.flows)
        np.add.at(sums[_FLOWS], dst, shares.flows * (src != dst))
        np.add.at(sums[_SENT], src, shares.bytes_out)
        np.add.at(sums[_SENT], dst, shares.bytes_in)
        np.add.at(sums[_RECEIVED], src, shares.bytes_in)
        np.add.at(sums[_RECEIVED], dst, shares.bytes_out)
        for slots in (src, dst):
            np.minimum.at(sums[_FIRST], slots, shares.id)
            np.maximum.at(sums[_LAST], slots, shares.id)
        np.maximum.at(sums[_META], dst, np.where(shares.meta & 1, 0, shares.meta))
        span = self._span
        self._span = Span(
            bucket,
            span.flows + int(shares.flows.sum()),
            span.bytes + int(shares.bytes_out.sum() + shares.bytes_in.sum()),
            min(span.first_id, int(shares.id[0])),
            int(shares.id[-1]),
            min(span.min_end, int(shares.end.min())),
        )

    def _find(self, addr: _I64) -> NDArray[np.int32]:
        """Return where each address is counted, making room for new ones."""
        highest = int(addr.max())
        if highest >= len(self._slots):
            grown = np.full(2 * highest, -1, np.int32)
            grown[: len(self._slots)] = self._slots
            self._slots = grown
        slots = self._slots[addr]
        if slots.min() >= 0:
            return slots
        fresh = np.unique(addr[slots < 0])
        low, high = self._count, self._count + len(fresh)
        if high > len(self._addr):
            self._addr = np.concatenate((self._addr, np.zeros(2 * high, np.int64)))
            self._sums = np.concatenate((self._sums, np.zeros((6, 2 * high), np.int64)), axis=1)
        self._addr[low:high] = fresh
        self._sums[:, low:high] = 0
        self._sums[_FIRST, low:high] = _NEVER
        self._sums[_LAST, low:high] = -_NEVER
        self._slots[fresh] = np.arange(low, high, dtype=np.int32)
        self._count = high
        return self._slots[addr]


def last_covered(connection: apsw.Connection) -> int:
    """Return the last flow id that host_10m covers; less than any id if there is none."""
    found = connection.execute("SELECT last_id FROM host_10m ORDER BY id DESC LIMIT 1").get
    return -_NEVER if found is None else int(found)


def read_parts(connection: apsw.Connection, first: int, last: int) -> Iterator[Part]:
    """Deliver the parts in the database of the buckets from first to last, newest first."""
    query = "SELECT * FROM host_10m WHERE bucket BETWEEN ? AND ? ORDER BY id DESC"
    for _, *span, addr, sums in connection.execute(query, (first, last)):
        yield Part(Span(*span), np.frombuffer(addr, "<u4"), np.frombuffer(sums, SUMS_DTYPE))


def read_hosts(
    connection: apsw.Connection, ids: NDArray[np.uint32], first: int, last: int
) -> Iterator[Part]:
    """Deliver, as read_parts, only some addresses, and only parts in which one of them is."""
    query = (
        "SELECT id, bucket, flows, bytes, first_id, last_id, min_end, addr FROM host_10m "
        "WHERE bucket BETWEEN ? AND ? ORDER BY id DESC"
    )
    for number, *span, addr in connection.execute(query, (first, last)):
        part = Part(Span(*span), np.frombuffer(addr, "<u4"), np.empty(0, SUMS_DTYPE))
        places = find_places(part, ids)
        if len(places):
            row = connection.execute("SELECT sums FROM host_10m WHERE id = ?", (number,))
            sums = np.frombuffer(row.get, SUMS_DTYPE)
            yield Part(part.span, part.addr[places], sums[places])


def find_places(part: Part, ids: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return where in a part addresses are. ids : ascending, those not in it are left out."""
    if not len(part.addr):
        return np.zeros(0, np.int64)
    places: NDArray[np.int64] = np.searchsorted(part.addr, ids)
    found = part.addr[np.minimum(places, len(part.addr) - 1)] == ids
    return places[np.flatnonzero(found)]


def read_spans(connection: apsw.Connection) -> list[Span]:
    """Return what the parts in the database are about, oldest first, without their arrays."""
    query = "SELECT bucket, flows, bytes, first_id, last_id, min_end FROM host_10m ORDER BY id"
    return [Span(*row) for row in connection.execute(query)]


def collect(connection: apsw.Connection, after_id: int) -> Rollup:
    """Return the rollup of the flow rows after an id, from the rows alone."""
    rollup = Rollup(after_id)
    cursor = connection.execute(_COLLECT, (after_id,))
    while rows := list(islice(cursor, _CHUNK)):
        rollup.add(Shares(*np.array(rows, np.int64).T))
    return rollup
