"""Several sources as one, in order of time."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.index_pcap import gather_frames
from appliance.model.frame import CaptureStatistics, FrameBlock, PacketSource

_SCRATCH_BYTES = 4 << 20  # packets copied per block; one packet may be larger
_MAX_INTERFACES = 0xFFFF  # what the field of a frame can name


def merge(sources: Sequence[PacketSource]) -> PacketSource:
    """Merge sources by time; frames of equal time come in the order of the arguments.

    The order within one source is never changed: a frame that is older than the one before it
    counts as of that one's time. A single source is returned as it is. Interface names are
    concatenated.
    """
    if len(sources) == 1:
        return sources[0]
    return MergedSource(sources)


class MergedSource:
    """A merge that holds one block of each source, and a scratch buffer."""

    def __init__(self, sources: Sequence[PacketSource]) -> None:
        self._sources = tuple(sources)
        self._names: list[str] = []
        self._heads = [_Head(source) for source in sources]
        self._scratch: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self._closed = False
        for head in self._heads:
            self._learn_names(head)

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of all sources behind one another; new ones of a source come last."""
        return tuple(self._names)

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver the frames of all sources."""
        live = list(self._heads)
        try:
            while not self._closed:
                live = [head for head in live if self._refill(head)]
                if not live:
                    return
                yield from self._merge_round(live)
        finally:
            for head in self._heads:
                head.stop()

    def statistics(self) -> CaptureStatistics:
        """Return the sum over the sources."""
        parts = [source.statistics() for source in self._sources]
        return CaptureStatistics(
            frames=sum(part.frames for part in parts),
            bytes=sum(part.bytes for part in parts),
            nic_dropped=sum(part.nic_dropped for part in parts),
            kernel_dropped=sum(part.kernel_dropped for part in parts),
            ring_freezes=sum(part.ring_freezes for part in parts),
            damaged=sum(part.damaged for part in parts),
            outages=sum(part.outages for part in parts),
            up=all(part.up for part in parts),
            error=next((part.error for part in parts if part.error), ""),
        )

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        for source in self._sources:
            source.close()

    def _learn_names(self, head: "_Head") -> None:
        names = head.source.interfaces
        for name in names[len(head.indices) :]:
            index = min(len(self._names), _MAX_INTERFACES)
            if index == len(self._names):
                self._names.append(name)
            head.indices = np.append(head.indices, np.uint16(index))

    def _refill(self, head: "_Head") -> bool:
        if not head.refill():
            return False
        self._learn_names(head)
        return True

    def _merge_round(self, live: "list[_Head]") -> Iterator[FrameBlock]:
        """Hand on everything up to the earliest end of a block: nothing older can follow."""
        horizon = min(int(head.keys[-1]) for head in live)
        first = next(index for index, head in enumerate(live) if head.keys[-1] == horizon)
        parts = [
            # a source behind `first` waits at equal time: more of it may follow there
            head.take(horizon, inclusive=index <= first)
            for index, head in enumerate(live)
        ]
        parts = [part for part in parts if len(part.frames)]
        if len(parts) == 1:
            yield FrameBlock(parts[0].buffer, parts[0].frames)
        else:
            yield from self._interleave(parts)

    def _interleave(self, parts: "list[_Part]") -> Iterator[FrameBlock]:
        frames = np.concatenate([part.frames for part in parts])
        owner = np.repeat(np.arange(len(parts)), [len(part.frames) for part in parts])
        order = np.argsort(np.concatenate([part.keys for part in parts]), kind="stable")
        filled = np.cumsum(frames["caplen"][order], dtype=np.int64)
        start = 0
        while start < len(order) and not self._closed:
            base = int(filled[start - 1]) if start else 0
            fits = int(np.searchsorted(filled, base + _SCRATCH_BYTES, side="right"))
            stop = max(fits, start + 1)
            chosen = order[start:stop]
            self._reserve(int(filled[stop - 1]) - base)
            used = 0
            for index, part in enumerate(parts):
                mine = chosen[owner[chosen] == index]
                used = int(gather_frames(part.buffer, frames, mine, self._scratch, used))
            yield FrameBlock(self._scratch, frames[chosen])
            start = stop

    def _reserve(self, size: int) -> None:
        if size > len(self._scratch):
            self._scratch = np.empty(max(size, _SCRATCH_BYTES), dtype=np.uint8)


class _Part:
    """Frames taken from one source, with the times they are sorted by."""

    def __init__(
        self, buffer: NDArray[np.uint8], frames: NDArray[Any], keys: NDArray[np.int64]
    ) -> None:
        self.buffer = buffer
        self.frames = frames
        self.keys = keys


class _Head:
    """The current block of one source, consumed from the front."""

    def __init__(self, source: PacketSource) -> None:
        self.source = source
        self.indices: NDArray[np.uint16] = np.zeros(0, dtype=np.uint16)  # own index -> merged index
        self.keys: NDArray[np.int64] = np.zeros(0, dtype=np.int64)  # time, never decreasing
        self._blocks: Iterator[FrameBlock] | None = None
        self._block: FrameBlock | None = None
        self._latest_ns = np.iinfo(np.int64).min

    def refill(self) -> bool:
        """Have at least one frame; False at the end of the source."""
        if self._blocks is None:
            self._blocks = self.source.blocks()
        while not len(self.keys):
            self._block = next(self._blocks, None)
            if self._block is None:
                return False
            if len(self._block.frames):
                times = self._block.frames["ts_ns"]
                self.keys = np.maximum(np.maximum.accumulate(times), self._latest_ns)
                self._latest_ns = int(self.keys[-1])
        return True

    def take(self, horizon_ns: int, *, inclusive: bool) -> _Part:
        """Take the frames up to a time from the front."""
        assert self._block is not None
        count = int(np.searchsorted(self.keys, horizon_ns, side="right" if inclusive else "left"))
        start = len(self._block.frames) - len(self.keys)
        frames = self._block.frames[start : start + count].copy()
        frames["interface"] = self.indices[frames["interface"]]
        part = _Part(self._block.buffer, frames, self.keys[:count])
        self.keys = self.keys[count:]
        return part

    def stop(self) -> None:
        """End the source's iteration, so that it releases what it holds."""
        self.source.close()
        close = getattr(self._blocks, "close", None)
        if close is not None:
            close()
