"""A replay at the speed of the capture, or a multiple of it."""

import math
import re
from collections.abc import Callable, Iterator
from threading import Event

import msgspec
import numpy as np

from appliance.model.frame import CaptureStatistics, FrameBlock, PacketSource
from appliance.runtime.clock import Clock

_MAX_WAIT_S = 0.25  # the contract of a live source: a sign of life at least this often
_MIN_WAIT_S = 0.01  # frames may come this late, so that they come in handfuls


def parse_speed(text: str) -> float | None:
    """Return the factor of "10x", None for "max". Raises ValueError with a sentence."""
    if text == "max":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)x", text)
    factor = float(match[1]) if match else 0.0
    if not 0 < factor <= 1e6:
        raise ValueError(f"speed must be max or a factor such as 1x, 10x or 0.5x, not {text!r}")
    return factor


def paced(
    source: PacketSource,
    speed: float | None,
    clock: Clock,
    wait: Callable[[float], object] | None = None,
) -> PacketSource:
    """Slow a source down so that frames come at their time divided by `speed`; None = unchanged.

    wait(seconds) returns when they are over or the source is closed; by default an event that
    `close` sets. Raises nothing.
    """
    return source if speed is None else PacedSource(source, speed, clock, wait)


class PacedSource:
    """A source that waits. The first frame comes at once."""

    def __init__(
        self,
        source: PacketSource,
        speed: float,
        clock: Clock,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self._source = source
        self._speed = speed
        self._clock = clock
        self._closing = Event()
        self._wait = wait or self._closing.wait
        self._begin_ns = 0  # by the clock
        self._first_ns: int | None = None  # by the frames
        self._frames = 0
        self._bytes = 0

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of the source behind."""
        return self._source.interfaces

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver the frames when they are due, and empty blocks while none is."""
        for block in self._source.blocks():
            if len(block.frames):
                yield from self._deliver(block)
            else:
                yield block
            if self._closing.is_set():
                return

    def statistics(self) -> CaptureStatistics:
        """Return the counters; frames that still wait do not count."""
        return msgspec.structs.replace(
            self._source.statistics(), frames=self._frames, bytes=self._bytes
        )

    def close(self) -> None:
        """Make `blocks` end soon, also while it waits."""
        self._closing.set()
        self._source.close()

    def _deliver(self, block: FrameBlock) -> Iterator[FrameBlock]:
        times = np.maximum.accumulate(block.frames["ts_ns"])  # an older frame comes with the latest
        if self._first_ns is None:
            self._begin_ns, self._first_ns = self._clock.monotonic_ns(), int(times[0])
        start = 0
        while start < len(times) and not self._closing.is_set():
            due_ns = self._due_ns(self._first_ns)
            stop = int(np.searchsorted(times, due_ns, side="right"))
            if stop > start:
                frames = block.frames[start:stop]
                self._frames += len(frames)
                self._bytes += int(frames["wirelen"].sum(dtype=np.int64))
                yield FrameBlock(block.buffer, frames)
                start = stop
                continue
            missing_s = (int(times[start]) - due_ns) / self._speed / 1e9
            self._wait(min(max(missing_s, _MIN_WAIT_S), _MAX_WAIT_S))
            if missing_s > _MAX_WAIT_S:
                yield FrameBlock(block.buffer, block.frames[:0])

    def _due_ns(self, first_ns: int) -> int:
        return first_ns + math.floor((self._clock.monotonic_ns() - self._begin_ns) * self._speed)
