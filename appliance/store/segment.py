"""One segment as the writer holds it: rows wait in memory until a commit brings them to disk."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.model.flow import FlowBatch
from appliance.model.window import WindowBatch
from appliance.store.columns import COLUMNS, assign_ids, encode
from appliance.store.connection import DAMAGE, open_reader, open_writer
from appliance.store.dictionary import Dictionary
from appliance.store.files import DAY_US, SegmentKey, segment_path, size_bytes
from appliance.store.rollup import Open, Shares, collect, last_covered
from appliance.store.schema import SEGMENT, migrate
from appliance.store.updates import Credit, Update
from appliance.store.windows import WindowRows

_CHUNK = 256  # rows; their integers stay in the processor's cache
_INSERT_FLOW = f"INSERT INTO flow VALUES({','.join('?' * len(COLUMNS))})"


class Segment:
    """Rows of one day (or part of it), their dictionaries and rollup.

    A commit that fails leaves everything in memory as it was and may be tried again.
    """

    def __init__(self, folder: Path, key: SegmentKey, after_id: int | None = None) -> None:
        """Open or create the file. Raises what apsw raises, StoreError for a newer schema.

        after_id : ids begin above it; a part goes on where the one before it ended
        """
        self.key = key
        self.path = segment_path(folder, key)
        self.used_s = 0.0  # when rows came last; kept by the owner
        self._connection = open_writer(self.path)
        try:
            migrate(self._connection, SEGMENT, self.path.name)
            last = self._connection.execute("SELECT max(id) FROM flow").get
            self._dictionary = Dictionary(self._connection)
            self._rollup = collect(self._connection, last_covered(self._connection))
            self._windows = WindowRows(self._connection)
        except BaseException:
            self._connection.close()
            raise
        floor = key.day * DAY_US - 1 if after_id is None else after_id
        self.last_id: int = floor if last is None else max(int(last), floor)
        self._rows: list[NDArray[np.int64]] = []
        self._deleted: list[tuple[int]] = []
        self._counted: list[tuple[int, int, int]] = []
        self.pending = 0  # flows that wait
        self.open_part: Open = self._rollup.snapshot()  # as of the last commit

    def ids(self, end_us: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the ids that flows with these ends will have if they are added next."""
        return assign_ids(end_us, self.last_id)

    def add(self, batch: FlowBatch, ids: NDArray[np.int64], updates: Sequence[Update]) -> None:
        """Take flows of this segment's day, in order. ids : from `ids`, with nothing in between."""
        flows = batch.flows
        references = self._dictionary.refer(batch)
        shares = Shares(
            id=ids,
            end=flows["last_ns"] // 1_000,
            src=references.src,
            dst=references.dst,
            bytes_out=flows["orig"]["bytes"].astype(np.int64),
            bytes_in=flows["resp"]["bytes"].astype(np.int64),
            flows=np.ones(len(flows), np.int64),
            meta=references.meta,
        )
        for update in updates:
            shares.flows[update.place] = 0
            shares.bytes_out[update.place] -= update.former.total.bytes_out
            shares.bytes_in[update.place] -= update.former.total.bytes_in
        self._rollup.add(shares)
        self._rows.append(encode(flows, ids, references))
        self.pending += len(flows)
        self.last_id = int(ids[-1])

    def add_windows(self, batch: WindowBatch) -> None:
        """Take fingerprints of a window that begins on this segment's day."""
        self._windows.add(batch)

    @property
    def pending_windows(self) -> int:
        """Fingerprints that wait."""
        return len(self._windows)

    def delete(self, flow_id: int) -> None:
        """Remove a row that a newer report of its flow has replaced."""
        self._deleted.append((flow_id,))

    def note_counted(self, flow_id: int, credit: Credit) -> None:
        """Record what other rows of the rollup count of a flow, for when it is collected anew."""
        self._counted.append((flow_id, credit.bytes_out, credit.bytes_in))

    def covers(self, flow_id: int) -> bool:
        """Tell whether a row is in a closed part of the rollup."""
        return bool(flow_id <= self._rollup.after_id)

    def close_part(self) -> None:
        """Let the next commit write the rollup up to the last row."""
        self._rollup.close_part()

    @property
    def addresses(self) -> int:
        """Rows of the address dictionary."""
        return self._dictionary.addresses

    @property
    def size_bytes(self) -> int:
        """Bytes on disk, WAL included."""
        return size_bytes(self.path)

    def commit(self) -> int:
        """Bring everything to disk in one transaction; return how many flows that were.

        Raises what apsw raises, and then nothing has changed.
        """
        if not (self._rows or self._deleted or self._rollup.closed or self._windows):
            return 0
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._insert(connection)
            connection.execute("COMMIT")
        except apsw.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        written = self.pending
        self.pending = 0
        for waiting in (self._rows, self._counted, self._deleted):
            waiting.clear()
        self._dictionary.settle()
        self._rollup.settle()
        self._windows.settle()
        self.open_part = self._rollup.snapshot()
        return written

    def close(self) -> None:
        """Close the file; rows that wait are lost."""
        self._connection.close()

    def _insert(self, connection: apsw.Connection) -> None:
        self._dictionary.insert(connection)
        for rows in self._rows:
            connection.executemany(_INSERT_FLOW, _iter_lists(rows))
        connection.executemany("INSERT INTO counted VALUES(?,?,?)", self._counted)
        connection.executemany("DELETE FROM flow WHERE id = ?", self._deleted)
        connection.executemany("DELETE FROM counted WHERE id = ?", self._deleted)
        self._rollup.insert(connection)
        self._windows.insert(connection)


def read_last_id(path: Path) -> int | None:
    """Return the last flow id of a segment that is not open; None if it has no flows or is damaged.

    Raises what apsw raises for other reasons.
    """
    try:
        connection = open_reader(path)
    except DAMAGE:
        return None
    try:
        last: Any = connection.execute("SELECT max(id) FROM flow").get
    except DAMAGE:
        return None
    finally:
        connection.close()
    return None if last is None else int(last)


def _iter_lists(rows: NDArray[np.int64]) -> Iterator[list[int]]:
    """Deliver the rows as lists, converted few at a time: five times faster than all at once."""
    for start in range(0, len(rows), _CHUNK):
        yield from rows[start : start + _CHUNK].tolist()
