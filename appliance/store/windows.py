"""Fingerprints of hosts in a segment: the writer's rows, and reading them back as arrays.

The seven classic features are columns, so that other programs can read them; the others are one
blob of float32, whose names stand in the table `layout` because they change with the version.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.model.address import format_address
from appliance.model.memory import Windows
from appliance.model.window import CLASSIC, COLUMN, FEATURES, WindowBatch
from appliance.store.files import SegmentKey
from appliance.store.view import Views

MAX_HOSTS = 2_048  # of one window; 0.5 MB
MAX_WAITING = 40_000  # rows that wait while the disk takes none; 12 MB
MAX_READ = 200_000  # rows of one answer; 60 MB while it is made

_DAY_S = 86_400
_REST = FEATURES[len(CLASSIC) :]
_NAMES = " ".join(_REST)
_COLUMNS = ("start_s", "host", "length_s", *CLASSIC, "layout", "rest", "evidence", "model", "score")
# what came of a window before a restart may be less than what came after, or more
_INSERT = (
    f"INSERT INTO host_window VALUES({','.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[2:])
    + " WHERE excluded.total_flows >= total_flows"
)
_SELECT = f"""SELECT {", ".join(_COLUMNS)} FROM host_window WHERE start_s >= ? AND start_s < ?
AND (?3 = '' OR host = ?3) ORDER BY start_s DESC, host DESC LIMIT ?"""  # noqa: S608 - constants


class WindowRows:
    """What one segment has to write."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Find the layout of this version."""
        query = "SELECT id FROM layout WHERE names = ?"
        self._layout = int(connection.execute(query, (_NAMES,)).get or 0)
        if not self._layout:
            self._layout = 1 + int(connection.execute("SELECT max(id) FROM layout").get or 0)
        self._rows: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        """Rows that wait."""
        return len(self._rows)

    def add(self, batch: WindowBatch) -> None:
        """Take the hosts of a window, as `choose_hosts` left them."""
        values = np.nan_to_num(batch.values, posinf=0.0, neginf=0.0)
        scores = np.nan_to_num(np.stack((batch.evidence, batch.model, batch.score), axis=1))
        classic, rest = values[:, : len(CLASSIC)], values[:, len(CLASSIC) :].astype("<f4")
        hosts = zip(batch.hosts["hi"].tolist(), batch.hosts["lo"].tolist(), strict=True)
        for host, known, others, judged in zip(
            hosts, classic.tolist(), rest, scores.tolist(), strict=True
        ):
            head = (batch.start_s, format_address(*host), batch.length_s)
            self._rows.append((*head, *known, self._layout, others.tobytes(), *judged))

    def insert(self, connection: apsw.Connection) -> None:
        """Insert the rows, in the caller's transaction."""
        if self._rows:
            connection.execute("INSERT OR IGNORE INTO layout VALUES(?,?)", (self._layout, _NAMES))
            connection.executemany(_INSERT, self._rows)

    def settle(self) -> None:
        """Forget what `insert` has brought to disk."""
        self._rows.clear()


def choose_hosts(batch: WindowBatch) -> tuple[WindowBatch, int]:
    """Return the batch without idle hosts, and how many others were too many.

    Our own come before others, then those that stand out.
    """
    active = np.flatnonzero(np.any(batch.values != 0, axis=1))
    left_out = max(0, len(active) - MAX_HOSTS)
    if left_out:
        inside, score = batch.hosts["inside"][active], batch.score[active]
        order = np.lexsort((active, -score, -inside.astype(np.int8)))
        active = np.sort(active[order[:MAX_HOSTS]])
    if len(active) == len(batch.hosts):
        return batch, 0
    columns = (batch.hosts, batch.values, batch.evidence, batch.model, batch.score)
    chosen = (column[active] for column in columns)
    return WindowBatch(batch.start_s, batch.length_s, *chosen), left_out


def find_windows(
    views: Views, since: float, until: float, host: str, limit: int = MAX_READ
) -> Windows:
    """Return the fingerprints of windows that begin in [since, until), at most the newest `limit`.

    host : its address; "" for all
    """
    limit = max(1, min(MAX_READ, limit))
    rows: list[tuple[Any, ...]] = []
    layouts: dict[tuple[SegmentKey, int], list[str]] = {}
    numbers: list[tuple[SegmentKey, int]] = []
    for key in views.segments():
        if key.day * _DAY_S >= until or (key.day + 1) * _DAY_S <= since or len(rows) >= limit:
            continue
        with views.reading(key) as view:
            if view is None:
                continue
            found = view.connection.execute(_SELECT, (since, until, host, limit - len(rows)))
            more = list(found)
            rows += more
            numbers += [(key, row[len(CLASSIC) + 3]) for row in more]
            for number, names in view.connection.execute("SELECT id, names FROM layout"):
                layouts[key, number] = names.split()
    order = sorted(range(len(rows)), key=lambda index: (rows[index][0], rows[index][1]))
    return _to_arrays([rows[index] for index in order], [layouts[numbers[i]] for i in order])


def _to_arrays(rows: list[tuple[Any, ...]], layouts: list[list[str]]) -> Windows:
    count, first = len(rows), 3 + len(CLASSIC)
    values = np.zeros((count, len(FEATURES)), np.float32)
    values[:, : len(CLASSIC)] = _table((row[3:first] for row in rows), count, len(CLASSIC))
    known = {id(names): tuple(names) == _REST for names in layouts}
    for index, (row, names) in enumerate(zip(rows, layouts, strict=True)):
        rest = np.frombuffer(row[first + 1], "<f4")
        if known[id(names)] and len(rest) == len(_REST):
            values[index, len(CLASSIC) :] = rest
            continue
        for name, value in zip(names, rest.tolist(), strict=False):
            if name in COLUMN:
                values[index, COLUMN[name]] = value
    return Windows(
        [row[1] for row in rows],
        np.array([row[0] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.float64),
        values,
        _table((row[first + 2 :] for row in rows), count, 3),
    )


def _table(rows: Iterable[Iterable[float]], count: int, width: int) -> NDArray[np.float32]:
    """Return rows of numbers as an array (count, width)."""
    flat = np.fromiter(chain.from_iterable(rows), np.float32, count * width)
    return flat.reshape(count, width)
