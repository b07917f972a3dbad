"""The segments that are open for writing: a few, the ones used last."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from appliance.store.connection import DAMAGE
from appliance.store.files import SegmentKey, list_segments, segment_path, set_aside
from appliance.store.rollup import Open
from appliance.store.segment import Segment, read_last_id

MAX_OPEN = 4  # more than two only while a capture is replayed that jumps between days

_log = logging.getLogger(__name__)


class Pool:
    """Opens, rotates and closes segments.

    commit : brings one segment to disk and tells whether it did; a segment that was not brought
        to disk stays open, even beyond MAX_OPEN
    """

    def __init__(self, folder: Path, commit: Callable[[Segment], bool]) -> None:
        self._folder = folder
        self._commit = commit
        self._open: OrderedDict[SegmentKey, Segment] = OrderedDict()  # least recently used first
        self._parts = dict(list_segments(folder))  # day -> newest part
        self.damaged: list[str] = []  # files set aside

    @property
    def pending(self) -> int:
        """Flows that wait."""
        return sum(segment.pending for segment in self._open.values())

    @property
    def pending_windows(self) -> int:
        """Fingerprints that wait."""
        return sum(segment.pending_windows for segment in self._open.values())

    @property
    def current(self) -> SegmentKey | None:
        """The segment used last."""
        return next(reversed(self._open), None)

    def newest_first(self) -> list[Segment]:
        """Return the open segments by time, newest first."""
        return [self._open[key] for key in sorted(self._open, reverse=True)]

    def open_buckets(self) -> dict[SegmentKey, Open]:
        """Return what the rollups hold beyond the database, as of the last commit."""
        return {key: segment.open_part for key, segment in self._open.items()}

    def for_day(self, day: int) -> Segment:
        """Return the segment new rows of a day go to, created if need be."""
        return self._get(SegmentKey(day, self._parts.get(day, 0)))

    def find(self, key: SegmentKey) -> Segment | None:
        """Return a segment, opened if need be; None if there is none any more."""
        if key in self._open or segment_path(self._folder, key).exists():
            return self._get(key)
        return None

    def rotate(self, segment: Segment) -> None:
        """Let rows to come go to the next part of the day."""
        key = SegmentKey(segment.key.day, segment.key.part + 1)
        if self.close(segment.key):
            self._open_file(key, segment.last_id)

    def replace(self, segment: Segment) -> None:
        """Set a damaged segment aside and begin it anew, empty."""
        self._open.pop(segment.key, None)
        segment.close()
        self._set_aside(segment.path)
        self._open_file(segment.key, segment.last_id)

    def close(self, key: SegmentKey) -> bool:
        """Write what waits, the open bucket too, and close; False if it cannot be written now."""
        segment = self._open[key]
        segment.close_part()
        if not self._commit(segment):
            return False
        del self._open[key]
        segment.close()
        return True

    def drop(self, key: SegmentKey) -> None:
        """Close a segment without writing what waits: its file is about to be removed."""
        segment = self._open.pop(key, None)
        if segment is not None:
            segment.close()
        if self._parts.get(key.day) == key.part:
            del self._parts[key.day]

    def _get(self, key: SegmentKey) -> Segment:
        segment = self._open.get(key)
        if segment is not None:
            self._open.move_to_end(key)
            return segment
        for idle in list(self._open)[: max(0, len(self._open) + 1 - MAX_OPEN)]:
            self.close(idle)
        return self._open_file(key)

    def _open_file(self, key: SegmentKey, after_id: int | None = None) -> Segment:
        if after_id is None:
            after_id = self._last_id_before(key)
        try:
            segment = Segment(self._folder, key, after_id)
        except DAMAGE:
            self._set_aside(segment_path(self._folder, key))
            segment = Segment(self._folder, key, after_id)
        self._open[key] = segment
        self._parts[key.day] = max(key.part, self._parts.get(key.day, 0))
        return segment

    def _last_id_before(self, key: SegmentKey) -> int | None:
        """Return the last id of the day's part before a part; None if there is none."""
        for part in range(key.part - 1, -1, -1):
            path = segment_path(self._folder, SegmentKey(key.day, part))
            if path.exists():
                return read_last_id(path)
        return None

    def _set_aside(self, path: Path) -> None:
        target = set_aside(path)
        self.damaged.append(target.name)
        _log.error("database %s is damaged; kept as %s, starting anew", path.name, target.name)
