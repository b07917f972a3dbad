"""Flows by filter, newest first, with bounded work: segments, then id ranges, then chunks of rows.

The rollup is the index: it tells in which ranges of ids an address occurs, and which buckets hold
flows that ended before a given time.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import numpy as np

from appliance.model.views import FlowFilter, FlowRow, Page
from appliance.store.files import DAY_US, SegmentKey
from appliance.store.flowfilter import Condition, Plan, fill, parse_filter, where_clause
from appliance.store.flowrow import FlowRows
from appliance.store.rollup import Span
from appliance.store.view import View, Views

MAX_LIMIT = 1_000
ALLOWANCE = 500_000  # rows looked at for one page; the page then ends early and gives a cursor
_CHUNK = 10_000
_INDEXES = ("pick_src", "pick_dst", "pick_address")  # the narrowest first
_MAX_ID = 1 << 62

_COUNT = """SELECT count(*), min(id) FROM
(SELECT id FROM flow WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?)"""


class Range(NamedTuple):
    """Ids from low to high, both included."""

    low: int
    high: int


class Search:
    """One page in the making."""

    def __init__(self, where: FlowFilter) -> None:
        """Begin; raises ValueError for a filter or a cursor that means nothing."""
        self.plan: Plan = parse_filter(where)
        self.limit = max(1, min(MAX_LIMIT, where.limit))
        self.before = parse_cursor(where.cursor)
        self.allowance = ALLOWANCE
        self.clause: Condition = where_clause(self.plan)

    def wants(self, key: SegmentKey) -> bool:
        """Tell whether a segment may hold rows of the page. A flow lies in the day of its end."""
        start, end = key.day * DAY_US, (key.day + 1) * DAY_US
        plan = self.plan
        return (
            start < self.before
            and (plan.since_us is None or plan.since_us < end)
            and (plan.until_us is None or plan.until_us > start)
        )

    def scan(self, view: View, room: int) -> list[int]:
        """Return at most `room` ids of a segment, newest first; `before` says how far it came."""
        counts = fill(view.connection, self.plan.picks)
        if counts is None:
            return []
        found: list[int] = []
        for span in self._clip(self._ranges(view, counts)):
            if not self._scan_range(view.connection, span, room, found):
                break
        return found

    def _scan_range(
        self, connection: apsw.Connection, span: Range, room: int, found: list[int]
    ) -> bool:
        """Append the ids of a range; False when the page is full or the allowance used up."""
        high = span.high
        query = (
            "SELECT f.id FROM flow AS f WHERE f.id BETWEEN ? AND ? AND "  # noqa: S608 - constants
            + self.clause.sql
            + " ORDER BY f.id DESC LIMIT ?"
        )
        while high >= span.low:
            rows, lowest = _count(connection, span.low, high)
            if not rows:
                return True
            values = (lowest, high, *self.clause.values, room - len(found))
            found.extend(flow_id for (flow_id,) in connection.execute(query, values))
            if len(found) >= room:
                self.before = found[-1]
                return False
            self.allowance -= rows
            if self.allowance <= 0:
                self.before = lowest
                return False
            high = lowest - 1
        return True

    def _ranges(self, view: View, counts: dict[str, int]) -> Iterator[Range]:
        """Deliver the ranges of ids worth a look."""
        until = self.plan.until_us
        index = next((name for name in _INDEXES if name in counts), None)
        if index is None and until is None:
            yield Range(-_MAX_ID, _MAX_ID)
            return
        spans = view.spans()
        yield Range(max((span.last_id for span in spans), default=-_MAX_ID) + 1, _MAX_ID)
        if until is not None:
            spans = [span for span in spans if span.min_end < until]
        if index is None:
            yield from (Range(span.first_id, span.last_id) for span in spans)
            return
        query = f"SELECT id FROM temp.{index} ORDER BY id"  # noqa: S608 - a constant
        ids = np.fromiter((row[0] for row in view.connection.execute(query)), np.uint32)
        buckets = [span.bucket for span in spans if self._overlaps(span)]
        if not buckets:
            return
        for part in view.hosts(ids, min(buckets), max(buckets)):
            first_id = part.span.first_id
            low, high = int(part.sums["first"].min()), int(part.sums["last"].max())
            yield Range(first_id + low, first_id + high)

    def _overlaps(self, span: Span) -> bool:
        since = self.plan.since_us
        return span.first_id < self.before and (since is None or since <= span.last_id)

    def _clip(self, ranges: Iterable[Range]) -> Iterator[Range]:
        """Deliver the ranges within `since` and `before`, newest first, none twice."""
        low = -_MAX_ID if self.plan.since_us is None else self.plan.since_us
        high = self.before - 1
        for span in sorted(ranges, key=lambda span: span.high, reverse=True):
            clipped = Range(max(low, span.low), min(high, span.high))
            if clipped.low <= clipped.high:
                yield clipped
                high = clipped.low - 1


def find_flows(views: Views, where: FlowFilter) -> Page:
    """Return a page of FlowRows, newest first. A page may be short and still have a next one."""
    search = Search(where)
    rows: list[FlowRow] = []
    for key in views.segments():
        if not search.wants(key):
            continue
        with views.reading(key) as view:
            if view is None:
                continue
            ids = search.scan(view, search.limit + 1 - len(rows))
            flows = FlowRows(view.connection)
            found = (flows.fetch(flow_id) for flow_id in ids)
            rows.extend(row for row in found if row is not None)
        if len(rows) > search.limit:
            rows.pop()
            return Page(count=len(rows), data=rows, next=str(rows[-1].id))
        if search.allowance <= 0:
            return Page(count=len(rows), data=rows, next=str(search.before))
    return Page(count=len(rows), data=rows)


def find_flow(views: Views, flow_id: int) -> FlowRow | None:
    """Return a flow by its id; None if there is none (any more)."""
    for key in views.segments():
        if key.day != flow_id // DAY_US:
            continue
        with views.reading(key) as view:
            row = None if view is None else FlowRows(view.connection).fetch(flow_id)
        if row is not None:
            return row
    return None


def parse_cursor(text: str) -> int:
    """Return the id all rows must be below. Raises ValueError."""
    if not text:
        return _MAX_ID
    try:
        cursor = int(text)
    except ValueError:
        raise ValueError(f"not a cursor: {text!r}") from None
    if abs(cursor) > _MAX_ID:
        raise ValueError(f"not a cursor: {text!r}")
    return cursor


def _count(connection: apsw.Connection, low: int, high: int) -> tuple[int, int]:
    """Return how many rows a range holds, at most a chunk from its end, and the lowest of them."""
    found: Any = connection.execute(_COUNT, (low, high, _CHUNK)).fetchone()
    rows, lowest = found
    return rows, lowest or 0
