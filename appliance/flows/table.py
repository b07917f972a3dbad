"""The flow table as the rest of the program sees it: frames in, flows and samples out."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Flows
from appliance.flows.pages import allocate
from appliance.flows.ports import port_table
from appliance.kernels.expiry import advance, flush
from appliance.kernels.flowtable import BATCH, absorb
from appliance.kernels.jit import records
from appliance.kernels.packet import (
    FRAGMENT_DTYPE,
    FRAGMENT_ORPHAN,
    FRAGMENTS,
    PACKET_DTYPE,
    REJECTS,
)
from appliance.kernels.sampling import MAX_SAMPLE
from appliance.kernels.table import LIMITS_DTYPE, STATE_DTYPE, WHEEL, Table
from appliance.model.flow import FLOW_DTYPE, EndReason
from appliance.model.frame import FrameBlock
from appliance.model.health import TRAFFIC_DTYPE
from appliance.model.sample import SAMPLE_DTYPE, Samples

_NAME_PORTS = 8_192  # what is looked up for every packet has to stay in the cache
_OUT_FLOWS = 8_192
_OUT_ATTEMPTS = 4_096
_OUT_SAMPLES = 2_048
_OUT_SAMPLE_BYTES = 1 << 20
_OUT_SECONDS = 256


class TableOutput(NamedTuple):
    """What a table had to say since it was asked last. The arrays belong to the receiver."""

    flows: NDArray[Any]  # FLOW_DTYPE (n,), in order of ending
    samples: Samples
    traffic: NDArray[Any]  # TRAFFIC_DTYPE (k,), closed seconds; a second may come in several rows
    attempts: NDArray[Any]  # FLOW_DTYPE (a,), open flows nobody answered for a second, each once
    now_ns: int  # packet time so far, ns since the epoch


class TableStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the table was made; `active` and `capacity` are of now.

    packets == flow_packets + sum(rejected) + fragments_held, always.
    """

    packets: int
    bytes: int
    flow_packets: int
    active: int
    capacity: int
    ended: int
    evicted: int
    evicted_answered: int
    samples_dropped: int
    fragments_held: int
    clock_steps: int
    now_ns: int
    rejected: dict[str, int]


def _hint_home(home: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Tell by the first byte of an address whether any home network can hold it.

    home : as in FlowTable
    returns : uint8 (512,), by first byte of IPv4 addresses, then of IPv6 addresses
    """
    first = np.arange(256, dtype=np.uint64)[:, None]
    hi_mask, lo_mask, hi_value, lo_value = np.asarray(home, np.uint64).reshape(-1, 4).T
    four = np.uint64(0xFFFF << 32) | first << np.uint64(24)
    in_four = ((four ^ lo_value) & lo_mask & np.uint64(0xFFFF_FF00_0000)) == 0
    in_six = (((first << np.uint64(56)) ^ hi_value) & hi_mask & np.uint64(0xFF << 56)) == 0
    return np.concatenate([(in_four & (hi_value == 0)).any(1), in_six.any(1)]).astype(np.uint8)


def _power_of_two(at_least: int) -> int:
    return 1 << (at_least - 1).bit_length()


def _add_up(sums: NDArray[Any], rows: NDArray[Any]) -> None:
    for name in TRAFFIC_DTYPE.names or ():
        if name != "second":
            sums[name] += rows[name].sum(axis=0)


class FlowTable:
    """One worker's flows. Not thread-safe: one thread feeds it.

    home : uint64 (k, 4), hi mask, lo mask, hi value, lo value of each home network
    samples_per_s : payloads handed to metadata per second of packet time; 0 = none
    seed : of the hash; a replay takes a fixed one, a live capture a random one
    """

    def __init__(
        self,
        config: Flows,
        home: NDArray[np.uint64],
        *,
        samples_per_s: int = 0,
        worker: int = 0,
        seed: int = 0x5851F42D4C957F2D,
    ) -> None:
        capacity = config.max_flows
        slots = _power_of_two(2 * capacity)
        young = _power_of_two(2 * capacity)
        limits = np.zeros(1, LIMITS_DTYPE)
        for name in ("tcp_idle", "udp_idle", "icmp_idle", "other_idle", "linger", "active"):
            limits[0][f"{name}_ns"] = round(getattr(config, f"{name}_s") * 1e9)
        limits[0]["seed"] = seed
        limits[0]["slot_mask"] = slots - 1
        limits[0]["capacity"] = capacity
        limits[0]["young_mask"] = young - 1
        limits[0]["samples_per_s"] = samples_per_s
        limits[0]["worker"] = worker
        state = np.zeros(1, STATE_DTYPE)
        state[0]["free_top"] = capacity
        links = np.zeros((capacity + WHEEL, 2), np.uint32)
        links[capacity:, 0] = links[capacity:, 1] = np.arange(capacity, capacity + WHEEL)
        pool = allocate(capacity, FLOW_DTYPE)
        ports = port_table()
        self._table = Table(
            limits=records(limits),
            state=records(state),
            pool=records(pool),
            pool_bytes=pool.view(np.uint8),
            slots=allocate(slots, np.uint64),
            free=np.arange(capacity - 1, -1, -1, dtype=np.uint32),
            links=links,
            young=np.zeros(young, np.uint64),
            fragments=records(np.zeros(FRAGMENTS, FRAGMENT_DTYPE)),
            packets=records(allocate(BATCH, PACKET_DTYPE)),
            home=np.ascontiguousarray(home, np.uint64).reshape(-1, 4),
            home_hints=_hint_home(home),
            server_ports=np.packbits(ports & 1, bitorder="little").view(np.uint64),
            name_ports=(ports[:_NAME_PORTS] >> 1).astype(np.uint8),
            ended=records(allocate(_OUT_FLOWS, FLOW_DTYPE)),
            attempts=records(allocate(_OUT_ATTEMPTS, FLOW_DTYPE)),
            sample_headers=records(np.zeros(_OUT_SAMPLES, SAMPLE_DTYPE)),
            sample_data=np.zeros(_OUT_SAMPLE_BYTES, np.uint8),
            traffic=records(np.zeros(_OUT_SECONDS, TRAFFIC_DTYPE)),
            rejects=np.zeros(len(REJECTS), np.int64),
        )
        assert _OUT_SAMPLE_BYTES > BATCH * MAX_SAMPLE
        self._drained = np.zeros(1, TRAFFIC_DTYPE)
        self._started = False

    def absorb(self, block: FrameBlock) -> Iterator[TableOutput]:
        """Take frames in; yield an output whenever one is full. Drain the rest with `drain`."""
        frames = records(block.frames)
        # Some sources hand over read-only memory: to the compiler that is another type, and
        # telling it always the same halves what has to be compiled.
        buffer = block.buffer.view()
        buffer.flags.writeable = False
        total = len(frames)
        if total and not self._started:
            self._start_clock(int(frames[0]["ts_ns"]))
        done = 0
        while done < total:
            done = absorb(self._table, buffer, frames, done)
            if done < total:
                yield self.drain()

    def advance(self, now_ns: int) -> Iterator[TableOutput]:
        """Let time pass without packets; yield full outputs."""
        if not self._started:
            return
        while not advance(self._table, now_ns):
            yield self.drain()

    def flush(self) -> Iterator[TableOutput]:
        """End every flow; yields everything that was left, the open second included."""
        table = self._table
        while not flush(table, int(EndReason.SHUTDOWN)):
            yield self.drain()
        waiting = table.fragments["state"] == 2
        orphans = int(table.fragments["held_packets"][waiting].sum())
        table.rejects[FRAGMENT_ORPHAN] += orphans
        table.state[0]["fragments_held"] -= orphans
        table.fragments["state"] = 0
        yield self.drain(last=True)

    def drain(self, *, last: bool = False) -> TableOutput:
        """Return and forget what has gathered; the second still open stays, unless `last`."""
        table, state = self._table, self._table.state[0]
        flows = np.asarray(table.ended[: state["out"]]).copy()
        attempts = np.asarray(table.attempts[: state["attempts"]]).copy()
        state["out"] = state["attempts"] = 0
        headers = np.asarray(table.sample_headers[: state["samples"]]).copy()
        data = table.sample_data[: state["sample_bytes"]].copy()
        state["samples"] = state["sample_bytes"] = 0
        rows = int(state["traffic"])
        closed = rows if last else max(rows - 1, 0)
        traffic = np.asarray(table.traffic[:closed]).copy()
        if closed:
            _add_up(self._drained[0], traffic)
        if 0 < closed < rows:
            table.traffic[0] = table.traffic[rows - 1]
        state["traffic"] = rows - closed
        return TableOutput(flows, Samples(headers, data), traffic, attempts, int(state["now_ns"]))

    def statistics(self) -> TableStatistics:
        """Return the counters; may be called from any thread (figures may be a packet apart)."""
        state = self._table.state[0]
        counts = {
            name: int(state[name])
            for name in (
                "packets", "bytes", "flow_packets", "active", "ended", "evicted",
                "evicted_answered", "samples_dropped", "fragments_held", "clock_steps", "now_ns",
            )
        }  # fmt: skip
        rejected = {
            name: int(count)
            for name, count in zip(REJECTS, self._table.rejects, strict=True)
            if count
        }
        return TableStatistics(
            capacity=int(self._table.limits[0]["capacity"]), rejected=rejected, **counts
        )

    def totals(self) -> NDArray[Any]:
        """Return all traffic since the table was made, one TRAFFIC_DTYPE record; `second` is 0.

        For the thread that feeds the table.
        """
        sums = self._drained.copy()
        _add_up(sums[0], np.asarray(self._table.traffic[: self._table.state[0]["traffic"]]))
        total: NDArray[Any] = sums[0]
        return total

    @property
    def now_s(self) -> float:
        """Packet time so far, s since the epoch."""
        return int(self._table.state[0]["now_ns"]) / 1e9

    def _start_clock(self, first_ns: int) -> None:
        state = self._table.state[0]
        state["now_ns"] = first_ns
        state["tick"] = first_ns >> 27
        self._started = True
