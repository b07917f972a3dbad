"""Each device's own past: what its windows usually look like, what it sends, when it is active.

Every feature of a host is a histogram of its closed windows. The windows of a day count only from
the next day on, so that what began today cannot become the norm today; suspicious ones count
little. All of it can be made again from stored windows, so nothing else is saved.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.detect.bins import BINS, from_bin, to_bins
from appliance.detect.weights_windows import HistoryWeights
from appliance.model.window import COLUMN, FEATURES, WindowBatch

DAY_S = 86_400
DAYS = 14  # of uploads and active hours
MAX_DEVICES = 2_048  # 13 kB each, where used
_IDLE = -1.0


class Usual(NamedTuple):
    """What a feature of a host usually is, to the width of a bin."""

    median: float
    spread: float  # half of the middle half: as far as windows usually are from the median
    top: float  # 0.99 quantile
    windows: float  # of earlier days, fading; 0 = nothing is known


class Upload(NamedTuple):
    """Payload a host usually sends to outside peers. Bytes."""

    hour: float  # median, of this hour of the day where it was active then, else of any
    busiest_hour: float
    day: float  # median
    days: int  # earlier days known, at most DAYS - 1


UNKNOWN = Usual(0.0, 0.0, 0.0, 0.0)
NO_UPLOAD = Upload(0.0, 0.0, 0.0, 0)
_NOTHING = np.zeros((len(FEATURES), BINS), np.float32)


class StoredWindows(Protocol):
    """Where closed windows of earlier days are kept."""

    def read_windows(self, since_s: float, until_s: float) -> Iterable[WindowBatch]:
        """Return the windows that began in [since_s, until_s), in order."""
        ...


class HistoryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start."""

    devices: int
    devices_forgotten: int  # given up for newer ones
    windows: int


class History:
    """The past of inside hosts, by address. One thread; packet time."""

    def __init__(
        self, weights: HistoryWeights | None = None, max_devices: int = MAX_DEVICES
    ) -> None:
        self._weights = weights or HistoryWeights()
        self._rows: dict[tuple[int, int], int] = {}
        self._owners: list[tuple[int, int]] = []  # of the rows
        shape = (max_devices, len(FEATURES), BINS)
        self._past = np.zeros(shape, np.float32)  # weight of windows of earlier days, by bin
        self._today = np.zeros(shape, np.float32)
        self._totals = np.zeros(max_devices, np.float32)  # of `_past`, of any feature
        self._uploads = np.full((max_devices, DAYS, 24), _IDLE, np.float32)  # bytes of hours
        self._seen_s = np.zeros(max_devices)
        self._day = -1
        self._passed = 0
        self._forgotten = self._windows = 0

    def load(self, stored: StoredWindows, now_s: float) -> None:
        """Learn from the stored windows of the last DAYS days."""
        for batch in stored.read_windows(now_s - DAYS * DAY_S, now_s):
            self.learn(batch)

    def learn(self, batch: WindowBatch) -> None:
        """Take a closed window in; windows come in order. Its day counts from the next one on."""
        self.begin_day(batch.start_s)
        inside = np.flatnonzero(batch.hosts["inside"])
        if not len(inside):
            return
        rows = self._rows_for(batch.hosts[inside], batch.start_s)
        inside, rows = inside[rows >= 0], rows[rows >= 0]
        weight = self._weigh(batch.evidence[inside])
        bins = to_bins(batch.values[inside])
        self._today[rows[:, None], np.arange(len(FEATURES))[None, :], bins] += weight[:, None]
        where = (rows, self._day % DAYS, int(batch.start_s % DAY_S // 3_600))
        sent = batch.values[inside, COLUMN["outside_out_bytes"]] * weight
        self._uploads[where] = np.maximum(self._uploads[where], 0.0) + sent
        self._windows += 1

    def begin_day(self, now_s: float) -> None:
        """Let the days before today's count, and fade; nothing happens on the same day."""
        day = int(now_s // DAY_S)
        passed = day - self._day if self._day >= 0 else 0
        if self._day < 0:
            self._day = day
        if passed <= 0:
            return
        self._passed += 1
        used = len(self._rows)
        self._past[:used] = self._past[:used] * self._weights.keep**passed + self._today[
            :used
        ] * self._weights.keep ** (passed - 1)
        self._today[:used] = 0.0
        self._totals[:used] = self._past[:used, 0].sum(axis=1)
        for begun in range(max(self._day, day - DAYS) + 1, day + 1):
            self._uploads[:used, begun % DAYS] = _IDLE
        self._day = day

    def usual(self, hi: int, lo: int, feature: str) -> Usual:
        """Return what a feature of a host was on earlier days."""
        weights = self.past_of(hi, lo)[COLUMN[feature]]
        total = float(weights.sum())
        if total <= 0.0:
            return UNKNOWN
        shares = np.cumsum(weights) / total
        places = np.searchsorted(shares, np.array([0.25, 0.5, 0.75, 0.99]) - 1e-9)
        quarter, median, three, top = (from_bin(feature, float(place)) for place in places)
        return Usual(median, (three - quarter) / 2.0, top, total)

    def usual_upload(self, hi: int, lo: int) -> float | None:
        """Return the bytes a host usually sends outside on a day; None if no day is known."""
        upload = self.upload_of(hi, lo, 0)
        return upload.day if upload.days else None

    def upload_of(self, hi: int, lo: int, hour: int) -> Upload:
        """Return what a host sent outside on earlier days, in an hour of the day (UTC) and in all.

        Suspicious windows are told with the little weight they have.
        """
        row = self._rows.get((hi, lo))
        if row is None:
            return NO_UPLOAD
        earlier = self._earlier(np.array([row]))[0]
        known = earlier[(earlier >= 0.0).any(axis=1)]
        if not len(known):
            return NO_UPLOAD
        active = known[known >= 0.0]
        then = known[:, hour]
        then = then[then >= 0.0]
        days = np.maximum(known, 0.0).sum(axis=1)
        return Upload(
            hour=float(np.median(then if len(then) else active)),
            busiest_hour=float(active.max()),
            day=float(np.median(days)),
            days=len(known),
        )

    def night(self, hosts: NDArray[Any], start_s: float) -> NDArray[np.float32]:
        """Return 1 for hosts not active near this hour of the day on any earlier day, (n,).

        0 where no earlier day is known.
        """
        self.begin_day(start_s)
        hour = int(start_s % DAY_S // 3_600)
        if not self._passed:
            return np.zeros(len(hosts), np.float32)
        rows = self.rows_of(hosts)
        places = np.flatnonzero(rows >= 0)
        earlier = self._earlier(rows[places]) >= 0.0
        active: NDArray[np.bool_] = np.any(earlier, axis=1)
        near = np.any(active[:, [hour - 1, hour, (hour + 1) % 24]], axis=1)
        result = np.zeros(len(hosts), np.float32)
        result[places] = np.any(active, axis=1) & ~near
        return result

    def rows_of(self, hosts: NDArray[Any]) -> NDArray[np.intp]:
        """Return where each host's past stands, -1 nowhere: (n,)."""
        find = self._rows.get
        return np.fromiter((find(key, -1) for key in _keys(hosts)), np.intp, len(hosts))

    def totals_of(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return `windows_of` of hosts by `rows_of`: (n,)."""
        totals: NDArray[np.float64] = np.where(rows >= 0, self._totals[rows], 0.0).astype(float)
        return totals

    def past_of_rows(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return `past_of` of hosts that have rows: (n, len(FEATURES), BINS)."""
        past: NDArray[np.float32] = self._past[rows]
        return past

    def windows_of(self, hi: int, lo: int) -> float:
        """Return how many windows of earlier days are known of a host, fading with age."""
        row = self._rows.get((hi, lo), -1)
        return 0.0 if row < 0 else float(self._totals[row])

    def past_of(self, hi: int, lo: int) -> NDArray[np.float32]:
        """Return the weights of a host's windows of earlier days: (len(FEATURES), BINS)."""
        row = self._rows.get((hi, lo))
        if row is None:
            return _NOTHING
        past: NDArray[np.float32] = self._past[row]
        return past

    @property
    def days(self) -> int:
        """How many day changes there were: 0 while nothing is known of an earlier day."""
        return self._passed

    def everyone(self) -> tuple[list[tuple[int, int]], NDArray[np.float32]]:
        """Return all hosts, and the weights of all their windows, today's too: (hosts, ...)."""
        used = len(self._rows)
        return list(self._rows), self._past[:used] + self._today[:used]

    def statistics(self) -> HistoryStatistics:
        """Return the counters so far."""
        return HistoryStatistics(
            devices=len(self._rows), devices_forgotten=self._forgotten, windows=self._windows
        )

    def _earlier(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return uploads by host, day and hour, without today's."""
        keep = np.delete(np.arange(DAYS), self._day % DAYS)
        earlier: NDArray[np.float32] = self._uploads[rows[:, None], keep]
        return earlier

    def _weigh(self, evidence: NDArray[np.float32]) -> NDArray[np.float32]:
        w = self._weights
        weight = np.where(evidence > w.doubtful_at, w.doubtful, w.normal)
        return np.where(evidence > w.bad_at, w.bad, weight).astype(np.float32)

    def _rows_for(self, hosts: NDArray[Any], now_s: float) -> NDArray[np.intp]:
        """Return the hosts' rows, made if need be; -1 where all are of hosts seen now."""
        rows = self.rows_of(hosts)
        self._seen_s[rows[rows >= 0]] = now_s
        new = np.flatnonzero(rows < 0)
        for place, key in zip(new.tolist(), _keys(hosts[new]), strict=True):
            rows[place] = self._row_for(key, now_s)
        return rows

    def _row_for(self, key: tuple[int, int], now_s: float) -> int:
        """Return a row for a new host: a free one, or that of the device not seen for longest."""
        row = len(self._rows)
        if row < len(self._seen_s):
            self._owners.append(key)
        else:
            row = int(np.argmin(self._seen_s))
            if self._seen_s[row] == now_s:
                return -1
            self._forget(row)
            self._owners[row] = key
        self._rows[key] = row
        self._seen_s[row] = now_s
        return row

    def _forget(self, row: int) -> None:
        del self._rows[self._owners[row]]
        self._forgotten += 1
        self._past[row] = self._today[row] = 0.0
        self._totals[row] = 0.0
        self._uploads[row] = _IDLE


def _keys(hosts: NDArray[Any]) -> Iterable[tuple[int, int]]:
    return zip(hosts["hi"].tolist(), hosts["lo"].tolist(), strict=True)
