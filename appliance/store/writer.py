"""The one writer. Rows wait in memory and reach the disk in one transaction per commit."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Alerts, Store
from appliance.errors import StoreError
from appliance.model.alert import AlertChange, Incident, Mute
from appliance.model.flow import FlowBatch
from appliance.model.memory import Habit, OpenCases
from appliance.model.meta import DeviceFact
from appliance.model.views import StoreStatistics
from appliance.model.window import WindowBatch
from appliance.store import caseload, windows
from appliance.store.connection import DAMAGE, TRANSIENT
from appliance.store.files import SegmentKey
from appliance.store.mainfile import MainFile
from appliance.store.pool import Pool
from appliance.store.retention import Retention, Usage
from appliance.store.rollup import Open
from appliance.store.segment import Segment
from appliance.store.startup import check_files, lock_folder
from appliance.store.updates import Update, Updates

COMMIT_ROWS = 20_000  # waiting rows that are committed without waiting for the time; 5 MB
MAX_ROWS = 60_000  # waiting rows while the disk does not take them; more are refused
MAX_DROPS = 3  # segments removed when the disk is full; it may be full of something else
ALERT_S = 0.25  # an alert waits at most so long, and the next call of `tick`, for its commit
IDLE_S = 120.0  # a day that ended is closed when no row has come for so long

_DAY_S = 86_400
_DAY_NS = _DAY_S * 1_000_000_000

T = TypeVar("T")

_log = logging.getLogger(__name__)


class StoreWriter:
    """Takes what is to be kept. Of one thread; `statistics` and `open_buckets` of any.

    Only programming errors are raised once it is open, as StoreError. A disk that is full or
    broken makes rows wait, the oldest segment go, and at last new rows be refused and counted.
    """

    def __init__(self, path: Path, config: Store, alerts: Alerts | None = None) -> None:
        """Lock the folder, check and migrate its files.

        Raises StoreError if the folder cannot be used or a newer version wrote there.
        """
        self._commit_s = config.commit_s
        self._lock = lock_folder(path)
        try:
            self._damaged = check_files(path)
            keep_days = (alerts or Alerts()).retain_days
            self._main = MainFile(path, config.retain_days, keep_days)
            self._pool = Pool(path, self._commit_segment)
        except apsw.Error as error:
            os.close(self._lock)
            raise StoreError(f"the store {path} cannot be opened: {error}") from error
        except BaseException:
            os.close(self._lock)
            raise
        self._retention = Retention(path, config, self._pool.drop)
        self._updates = Updates()
        self._open_buckets: dict[SegmentKey, Open] = {}
        self._usage: Usage = self._retention.enforce(None)
        self._now_s = 0.0
        self._committed_s: float | None = None  # None: no tick yet
        self._pruned_day = 0
        self._failure = ""  # why the disk does not take rows
        self._spared = 0  # segments that may still be removed to make room
        self._flows = 0
        self._commits = 0
        self._refused = 0
        self._windows = 0
        self._windows_left_out = 0
        self._alerts_s: float | None = None  # last commit of main.db for their sake

    def write(self, batch: FlowBatch) -> None:
        """Take flows; they are on disk after the next commit. The batch is not kept."""
        if self._pool.pending + len(batch) > MAX_ROWS and self._failure:
            self._refused += len(batch)
            return
        for day, part in _split_days(batch):
            try:
                self._add(day, part)
                if part is not batch:  # several days: only each part knows its rows
                    batch.ids = []
            except TRANSIENT as error:
                self._refused += len(part)
                self._note_failure(error)
            except apsw.Error as error:
                raise StoreError(f"flows cannot be stored: {error}") from error
        if self._pool.pending >= COMMIT_ROWS and not self._failure:
            self._commit()

    def write_traffic(self, seconds: NDArray[Any]) -> None:
        """Add closed seconds, TRAFFIC_DTYPE (n,), of one or more workers."""
        if len(seconds):
            self._main.add_traffic(seconds)

    def write_facts(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        """Take over what packets said about devices; vendor names the maker of a MAC."""
        self._main.add_facts(facts, vendor)

    def write_alerts(self, changes: Iterable[AlertChange]) -> None:
        """Take alerts with their incidents; they are on disk ALERT_S and one tick later."""
        self._main.cases.add(changes)

    def write_incidents(self, incidents: Iterable[Incident]) -> None:
        """Take incidents that changed without one of their alerts."""
        for incident in incidents:
            self._main.cases.add_incident(incident)

    def write_mutes(self, mutes: Iterable[Mute], removed: Iterable[int] = ()) -> None:
        """Take mutes that are new or changed, and the ids of those that are no more."""
        for mute in mutes:
            self._main.cases.put_mute(mute)
        for number in removed:
            self._main.cases.remove_mute(number)

    def write_habits(self, habits: Iterable[Habit]) -> None:
        """Take what is new or changed of what is remembered."""
        self._main.cases.put_habits(habits)

    def write_state(self, name: str, value: bytes) -> None:
        """Keep a value under a name."""
        self._main.cases.put_state(name, value)

    def write_windows(self, batch: WindowBatch) -> None:
        """Take the fingerprints of a window; those of idle hosts are left out."""
        batch, left_out = windows.choose_hosts(batch)
        self._windows_left_out += left_out
        if not len(batch.hosts):
            return
        if self._pool.pending_windows + len(batch.hosts) > windows.MAX_WAITING:
            self._refused += len(batch.hosts)
            return
        try:
            segment = self._pool.for_day(int(batch.start_s // _DAY_S))
        except TRANSIENT as error:
            self._refused += len(batch.hosts)
            self._note_failure(error)
            return
        except apsw.Error as error:
            raise StoreError(f"fingerprints cannot be stored: {error}") from error
        segment.used_s = self._now_s
        segment.add_windows(batch)
        self._windows += len(batch.hosts)

    def load_open(self) -> OpenCases:
        """Return open alerts and incidents, and the mutes, as committed. Raises StoreError."""
        return self._load(caseload.load_open)

    def load_habits(self, kind: str = "") -> list[Habit]:
        """Return what is remembered, of one kind or of all, as committed. Raises StoreError."""
        return self._load(lambda connection: caseload.load_habits(connection, kind))

    def load_state(self, name: str) -> bytes | None:
        """Return the value kept under a name, as committed. Raises StoreError."""
        return self._load(lambda connection: caseload.load_state(connection, name))

    def tick(self, now_s: float) -> None:
        """Let time pass: commit when due, close days that are over, remove what is too old.

        now_s : wall time, or packet time in a replay; may jump either way
        """
        self._now_s = now_s
        if self._committed_s is None:
            self._committed_s = now_s
        if 0 <= now_s - self._committed_s < self._commit_s:
            self._commit_alerts()
            return
        self._committed_s = now_s
        for segment in self._pool.newest_first()[1:]:
            if not 0 <= now_s - segment.used_s < IDLE_S:
                self._pool.close(segment.key)
        self._commit()
        if int(now_s // 86_400) != self._pruned_day:
            self._prune()

    def flush(self) -> None:
        """Commit now."""
        self._commit()

    def close(self) -> None:
        """Commit, write the open rollups and close. What the disk does not take is lost."""
        for segment in self._pool.newest_first():
            if not self._pool.close(segment.key):
                self._refused += segment.pending + segment.pending_windows
                self._pool.drop(segment.key)
        self._commit()
        self._main.close()
        os.close(self._lock)

    def statistics(self) -> StoreStatistics:
        """Return the counters."""
        return StoreStatistics(
            flows=self._flows,
            commits=self._commits,
            bytes_on_disk=self._usage.bytes,
            days=self._usage.days,
            oldest=self._usage.oldest_s,
            damaged=(*self._damaged, *self._pool.damaged),
            refused=self._refused + self._main.refused,
            alerts=self._main.cases.written,
            windows=self._windows,
            windows_left_out=self._windows_left_out,
        )

    def open_buckets(self) -> dict[SegmentKey, Open]:
        """Return the rollups that are not on disk yet, as of the last commit. Not to be changed."""
        return self._open_buckets

    @property
    def failure(self) -> str:
        """Why the disk does not take rows at the moment; "" if it does."""
        return self._failure

    def _add(self, day: int, batch: FlowBatch) -> None:
        segment = self._pool.for_day(day)
        segment.used_s = self._now_s
        ids = segment.ids(batch.flows["last_ns"] // 1_000)
        batch.ids = ids.tolist()
        updates = self._updates.match(batch, ids, segment.key)
        segment.add(batch, ids, updates)
        for update in updates:
            self._supersede(segment, update)

    def _supersede(self, segment: Segment, update: Update) -> None:
        """Replace a flow's former row, and note how much of the flow closed buckets hold."""
        former = update.former
        holder: Segment | None = segment
        if former.segment != segment.key:
            holder = self._find(former.segment)
        if holder is not None:
            holder.delete(former.id)
            if holder is not segment:
                holder.close_part()
        counted = former.counted
        if holder is not segment or holder.covers(former.id):
            counted = former.total
        if counted is not None:
            segment.note_counted(update.id, counted)
        if update.new is not None:
            update.new.counted = counted

    def _find(self, key: SegmentKey) -> Segment | None:
        try:
            return self._pool.find(key)
        except TRANSIENT as error:  # the former row stays: better twice than not at all
            self._note_failure(error)
            return None

    def _load(self, query: Callable[[apsw.Connection], T]) -> T:
        try:
            return query(self._main.connection)
        except apsw.Error as error:
            raise StoreError(f"main.db cannot be read: {error}") from error

    def _commit_alerts(self) -> None:
        """Bring to disk what people look at, between two commits of everything."""
        if not self._main.cases.urgent or self._failure:
            return
        if self._alerts_s is None or not 0 <= self._now_s - self._alerts_s < ALERT_S:
            self._alerts_s = self._now_s
            self._commit_main()

    def _commit(self) -> None:
        """Bring everything to disk that can be."""
        failed = False
        for segment in self._pool.newest_first():
            failed |= not self._commit_segment(segment)
        failed |= not self._commit_main()
        if not failed and self._failure:
            _log.warning("the store takes rows again")
            self._failure = ""
        try:
            for segment in self._pool.newest_first():
                if segment.size_bytes > self._retention.segment_bytes and not failed:
                    self._pool.rotate(segment)
            self._usage = self._retention.enforce(self._pool.current)
        except TRANSIENT as error:
            self._note_failure(error)
        self._open_buckets = self._pool.open_buckets()

    def _commit_segment(self, segment: Segment) -> bool:
        """Tell whether the segment's rows are on disk."""
        try:
            written = segment.commit()
        except DAMAGE:
            self._refused += segment.pending + segment.pending_windows
            self._repair(lambda: self._pool.replace(segment))
            return False
        except TRANSIENT as error:
            self._note_failure(error)
            return False
        except apsw.Error as error:
            raise StoreError(f"flows cannot be stored: {error}") from error
        self._flows += written
        self._commits += written > 0
        return True

    def _commit_main(self) -> bool:
        try:
            self._main.commit()
        except DAMAGE:
            self._repair(lambda: self._damaged.append(self._main.replace()))
            return False
        except TRANSIENT as error:
            self._note_failure(error)
            return False
        except apsw.Error as error:
            raise StoreError(f"traffic cannot be stored: {error}") from error
        return True

    def _prune(self) -> None:
        try:
            self._main.prune(self._now_s)
        except TRANSIENT as error:
            self._note_failure(error)
        else:
            self._pruned_day = int(self._now_s // 86_400)

    def _repair(self, work: Callable[[], None]) -> None:
        try:
            work()
        except TRANSIENT as error:
            self._note_failure(error)

    def _note_failure(self, error: Exception) -> None:
        if not self._failure:
            _log.error("the store does not take rows: %s", error)
            self._spared = MAX_DROPS
        self._failure = str(error)
        if isinstance(error, apsw.FullError) and self._spared:
            self._spared -= 1
            self._repair(lambda: self._retention.make_room(self._pool.current))


def _split_days(batch: FlowBatch) -> Iterator[tuple[int, FlowBatch]]:
    """Deliver the flows by UTC day of their end, oldest day first."""
    if not len(batch):
        return
    days = batch.flows["last_ns"] // _DAY_NS
    first, last = int(days.min()), int(days.max())
    if first == last:
        yield first, batch
        return
    for day in np.unique(days).tolist():
        picked = np.flatnonzero(days == day)
        part = FlowBatch(batch.flows[picked], batch.interfaces)
        part.meta = [batch.meta[index] for index in picked.tolist()]
        part.orig = [batch.orig[index] for index in picked.tolist()]
        part.resp = [batch.resp[index] for index in picked.tolist()]
        yield day, part
