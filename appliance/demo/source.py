"""The demonstration network as a packet source: conversations in order of time become blocks."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from appliance.demo.conversation import S_NS, Conversation
from appliance.demo.routine import start_habits
from appliance.demo.wire import Encoder, Frame
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock

INTERFACE = "demo0"
_LINKTYPE_ETHERNET = 1
_BLOCK_NS = 200_000_000  # a block covers this much time
_LEAP_NS = 5 * S_NS  # the same without a clock to keep up with
_LOST_NS = 5 * S_NS  # being further behind the clock than this is not made up for


class _Playing(NamedTuple):
    """A conversation under way; compared by time, then by order of start."""

    next_ns: int
    serial: int
    step: int  # index of the next step
    conversation: Conversation
    encoder: Encoder


class Timeline:
    """Plays conversations of several generators at once.

    Each generator must yield in order of start; times are ns since the start of the play.
    """

    def __init__(self, habits: list[Iterator[Conversation]]) -> None:
        self._serials = itertools.count(1)
        self._habits = habits
        self._coming: list[tuple[int, int, Conversation]] = []  # one of each generator
        self._playing: list[_Playing] = []
        for index in range(len(habits)):
            self._await_next(index)

    def play(self, until_ns: int) -> Iterator[tuple[int, Frame]]:
        """Yield (time, frame) of everything before `until_ns`, in order of time."""
        playing, coming = self._playing, self._coming
        while True:
            if coming and (not playing or coming[0][0] <= playing[0].next_ns):
                if coming[0][0] >= until_ns:
                    return
                self._begin()
                continue
            if not playing or playing[0].next_ns >= until_ns:
                return
            yield self._advance()

    def _await_next(self, index: int) -> None:
        conversation = next(self._habits[index], None)
        if conversation is not None:
            heapq.heappush(self._coming, (conversation.start_ns, index, conversation))

    def _begin(self) -> None:
        _start_ns, index, conversation = heapq.heappop(self._coming)
        self._await_next(index)
        serial = next(self._serials)
        first_ns = conversation.start_ns + conversation.steps[0].dt_ns
        encoder = Encoder(conversation, serial)
        heapq.heappush(self._playing, _Playing(first_ns, serial, 0, conversation, encoder))

    def _advance(self) -> tuple[int, Frame]:
        now_ns, serial, index, conversation, encoder = self._playing[0]
        steps = conversation.steps
        frame = encoder.encode(steps[index])
        index += 1
        if index < len(steps):
            next_ns = now_ns + steps[index].dt_ns
            item = _Playing(next_ns, serial, index, conversation, encoder)
            heapq.heapreplace(self._playing, item)
        else:
            heapq.heappop(self._playing)
        return now_ns, frame


class DemoSource:
    """A home network that exists only here; needs no rights and touches no interface.

    now_ns: the clock; packets carry its time. With `paced` off packets come as fast as they are
    taken and time starts at the clock's first answer. length_s: end after this much packet time.
    The frames depend on the seed and the time of the start alone, not on the pace. talks: what is
    played instead of the demonstration, each generator in order of start.
    """

    wait_s = _BLOCK_NS / S_NS  # between looks at the clock

    def __init__(
        self,
        now_ns: Callable[[], int],
        *,
        seed: int = 1,
        paced: bool = True,
        length_s: float | None = None,
        talks: list[Iterator[Conversation]] | None = None,
    ) -> None:
        self._now_ns = now_ns
        self._paced = paced
        self._length_ns = None if length_s is None else int(length_s * S_NS)
        self._timeline = Timeline(start_habits(seed) if talks is None else talks)
        self._closed = threading.Event()
        self._frames = 0
        self._bytes = 0

    @property
    def interfaces(self) -> tuple[str, ...]:
        """The one interface."""
        return (INTERFACE,)

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver blocks until `length_s` is over or `close` is called."""
        origin_ns = self._now_ns()
        played_ns = 0
        while not self._closed.is_set() and played_ns != self._length_ns:
            target_ns = played_ns + (_BLOCK_NS if self._paced else _LEAP_NS)
            if self._paced:
                self._closed.wait(self.wait_s)
                target_ns = self._now_ns() - origin_ns
                if not 0 <= target_ns - played_ns <= _LOST_NS:  # suspended, or the clock was set
                    origin_ns += target_ns - played_ns - _BLOCK_NS
                    target_ns = played_ns + _BLOCK_NS
            if self._length_ns is not None:
                target_ns = min(target_ns, self._length_ns)
            yield self._block(origin_ns, target_ns)
            played_ns = target_ns

    def statistics(self) -> CaptureStatistics:
        """Return the counters; nothing is ever lost here."""
        return CaptureStatistics(frames=self._frames, bytes=self._bytes)

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed.set()

    def _block(self, origin_ns: int, target_ns: int) -> FrameBlock:
        buffer = bytearray()
        rows = []
        for at_ns, (data, wire_bytes) in self._timeline.play(target_ns):
            row = (
                len(buffer),
                origin_ns + at_ns,
                len(data),
                wire_bytes,
                _LINKTYPE_ETHERNET,
                0,
                1,
                0,
            )
            rows.append(row)
            buffer += data
        frames = np.array(rows, dtype=FRAME_DTYPE)
        self._frames += len(frames)
        self._bytes += int(frames["wirelen"].sum())
        return FrameBlock(np.frombuffer(bytes(buffer), dtype=np.uint8), frames)
