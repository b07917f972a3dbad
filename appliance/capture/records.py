"""What every capture file has in common: walk a window, hand on blocks of frames, keep count."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np

from appliance.capture.window import Window
from appliance.errors import FormatError
from appliance.kernels.index_pcap import BAD, CLAMPED, COUNT, FULL, MORE, NEXT, STATE_SLOTS
from appliance.kernels.index_pcap import WIRE_BYTES as WIRE
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock

BLOCK_FRAMES = 8_192  # with their packets about what a second-level cache holds
_FIRST_FRAMES = 64  # when many files wait to be merged only a little of each is indexed


class RecordFile(ABC):
    """A capture file, read once from the beginning to the first thing that cannot be read.

    `interfaces` may grow while `blocks` runs: a pcapng file describes interfaces anywhere.
    """

    def __init__(self, window: Window, name: str) -> None:
        self._window = window
        self._name = name
        self._names: list[str] = [name]
        self._linktypes: set[int] = set()
        self._state = np.zeros(STATE_SLOTS, dtype=np.int64)
        self._frames = 0
        self._damaged = 0
        self._closed = False
        self._started = False

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of the interfaces met so far; the file's own name where it tells none."""
        return tuple(self._names)

    @property
    def linktypes(self) -> frozenset[int]:
        """Link types announced so far; no frame handed on has another."""
        return frozenset(self._linktypes)

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver the frames, some thousand at a time; once."""
        self._started = True
        frames = np.empty(BLOCK_FRAMES, dtype=FRAME_DTYPE)
        room = _FIRST_FRAMES
        try:
            while not self._closed:
                status = self._index(frames[:room])
                self._window.position = int(self._state[NEXT])
                count = int(self._state[COUNT])
                self._frames += count
                if count:
                    yield FrameBlock(self._window.buffer, frames[:count])
                room = min(4 * room, BLOCK_FRAMES)
                if status != FULL and not self._go_on(status):
                    break
        finally:
            self._window.close()

    def statistics(self) -> CaptureStatistics:
        """Return the counters."""
        damaged = self._damaged + self._window.damaged + int(self._state[CLAMPED])
        return CaptureStatistics(frames=self._frames, bytes=int(self._state[WIRE]), damaged=damaged)

    def close(self) -> None:
        """Make `blocks` end after the current block."""
        self._closed = True
        if not self._started:
            self._window.close()

    @abstractmethod
    def _index(self, frames: np.ndarray[tuple[int], np.dtype[np.void]]) -> int:
        """Index from the position on; returns a status of kernels.index_pcap."""

    def _go_on(self, status: int) -> bool:
        """Do what the kernel asks for; False at the end of what can be read."""
        if status == BAD:
            self._damaged += 1
            return False
        assert status == MORE
        return self._read_on()

    def _read_on(self) -> bool:
        """Get more bytes; a record cut off by the end of the file is damaged."""
        complete = self._window.position == self._window.end
        if self._window.read_on():
            return True
        self._damaged += not complete and not self._window.damaged
        return False

    def _require(self, size: int) -> bool:
        """Have `size` bytes from the position on in the window; False if there are not so many."""
        while self._window.end - self._window.position < size:
            if not self._window.read_on():
                return False
        return True

    def _take(self, size: int) -> bytes:
        start = self._window.position
        return self._window.buffer[start : min(start + size, self._window.end)].tobytes()

    def _refuse(self, found: bytes) -> FormatError:
        shown = found[:16].hex(" ") or "nothing"
        return FormatError(f"{self._name} is not a capture file that can be read: found {shown}")
