"""A capture thread: one source, one flow table, everything that ends goes into the channel."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.flows.table import FlowTable, TableOutput, TableStatistics
from appliance.model.frame import PacketSource
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

    def run(self) -> None:
        """Feed the table with the source's frames."""
        table = self._table
        for block in self.source.blocks():
            for output in table.absorb(block):
                self._send(output)
            if len(block.frames) == 0:
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
        if len(output.flows) or len(output.samples.headers) or len(output.traffic):
            shift_interfaces(output, self._first_interface)
            self._channel.put(Parcel(output, self._sent_ns))
