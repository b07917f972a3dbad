"""How far a long replay is: a bar on a terminal, now and then a line elsewhere."""

import shutil
from typing import TextIO

from appliance.runtime.clock import Clock, SystemClock

_BAR_NS = 100_000_000  # between two drawings: the eye sees no more
_LINE_NS = 10_000_000_000  # between two lines in a file
_QUIET_NS = 1_000_000_000  # a replay shorter than this needs no bar
_BAR_CELLS = 24


class Progress:
    """The progress of one replay.

    total_bytes : size of all inputs; 0 = unknown, then no share and no time left are shown.
    stream : stderr.
    """

    def __init__(self, total_bytes: int, stream: TextIO, clock: Clock | None = None) -> None:
        self._total_bytes = total_bytes
        self._stream = stream
        self._clock = clock or SystemClock()
        self._terminal = stream.isatty()
        self._start_ns = self._clock.monotonic_ns()
        self._due_ns = self._start_ns + (_QUIET_NS if self._terminal else _LINE_NS)
        self._drawn = False
        self._latest = (0, 0, 0)

    def update(self, done_bytes: int, packets: int, dropped: int) -> None:
        """Tell how much of the inputs is read. Cheap: draws at most ten times a second."""
        self._latest = (done_bytes, packets, dropped)
        now_ns = self._clock.monotonic_ns()
        if now_ns >= self._due_ns:
            self._due_ns = now_ns + (_BAR_NS if self._terminal else _LINE_NS)
            self._draw(now_ns)

    def close(self) -> None:
        """Draw the last state and end the line. May be called more than once."""
        if self._drawn and self._terminal:
            self._draw(self._clock.monotonic_ns())
            self._stream.write("\n")
            self._stream.flush()
        self._drawn = False

    def _draw(self, now_ns: int) -> None:
        line = self._compose(max(1, now_ns - self._start_ns) / 1e9)
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write("\r" + line[:width].ljust(width))
        else:
            self._stream.write(line + "\n")
        self._stream.flush()
        self._drawn = True

    def _compose(self, elapsed_s: float) -> str:
        done_bytes, packets, dropped = self._latest
        parts = []
        if self._total_bytes > 0:
            share = min(1.0, done_bytes / self._total_bytes)
            full = round(share * _BAR_CELLS)
            parts.append(f"[{'#' * full}{'.' * (_BAR_CELLS - full)}] {share:4.0%}")
        parts.append(f"{packets:,} packets")
        parts.append(f"{packets / elapsed_s:,.0f}/s")
        parts.append(f"{dropped:,} dropped")
        if self._total_bytes > 0 and 0 < done_bytes < self._total_bytes:
            left_s = elapsed_s * (self._total_bytes - done_bytes) / done_bytes
            parts.append(f"{_format_duration(left_s)} left")
        else:
            parts.append(_format_duration(elapsed_s))
        return "  ".join(parts)


def _format_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
