"""A packet source made of lists, and a pipeline's store that remembers."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.flow import FlowBatch
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock
from appliance.model.meta import DeviceFact


class ListSource:
    """Delivers blocks from a list; `during` is called after each."""

    def __init__(
        self,
        blocks: Sequence[FrameBlock] = (),
        interfaces: tuple[str, ...] = ("eth0",),
        statistics: CaptureStatistics | None = None,
        during: Callable[[], None] = lambda: None,
    ) -> None:
        self._blocks = list(blocks)
        self._interfaces = interfaces
        self._during = during
        self.said = statistics or CaptureStatistics()
        self.closed = False

    @property
    def interfaces(self) -> tuple[str, ...]:
        return self._interfaces

    def blocks(self) -> Iterator[FrameBlock]:
        for block in self._blocks:
            if self.closed:
                return
            yield block
            self._during()

    def statistics(self) -> CaptureStatistics:
        return self.said

    def close(self) -> None:
        self.closed = True


EMPTY_BLOCK = FrameBlock(np.zeros(1, np.uint8), np.zeros(0, FRAME_DTYPE))


class MemoryStore:
    """Keeps everything the pipeline hands to a store, and the order of the calls."""

    def __init__(self) -> None:
        self.batches: list[FlowBatch] = []
        self.seconds: list[NDArray[Any]] = []
        self.facts: list[DeviceFact] = []
        self.vendors: list[str] = []
        self.calls: list[str] = []

    def write(self, batch: FlowBatch) -> None:
        self.calls.append("flows")
        self.batches.append(batch)

    def write_traffic(self, seconds: NDArray[Any]) -> None:
        self.calls.append("traffic")
        self.seconds.append(seconds)

    def write_facts(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        self.calls.append("facts")
        self.facts += facts
        self.vendors += [vendor(fact.mac) for fact in facts]
