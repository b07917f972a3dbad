"""Logs as a source of flows: what a capture and a flow table deliver together, from files.

The clock of a log is the latest start of a flow so far. So it does not matter whether the log is
in the order in which flows began or in which they ended.
"""

import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.flow import FLOW_DTYPE, FlowBatch
from appliance.model.meta import DeviceFact
from appliance.model.observation import Observation
from appliance.sources.companions import AHEAD_NS, Companion, Companions, NameTable, Told
from appliance.sources.conn import ConnReader
from appliance.sources.entries import READERS
from appliance.sources.recognise import ARGUS, CONN, Log, find_logs, open_log

BATCH_FLOWS = 2_000
_FOREVER_NS = 1 << 62
_MANY = 200  # flows
_FAR = 10  # times what lies between the earliest and the latest hundredth of a batch
_DAY_NS = 86_400_000_000_000


class LogBatch(NamedTuple):
    """Some flows, in the order of the log, and what other logs said up to `now_s`."""

    batch: FlowBatch  # may be empty
    observations: list[Observation]
    facts: list[DeviceFact]
    now_s: float  # s since the epoch; never goes back


class LogStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What was read and what was not. Counts only grow."""

    files: int
    bytes: int  # of text, decompressed
    flows: int
    damaged: dict[str, int]  # records left out, "kind of log: reason"
    joined: int = 0  # flows about which another log said something
    unclaimed: int = 0  # records about flows that never came, or too late


class LogSource(Protocol):
    """Anything that delivers flows that somebody else has measured."""

    def batches(self) -> Iterator[LogBatch]:
        """Deliver everything in order, until the end or until `close` is called."""

    def statistics(self) -> LogStatistics:
        """Return the counters."""

    def close(self) -> None:
        """Make `batches` end soon; may be called from a signal handler, more than once."""


def open_logs(
    inputs: Sequence[str], home: NDArray[np.uint64], names: NameTable | None = None
) -> "Logs":
    """Open logs and folders of logs, with what lies beside them, as one source.

    home : HomeNetworks.array()
    names : passive DNS for flows without a name of their own
    CaptureError, FormatError for what cannot be read as a log.
    """
    paths = dict.fromkeys(path for given in inputs for path in find_logs(given))
    with ExitStack() as undo:
        logs = []
        for path in paths:
            logs.append(open_log(path))
            undo.callback(logs[-1].file.release)
        undo.pop_all()
    return Logs(logs, home, names)


class Logs:
    """Zeek logs and Argus flows as one source, by time. Files must not overlap with themselves."""

    def __init__(
        self, logs: list[Log], home: NDArray[np.uint64], names: NameTable | None = None
    ) -> None:
        self.names = names
        self._logs = logs
        self._conns = [log for log in logs if log.kind in {CONN, ARGUS}]
        beside = [log for log in logs if log.kind in READERS]
        self._companions = Companions(
            [Companion(log.records, READERS[log.kind][1]) for log in beside], names
        )
        self.interfaces = tuple(log.file.name for log in self._conns) or ("log",)
        self._reader = ConnReader(home, self.interfaces)
        self._now_ns = 0
        self._taken = 0
        self._damaged: dict[str, int] = {}
        self._closed = False

    def batches(self) -> Iterator[LogBatch]:
        """Deliver everything in order."""
        try:
            yield from self._flows_and_more()
        finally:
            for log in self._logs:
                log.file.release()

    def _flows_and_more(self) -> Iterator[LogBatch]:
        streams = [self._read(log, number) for number, log in enumerate(self._conns)]
        for batch in streams[0] if len(streams) == 1 else _merge(streams):
            if self._closed:
                break
            self._now_ns = max(self._now_ns, _latest_ns(batch))
            self._taken += len(batch)
            self._companions.advance(self._now_ns + AHEAD_NS)
            self._companions.fill(batch)
            yield self._pack(batch, self._companions.tell(self._now_ns))
        yield from self._rest()

    def statistics(self) -> LogStatistics:
        """Return the counters."""
        damaged = dict(self._damaged)
        for log in self._logs:
            counts = dict(log.records.damaged)
            counts["too long"] = log.file.too_long
            counts["stream"] = log.file.damaged
            for reason, count in counts.items():
                if count:
                    key = f"{log.kind}: {reason}"
                    damaged[key] = damaged.get(key, 0) + count
        return LogStatistics(
            files=len(self._logs),
            bytes=sum(log.file.bytes for log in self._logs),
            flows=self._taken,
            damaged=dict(sorted(damaged.items())),
            joined=self._companions.joined,
            unclaimed=self._companions.evicted,
        )

    def close(self) -> None:
        """Make `batches` end soon."""
        self._closed = True
        for log in self._logs:
            log.file.close()

    def _read(self, log: Log, number: int) -> Iterator[FlowBatch]:
        for table in log.records.tables(BATCH_FLOWS):
            batch = self._reader.read(table)
            batch.flows["interface"] = number
            for reason, count in table.reasons.items():
                key = f"{log.kind}: {reason}"
                self._damaged[key] = self._damaged.get(key, 0) + count
            if len(batch):
                yield batch

    def _rest(self) -> Iterator[LogBatch]:
        """Deliver what the other logs say after the last flow, or without any."""
        companions = self._companions
        while not self._closed:
            until_ns = companions.next_ns()
            if until_ns is not None:
                companions.advance(until_ns)
                until_ns = companions.next_ns()
            told = companions.tell(_FOREVER_NS if until_ns is None else until_ns)
            if told.observations or told.facts:
                times = [seen.ts_ns for seen in told.observations]
                self._now_ns = max(self._now_ns, *times, *(fact.ts_ns for fact in told.facts))
                empty = FlowBatch(np.zeros(0, FLOW_DTYPE), self.interfaces)
                yield self._pack(empty, told)
            if until_ns is None:
                break

    def _pack(self, batch: FlowBatch, told: Told) -> LogBatch:
        return LogBatch(batch, told.observations, told.facts, self._now_ns / 1e9)


def _latest_ns(batch: FlowBatch) -> int:
    """Return the latest start; of many flows a few from far in the future do not count.

    One wrong digit would otherwise take the clock there for good.
    """
    starts = batch.flows["first_ns"]
    if len(starts) >= _MANY:
        early, late = np.percentile(starts, (1, 99))
        starts = starts[starts <= late + _FAR * (late - early) + _DAY_NS]
    return int(starts.max())


def _merge(streams: list[Iterator[FlowBatch]]) -> Iterator[FlowBatch]:
    """Yield batches of several logs by the time they end."""
    waiting: list[tuple[int, int, FlowBatch]] = []
    for number, stream in enumerate(streams):
        first = next(stream, None)
        if first is not None:
            waiting.append((_latest_ns(first), number, first))
    heapq.heapify(waiting)
    while waiting:
        _, number, batch = waiting[0]
        yield batch
        following = next(streams[number], None)
        if following is None:
            heapq.heappop(waiting)
        else:
            heapq.heapreplace(waiting, (_latest_ns(following), number, following))
