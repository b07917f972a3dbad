"""The only place that reads a clock. Everybody else is told the time, or given a Clock."""

import time
from typing import Protocol


class Clock(Protocol):
    """Two times: what the calendar says, and how long something took."""

    def wall_ns(self) -> int:
        """Return ns since the epoch; jumps when the system's clock is set."""

    def monotonic_ns(self) -> int:
        """Return ns since some fixed moment; never goes back, has no date."""


class SystemClock:
    """The machine's own clocks."""

    __slots__ = ()

    def wall_ns(self) -> int:
        """Return ns since the epoch."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return ns since boot or so, not counting suspension."""
        return time.monotonic_ns()


class ManualClock:
    """A clock that moves when told to, for tests and for replays."""

    __slots__ = ("_monotonic_ns", "_wall_ns")

    def __init__(self, wall_ns: int = 0, monotonic_ns: int = 0) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns

    def wall_ns(self) -> int:
        """Return ns since the epoch."""
        return self._wall_ns

    def monotonic_ns(self) -> int:
        """Return ns since this clock's beginning."""
        return self._monotonic_ns

    def advance(self, ns: int) -> None:
        """Let time pass on both clocks. Raises ValueError for less than nothing."""
        if ns < 0:
            raise ValueError(f"time does not go back: {ns} ns")
        self._wall_ns += ns
        self._monotonic_ns += ns

    def set_wall(self, wall_ns: int) -> None:
        """Set the calendar, forward or back; the monotonic clock does not notice."""
        self._wall_ns = wall_ns
