"""A bounded channel between threads, from the capture threads to the pipeline."""

import threading
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

import msgspec

Item = TypeVar("Item")


class Overflow(Enum):
    """What `put` does when the channel is full."""

    BLOCK = "block"  # wait for room: files, where nothing may be lost
    DROP_OLDEST = "drop oldest"  # never wait: live capture, where waiting loses packets


class ChannelStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What went through. Loads are in the unit of the channel's `weigh`."""

    items: int  # waiting now
    load: int  # their weight
    capacity: int
    put: int  # weight accepted since the beginning
    taken: int
    dropped: int  # weight given up to make room
    refused: int  # weight that came after `close`, or too late for its time-out


class Channel(Generic[Item]):
    """First in, first out; any number of threads at either end.

    capacity : most weight that waits. One item heavier than all of it is let in when it is alone.
    weigh : the weight of an item, at least 1; by default every item weighs 1.
    """

    def __init__(
        self, capacity: int, overflow: Overflow, weigh: Callable[[Item], int] = lambda _: 1
    ) -> None:
        if capacity < 1:
            raise ValueError(f"a channel needs room for something: {capacity}")
        self._capacity = capacity
        self._overflow = overflow
        self._weigh = weigh
        self._items: deque[tuple[Item, int]] = deque()
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._emptied = threading.Condition(self._lock)
        self._closed = False
        self._load = self._put = self._taken = self._dropped = self._refused = 0

    def put(self, item: Item, timeout_s: float | None = None) -> bool:
        """Hand an item over; False if it was refused because of `close` or the time-out.

        timeout_s : longest wait for room when blocking; None waits for ever.
        """
        weight = max(1, self._weigh(item))
        with self._lock:
            self._make_room(weight, timeout_s)
            if self._closed or not self._fits(weight):
                self._refused += weight
                return False
            self._items.append((item, weight))
            self._load += weight
            self._put += weight
            self._filled.notify()
            return True

    def get(self, timeout_s: float | None = None) -> Item | None:
        """Take the oldest item; None after the time-out, or at the end (see `drained`)."""
        with self._lock:
            self._filled.wait_for(lambda: self._items or self._closed, timeout_s)
            if not self._items:
                return None
            item, weight = self._pop()
            self._taken += weight
            # every waiting sender may fit now, and notify() might wake only one that does not
            self._emptied.notify_all()
            return item

    def close(self) -> None:
        """Accept nothing more; what waits can still be taken. May be called more than once."""
        with self._lock:
            self._closed = True
            self._filled.notify_all()
            self._emptied.notify_all()

    @property
    def drained(self) -> bool:
        """True once the channel is closed and empty: `get` will never return an item again."""
        with self._lock:
            return self._closed and not self._items

    def statistics(self) -> ChannelStatistics:
        """Return the counters; may be called from any thread."""
        with self._lock:
            return ChannelStatistics(
                items=len(self._items),
                load=self._load,
                capacity=self._capacity,
                put=self._put,
                taken=self._taken,
                dropped=self._dropped,
                refused=self._refused,
            )

    def _make_room(self, weight: int, timeout_s: float | None) -> None:
        if self._overflow is Overflow.BLOCK:
            self._emptied.wait_for(lambda: self._closed or self._fits(weight), timeout_s)
            return
        while not self._closed and not self._fits(weight):
            self._dropped += self._pop()[1]

    def _fits(self, weight: int) -> bool:
        return not self._items or self._load + weight <= self._capacity

    def _pop(self) -> tuple[Item, int]:
        item, weight = self._items.popleft()
        self._load -= weight
        return item, weight
