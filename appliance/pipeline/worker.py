"""A capture thread: one source, one flow table, everything that ends goes into the channel."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.flows.table import FlowTable, TableOutput, TableStatistics
from appliance.model.frame import FrameBlock, PacketSource
from appliance.model.health import TRAFFIC_DTYPE
from appliance.pipeline.stage import shift_interfaces
from appliance.runtime.channel import Channel
from appliance.runtime.clock import Clock

_DRAIN_NS = 100_000_000  # outputs travel on at least this often


class Parcel(NamedTuple):
    """What travels from a worker to the pipeline."""

    output: TableOutput
    sent_ns: int  # monotonic


def weigh(parcel: Parcel) -> int:
    """Return the share of the channel a parcel takes: its flows."""
    return 1 + len(parcel.output.flows)


def _later(block: FrameBlock, since_ns: int) -> tuple[FrameBlock, int]:
    """Leave out frames before a time; 0 as the time once there are none any more."""
    late = block.frames["ts_ns"] >= since_ns
    if late.all():
        return block, 0
    return FrameBlock(block.buffer, block.frames[late]), since_ns


class CaptureWorker:
    """Runs in its own thread until the source ends; then ends every flow.

    first_interface : number of the source's first interface among all of the appliance
    """

    def __init__(
        self,
        source: PacketSource,
        table: FlowTable,
        channel: Channel[Parcel],
        clock: Clock,
        first_interface: int,
    ) -> None:
        self.source = source
        self.totals: NDArray[Any] = np.zeros(1, TRAFFIC_DTYPE)[0]  # replaced as a whole
        self._table = table
        self._channel = channel
        self._clock = clock
        self._first_interface = first_interface
        self._sent_ns = 0
        self.seen_ns = 0  # time of the last frame, ns since the epoch

    def run(self, since_ns: int = 0) -> None:
        """Feed the table with the source's frames, from a time on."""
        table = self._table
        for block in self.source.blocks():
            if since_ns and len(block.frames):
                block, since_ns = _later(block, since_ns)  # noqa: PLW2901
            for output in table.absorb(block):
                self._send(output)
            if len(block.frames):
                self.seen_ns = int(block.frames[-1]["ts_ns"])
            else:
                # Only silence needs the clock: otherwise the packets carry time on.
                for output in table.advance(self._clock.wall_ns()):
                    self._send(output)
            if self._clock.monotonic_ns() - self._sent_ns >= _DRAIN_NS:
                self._send(table.drain())
        for output in table.flush():
            self._send(output)

    def statistics(self) -> TableStatistics:
        """Return the table's counters; may be called from any thread."""
        return self._table.statistics()

    def _send(self, output: TableOutput) -> None:
        self._sent_ns = self._clock.monotonic_ns()
        self.totals = self._table.totals()
        if any(map(len, (output.flows, output.samples.headers, output.traffic, output.attempts))):
            shift_interfaces(output, self._first_interface)
            self._channel.put(Parcel(output, self._sent_ns))
