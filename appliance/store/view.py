"""Read-only views of the files: what a reader has open, and the rollup not yet written."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.errors import StoreError
from appliance.store.connection import DAMAGE, open_reader
from appliance.store.files import SegmentKey, list_segments, main_path, segment_path
from appliance.store.rollup import (
    Open,
    Part,
    Span,
    collect,
    find_places,
    last_covered,
    read_hosts,
    read_parts,
    read_spans,
)
from appliance.store.schema import MAIN, SEGMENT, version_of

MAX_VIEWS = 4  # open at a time; 2 MiB of cache each at most

Live = Callable[[], Mapping[SegmentKey, Open]]

# A query's own sets of ids.
_TEMPORARY = """
CREATE TEMP TABLE pick_address(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_src(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_dst(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_country(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_asn(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_name(id INTEGER PRIMARY KEY);
CREATE TEMP TABLE pick_ip(ip BLOB PRIMARY KEY) WITHOUT ROWID;
"""

_log = logging.getLogger(__name__)


class UnfinishedError(Exception):
    """The writer has created a file and has not put its tables there yet."""


class View:
    """One segment, read-only, with the part of its rollup that is not in the file yet."""

    def __init__(self, path: Path, key: SegmentKey, inode: int) -> None:
        """Open the file. Raises UnfinishedError, or what apsw raises."""
        self.key = key
        self.inode = inode
        self.connection = open_reader(path)
        self._collected: tuple[int, int | None] | None = None  # ids that _open was made from
        self._open: list[Part] = []
        self._closed = False
        self._places = np.zeros(1, np.uint32)  # addr.id -> addr.place
        try:
            _check_segment(self.connection, path.name)
            self.connection.execute(_TEMPORARY)
        except (UnfinishedError, apsw.Error):
            self.connection.close()
            raise

    @contextmanager
    def reading(self, live: Mapping[SegmentKey, Open]) -> Iterator[None]:
        """Hold one state of the segment.

        live : the writer's open parts, where they are at hand
        """
        self.connection.execute("BEGIN")
        try:
            self._find_open(live.get(self.key))
            yield
        finally:
            if not self._closed and self.connection.in_transaction:
                self.connection.execute("COMMIT")

    def parts(self, first: int, last: int) -> Iterator[Part]:
        """Deliver the parts of the buckets from first to last, newest first."""
        yield from (part for part in self._open if first <= part.span.bucket <= last)
        yield from read_parts(self.connection, first, last)

    def hosts(self, ids: NDArray[np.uint32], first: int, last: int) -> Iterator[Part]:
        """Deliver the parts with some addresses only. ids : ascending."""
        for part in self._open:
            places = find_places(part, ids)
            if first <= part.span.bucket <= last and len(places):
                yield Part(part.span, part.addr[places], part.sums[places])
        yield from read_hosts(self.connection, ids, first, last)

    def spans(self) -> list[Span]:
        """Return what all parts are about, oldest first."""
        return read_spans(self.connection) + [part.span for part in self._open[::-1]]

    def places(self) -> NDArray[np.uint32]:
        """Return place.id by addr.id."""
        known = len(self._places)
        rows = self.connection.execute("SELECT place FROM addr WHERE id >= ? ORDER BY id", (known,))
        more = np.fromiter((place for (place,) in rows), np.uint32)
        if len(more):
            self._places = np.concatenate((self._places, more))
        return self._places

    def close(self) -> None:
        """Close the file, even while it is being read."""
        self._closed = True
        self.connection.close()

    def _find_open(self, live: Open | None) -> None:
        after_id = last_covered(self.connection)
        if live is not None and live.after_id == after_id:
            self._collected = None
            self._open = [live.part] if live.part is not None else []
            return
        last_id: Any = self.connection.execute("SELECT max(id) FROM flow").get
        if self._collected != (after_id, last_id):
            rollup = collect(self.connection, after_id)
            rollup.close_part()
            self._open = rollup.closed[::-1]
            self._collected = (after_id, last_id)


class Views:
    """The folder as one reader sees it. Of one thread."""

    def __init__(self, folder: Path, live: Live | None) -> None:
        """Open main.db. Raises StoreError if there is no store or it is of another version."""
        self.folder = folder
        self._live = live
        self._views: OrderedDict[SegmentKey, View] = OrderedDict()
        self._unreadable: dict[SegmentKey, int] = {}  # and the inode that was
        self._reading: View | None = None  # the segment read last; None if that was main.db
        self._main: apsw.Connection | None = None
        self._main_inode = 0
        _ = self.main

    @property
    def main(self) -> apsw.Connection:
        """main.db, opened again if it was replaced. Raises StoreError."""
        path = main_path(self.folder)
        self._reading = None
        try:
            inode = path.stat().st_ino
            if self._main is None or inode != self._main_inode:
                if self._main is not None:
                    self._main.close()
                self._main_inode = 0  # until it is known to be usable
                self._main = open_reader(path, 1_024)
                _check_version(self._main)
                self._main_inode = inode
        except (OSError, apsw.Error) as error:
            raise StoreError(f"there is no readable store in {self.folder}: {error}") from error
        return self._main

    def segments(self) -> list[SegmentKey]:
        """Return the segments there are, newest first. Raises StoreError."""
        try:
            keys = list_segments(self.folder)
        except OSError as error:
            raise StoreError(f"the store {self.folder} cannot be read: {error}") from error
        for gone in set(self._views) - set(keys):
            self._views.pop(gone).close()
        return keys[::-1]

    @contextmanager
    def reading(self, key: SegmentKey) -> Iterator[View | None]:
        """Hold one state of a segment; None if it is gone or cannot be read."""
        view = self._view(key)
        if view is None:
            yield None
            return
        self._reading = view
        with view.reading(self._live() if self._live is not None else {}):
            yield view

    def condemn(self, error: Exception) -> str:
        """Leave the segment read last out from now on; return the name of the damaged file."""
        view = self._reading
        if view is None:
            return main_path(self.folder).name
        self._reading = None
        self._views.pop(view.key, None)
        view.close()
        self._complain(view.key, view.inode, error)
        return segment_path(self.folder, view.key).name

    def close(self) -> None:
        """Close all files."""
        for view in self._views.values():
            view.close()
        self._views.clear()
        if self._main is not None:
            self._main.close()
            self._main = None

    def _view(self, key: SegmentKey) -> View | None:
        path = segment_path(self.folder, key)
        view = self._views.get(key)
        try:
            inode = path.stat().st_ino
        except OSError:
            return None
        if self._unreadable.get(key) == inode:
            return None
        if view is not None and view.inode == inode:
            self._views.move_to_end(key)
            return view
        if view is not None:
            self._views.pop(key).close()
        while len(self._views) >= MAX_VIEWS:
            self._views.popitem(last=False)[1].close()
        try:
            self._views[key] = view = View(path, key, inode)
        except UnfinishedError:
            return None  # it is looked at again by the next query
        except (*DAMAGE, apsw.CantOpenError, apsw.SQLError) as error:
            self._complain(key, inode, error)
            return None
        return view

    def _complain(self, key: SegmentKey, inode: int, error: Exception) -> None:
        self._unreadable[key] = inode
        _log.warning("%s cannot be read: %s", segment_path(self.folder, key).name, error)


def _check_version(connection: apsw.Connection) -> None:
    version = version_of(connection)
    if version != len(MAIN):
        raise StoreError(f"the store has schema number {version}, this version reads {len(MAIN)}")


def _check_segment(connection: apsw.Connection, name: str) -> None:
    version = version_of(connection)
    if version == 0:
        raise UnfinishedError
    if version != len(SEGMENT):
        raise apsw.CantOpenError(f"{name} has another schema")
