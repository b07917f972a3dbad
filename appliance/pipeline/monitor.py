"""The sensor's own figures: health, the second's tick, the newest flows for whoever watches."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

import appliance
from appliance.model.flow import Direction, FlowBatch
from appliance.model.frame import CaptureStatistics
from appliance.model.health import DetectionStatistics, Health, Tick
from appliance.model.views import FlowRow, StoreStatistics
from appliance.pipeline.rows import make_rows
from appliance.pipeline.sight import Losses
from appliance.pipeline.worker import CaptureWorker
from appliance.runtime.channel import ChannelStatistics
from appliance.runtime.process import read_usage

SHOWN_FLOWS = 50  # of one second; more cannot be read anyway
_LAG_WARNING_S = 5.0
_FULL = 0.95  # of the flow table


class LatestFlows:
    """Keeps the newest flows for the live feed; a sink of the pipeline."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._batches: deque[FlowBatch] = deque()  # together at least SHOWN_FLOWS, if there were
        self._held = 0
        self._fresh = 0  # since `collect` was called last

    def __call__(self, batch: FlowBatch) -> None:
        """Remember the end of a batch."""
        tail = _tail(batch, SHOWN_FLOWS)
        with self._lock:
            self._fresh += len(batch)
            self._batches.append(tail)
            self._held += len(tail)
            while self._held - len(self._batches[0]) >= SHOWN_FLOWS:
                self._held -= len(self._batches.popleft())

    def collect(self, *, wanted: bool) -> tuple[list[FlowRow], int]:
        """Return the newest flows since the last call, newest first, and how many there were."""
        with self._lock:
            fresh, self._fresh = self._fresh, 0
            batches = list(self._batches)
        return (_newest(batches, fresh) if wanted else []), fresh

    def recent(self) -> list[FlowRow]:
        """Return the newest flows, newest first."""
        with self._lock:
            batches = list(self._batches)
        return _newest(batches, SHOWN_FLOWS)


def _newest(batches: list[FlowBatch], count: int) -> list[FlowRow]:
    rows: list[FlowRow] = []
    for batch in reversed(batches):
        missing = min(count, SHOWN_FLOWS) - len(rows)
        if missing <= 0:
            break
        rows.extend(reversed(_rows_with_ids(_tail(batch, missing))))
    return rows


def _tail(batch: FlowBatch, count: int) -> FlowBatch:
    if len(batch) <= count:
        return batch
    tail = FlowBatch(batch.flows[-count:].copy(), batch.interfaces)
    tail.meta = batch.meta[-count:]
    tail.orig, tail.resp = batch.orig[-count:], batch.resp[-count:]
    tail.ids = batch.ids[-count:]
    return tail


def _rows_with_ids(batch: FlowBatch) -> list[FlowRow]:
    rows = list(make_rows(batch))
    for row, number in zip(rows, batch.ids, strict=False):
        row.id = number
    return rows


class Identity(NamedTuple):
    """What does not change while a sensor runs."""

    sensor: str  # its name
    home: list[str]  # home networks as CIDR
    started_s: float  # s since the epoch


class Monitor:
    """Turns counters into figures per second. One thread calls `tick`, any thread `health`.

    channel, store, detection : where the counters of the pipeline come from
    """

    def __init__(
        self,
        identity: Identity,
        workers: Sequence[CaptureWorker],
        channel: Callable[[], ChannelStatistics],
        store: Callable[[], StoreStatistics],
        geo_sources: Callable[[], list[dict[str, str]]],
        detection: Callable[[], DetectionStatistics] = DetectionStatistics,
    ) -> None:
        self._detection = detection
        self._identity = identity
        self._workers = workers
        self._channel = channel
        self._store = store
        self._geo_sources = geo_sources
        self._sums = self._read_totals()
        self._lost = 0
        self.losses = Losses()  # as of the last `tick`; replaced as a whole
        self._ticked_ns = 0
        self.lag_s = 0.0  # set by the pipeline's thread
        self.flows = 0  # taken by the pipeline, set by its thread
        self.stopping = False

    def tick(self, now_s: float, monotonic_ns: int) -> Tick:
        """Return the traffic since the last call as rates per second."""
        sums = self._read_totals()
        lost = self._count_lost()
        span_s = max((monotonic_ns - self._ticked_ns) / 1e9, 1e-3) if self._ticked_ns else 1.0
        rates = {name: _rate(sums[name] - self._sums[name], span_s) for name in sums}
        dropped = _rate(lost - self._lost, span_s)
        self._sums, self._lost, self._ticked_ns = sums, lost, monotonic_ns
        self.losses = self._sum_losses(lost)
        return Tick(ts=now_s, dropped=dropped, **rates)

    def health(self, now_s: float) -> Health:
        """Return the state of everything."""
        tables = [worker.statistics() for worker in self._workers]
        captured = [worker.source.statistics() for worker in self._workers]
        channel, store, usage = self._channel(), self._store(), read_usage()
        rejected: dict[str, int] = {}
        for table in tables:
            for name, count in table.rejected.items():
                rejected[name] = rejected.get(name, 0) + count
        health = Health(
            version=appliance.__version__,
            sensor=self._identity.sensor,
            started=self._identity.started_s,
            now=now_s,
            interfaces=self._list_interfaces(captured),
            packets=sum(table.packets for table in tables),
            bytes=sum(table.bytes for table in tables),
            dropped_nic=_nic_drops(self._workers, captured),
            dropped_kernel=sum(one.kernel_dropped for one in captured),
            dropped_queue=channel.dropped,
            samples_dropped=sum(table.samples_dropped for table in tables),
            rejected=rejected,
            flows_active=sum(table.active for table in tables),
            flows_capacity=sum(table.capacity for table in tables),
            flows_ended=sum(table.ended for table in tables),
            flows_evicted=sum(table.evicted for table in tables),
            flows_stored=store.flows,
            queue_fill=channel.load / channel.capacity,
            lag_s=round(self.lag_s, 3) if channel.items else 0.0,
            rss_bytes=usage.rss_bytes,
            cpu_s=usage.cpu_s,
            disk_bytes=store.bytes_on_disk,
            written_bytes=usage.written_bytes,
            clock_steps=sum(table.clock_steps for table in tables),
            home_networks=self._identity.home,
            geo_sources=[source["name"] for source in self._geo_sources()],
            detection=self._detection(),
        )
        health.reasons = _reasons(health, captured, store)
        health.state = "degraded" if health.reasons else "running"
        if self.stopping:
            health.state = "stopping"
        return health

    def _list_interfaces(self, captured: list[CaptureStatistics]) -> list[dict[str, Any]]:
        merged: dict[str, dict[str, Any]] = {}
        for worker, statistics in zip(self._workers, captured, strict=True):
            for name in worker.source.interfaces:
                entry = msgspec.structs.asdict(statistics)
                if name in merged:
                    _join(entry, merged[name])
                merged[name] = {"name": name} | entry
        return list(merged.values())

    def _read_totals(self) -> dict[str, int]:
        sums = dict.fromkeys(_TICK_FIELDS, 0)
        for worker in self._workers:
            row = worker.totals
            moved, packets = row["bytes"], row["packets"]
            non_ip = int(row["non_ip_bytes"])
            sums["packets"] += int(packets.sum()) + int(row["non_ip_packets"])
            sums["bytes"] += int(moved.sum()) + non_ip
            sums["in_bytes"] += int(moved[Direction.INBOUND])
            sums["out_bytes"] += int(moved[Direction.OUTBOUND])
            sums["local_bytes"] += int(moved[Direction.LOCAL])
            sums["tcp_bytes"] += int(row["tcp_bytes"])
            sums["udp_bytes"] += int(row["udp_bytes"])
            sums["other_bytes"] += int(row["icmp_bytes"]) + int(row["other_bytes"]) + non_ip
            sums["new_flows"] += int(row["new_flows"])
        return sums

    def _sum_losses(self, lost: int) -> Losses:
        tables = [worker.statistics() for worker in self._workers]
        return Losses(
            seen=sum(worker.source.statistics().frames for worker in self._workers),
            lost=lost + self._channel().dropped,
            clock_steps=sum(table.clock_steps for table in tables),
        )

    def _count_lost(self) -> int:
        captured = [worker.source.statistics() for worker in self._workers]
        return sum(one.kernel_dropped for one in captured) + _nic_drops(self._workers, captured)


_TICK_FIELDS = (
    "packets", "bytes", "in_bytes", "out_bytes", "local_bytes", "tcp_bytes", "udp_bytes",
    "other_bytes", "new_flows",
)  # fmt: skip


def _join(entry: dict[str, Any], other: dict[str, Any]) -> None:
    """Add what another thread saw on the same interface."""
    for field in ("frames", "bytes", "kernel_dropped", "ring_freezes", "damaged"):
        entry[field] += other[field]
    entry["outages"] = max(entry["outages"], other["outages"])
    entry["up"] = entry["up"] and other["up"]
    entry["error"] = entry["error"] or other["error"]


def _rate(amount: float, span_s: float) -> int:
    return max(int(np.rint(amount / span_s)), 0)


def _nic_drops(workers: Sequence[CaptureWorker], captured: list[CaptureStatistics]) -> int:
    """Sum over interfaces, not threads: each thread reads the same card's counters."""
    per_card: dict[tuple[str, ...], int] = {}
    for worker, statistics in zip(workers, captured, strict=True):
        names = worker.source.interfaces
        per_card[names] = max(per_card.get(names, 0), statistics.nic_dropped)
    return sum(per_card.values())


def _reasons(
    health: Health, captured: list[CaptureStatistics], store: StoreStatistics
) -> list[str]:
    """Say in sentences what keeps the sensor from seeing everything."""
    reasons = [one.error for one in captured if not one.up]
    seen = sum(one.frames for one in captured)
    lost = health.dropped_nic + health.dropped_kernel
    if lost > 0.001 * max(seen, 1_000):
        reasons.append(f"{lost} packets were lost before they could be read")
    if health.dropped_queue:
        reasons.append(f"{health.dropped_queue} flows were given up because the pipeline is behind")
    if health.flows_active > _FULL * health.flows_capacity:
        reasons.append("the flow table is full; unanswered flows are ended early")
    if health.lag_s > _LAG_WARNING_S:
        reasons.append(f"the pipeline is {health.lag_s:.0f} s behind")
    if store.refused:
        reasons.append(f"{store.refused} flows could not be stored")
    reasons.extend(f"{name} was damaged and has been set aside" for name in store.damaged)
    return list(dict.fromkeys(reasons))
