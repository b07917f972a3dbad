"""Which hosts have most bytes, without looking at each host of each segment in Python.

Per segment the bytes of all addresses are summed in an array. The best of each segment are the
candidates; there are enough of them when no other address can have more than the last one wanted,
or when there are MAX_CANDIDATES: then some host that is hardly busier than others may be missed.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.store.files import DAY_US, SegmentKey
from appliance.store.rollup import BUCKET_US
from appliance.store.view import View, Views

MAX_CANDIDATES = 4_096  # per segment; in a flood from forged addresses thousands may be equal

_SPARE = 64  # candidates beyond the wanted ones, to begin with
_ROWS_OF_ONE = 2  # ids an address has in a segment; more than two are seen after geo reloads only

_LAST, _META = 3, 4
_NEVER = -(1 << 62)

Mask = Callable[[View], NDArray[np.bool_] | None]  # by addr.id: which count; None: all


class Buckets(NamedTuple):
    """A range of time in buckets, both ends included."""

    first: int
    last: int

    def touches(self, key: SegmentKey) -> bool:
        """Tell whether a segment may hold some of it."""
        first = key.day * DAY_US // BUCKET_US
        return first <= self.last and self.first < first + DAY_US // BUCKET_US


class Place(NamedTuple):
    """Where to read more about an address."""

    key: SegmentKey
    addr: int  # id there


class Sums:
    """What an address sent and received, over segments in any order."""

    __slots__ = ("bytes_in", "bytes_out", "flows", "ip", "last_id", "meta", "newest", "oldest")

    def __init__(self, ip: bytes) -> None:
        self.ip = ip
        self.flows = self.bytes_out = self.bytes_in = 0
        self.last_id = _NEVER
        self.newest: Place | None = None
        self.oldest: Place | None = None
        self.meta: tuple[SegmentKey, int] | None = None  # the newest that names it

    @property
    def rank(self) -> tuple[int, bytes]:
        """Sort key: most bytes first, then by address."""
        return -(self.bytes_out + self.bytes_in), self.ip

    def add(self, place: Place, row: Sequence[int]) -> None:
        """Add flows, bytes sent, bytes received, last id, meta."""
        flows, bytes_out, bytes_in, last_id, meta = row
        self.flows += flows
        self.bytes_out += bytes_out
        self.bytes_in += bytes_in
        if last_id > self.last_id:
            self.newest, self.last_id = place, last_id
        if self.oldest is None or place < self.oldest:
            self.oldest = place
        if meta and (self.meta is None or self.meta < (place.key, meta)):
            self.meta = (place.key, meta)


class _Totals(NamedTuple):
    """One segment's candidates."""

    ids: NDArray[np.int64]  # addr.id
    others: int  # no other address has more


def iter_views(views: Views, buckets: Buckets) -> Iterator[View]:
    """Deliver the segments of a range, newest first."""
    for key in views.segments():
        if not buckets.touches(key):
            continue
        with views.reading(key) as view:
            if view is not None:
                yield view


def rank_hosts(views: Views, buckets: Buckets, wanted: int, mask: Mask) -> list[Sums]:
    """Return at least the `wanted` hosts with most bytes, if there are so many, best first."""
    count = wanted + _SPARE
    while True:
        candidates: set[bytes] = set()
        bound = 0
        for view in iter_views(views, buckets):
            totals = _total(view, buckets, count, mask(view))
            candidates.update(_addresses(view, totals.ids))
            bound += totals.others * _ROWS_OF_ONE
        hosts = sorted(sum_hosts(views, buckets, candidates).values(), key=lambda sums: sums.rank)
        exact = len(hosts) >= wanted and -hosts[wanted - 1].rank[0] >= bound
        if exact or not bound or count >= MAX_CANDIDATES:
            return hosts
        count = MAX_CANDIDATES


def sum_hosts(views: Views, buckets: Buckets, ips: set[bytes]) -> dict[bytes, Sums]:
    """Return the sums of some addresses, by packed address; those without flows are left out."""
    found: dict[bytes, Sums] = {}
    for view in iter_views(views, buckets):
        names = _find_ids(view, ips)
        ids = np.array(sorted(names), np.uint32)
        table = _sum_ids(view, buckets, ids)
        for addr, row in zip(ids.tolist(), table.T.tolist(), strict=True):
            if row[_LAST] > _NEVER:
                ip = names[addr]
                found.setdefault(ip, Sums(ip)).add(Place(view.key, addr), row)
    return found


def _sum_ids(view: View, buckets: Buckets, ids: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return flows, bytes sent and received, last flow id and meta, int64 (5, n).

    ids : ascending
    """
    table = np.zeros((5, len(ids)), np.int64)
    table[_LAST] = _NEVER
    if not len(ids):
        return table
    for part in view.hosts(ids, *buckets):
        places, sums = np.searchsorted(ids, part.addr), part.sums
        for column, name in enumerate(("flows", "bytes_out", "bytes_in")):
            table[column, places] += sums[name]
        last = sums["last"].astype(np.int64) + part.span.first_id
        table[_LAST, places] = np.maximum(table[_LAST, places], last)
        table[_META, places] = np.maximum(table[_META, places], sums["meta"])
    return table


def _total(view: View, buckets: Buckets, count: int, mask: NDArray[np.bool_] | None) -> _Totals:
    totals = np.zeros(len(view.places()), np.int64)
    for part in view.parts(*buckets):
        totals[part.addr] += part.sums["bytes_out"] + part.sums["bytes_in"]
        totals[part.addr] += 1  # so that a host without a byte is one
    if mask is not None:
        totals[~mask] = 0
    ids = np.flatnonzero(totals)
    others = 0
    if len(ids) > count:
        order = np.argpartition(-totals[ids], count)
        others = int(totals[ids[order[count]]])
        ids = ids[order[:count]]
    return _Totals(ids, others)


def _addresses(view: View, ids: NDArray[np.int64]) -> Iterator[bytes]:
    for number in ids.tolist():
        yield view.connection.execute("SELECT ip FROM addr WHERE id = ?", (number,)).get


def _find_ids(view: View, ips: set[bytes]) -> dict[int, bytes]:
    """Return {addr.id: packed address} of some addresses in a segment."""
    connection = view.connection
    connection.execute("DELETE FROM temp.pick_ip")
    connection.executemany("INSERT INTO temp.pick_ip VALUES(?)", [(ip,) for ip in sorted(ips)])
    found = connection.execute("SELECT id, ip FROM addr WHERE ip IN temp.pick_ip")
    return {number: bytes(ip) for number, ip in found}
