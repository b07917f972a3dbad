"""The part of a capture file that is in memory: it moves along with the reader.

Plain files are read too, not mapped: copying a piece that then stays in the cache costs half of
what the page faults of a mapping do, and a file that is cut short meanwhile only ends early.
"""

from io import BufferedReader

import numpy as np
from numpy.typing import NDArray

from appliance.runtime.decompress import ByteReader, open_reader

_FIRST_BYTES = 64 << 10  # many files may be open at once, waiting to be merged
_USUAL_BYTES = 1 << 20
_LARGEST_BYTES = 64 << 20  # the largest record that is kept fits in a quarter


def open_window(file: BufferedReader) -> "Window":
    """Read a file, a pipe, or what one of them holds compressed. Takes the file over."""
    return Window(open_reader(file, file.read(4)))


class Window:
    """Bytes [0, end) of `buffer` are there; `position` is the first that is still wanted.

    The buffer grows when a record does not fit.
    """

    def __init__(self, reader: ByteReader) -> None:
        self._reader = reader
        self.buffer: NDArray[np.uint8] = np.empty(_FIRST_BYTES, dtype=np.uint8)
        self.position = 0
        self.end = 0

    @property
    def damaged(self) -> int:
        """1 if the compressed stream is corrupt or cut short."""
        return self._reader.damaged

    def read_on(self) -> bool:
        """Give up the bytes before `position` (which may lie behind `end`) and read some more.

        Changes `position` and `end`, and maybe `buffer`. False if nothing more comes.
        """
        while self.position > self.end:
            missing = self.position - self.end
            skipped = self._reader.read_into(self.buffer.data[:missing])
            if skipped == 0:
                return False
            self.position -= skipped
        rest = self.buffer[self.position : self.end].copy()
        size = len(self.buffer)
        if self.end and size < max(_USUAL_BYTES, 2 * len(rest)):
            if size >= _LARGEST_BYTES:
                return False
            self.buffer = np.empty(4 * size, dtype=np.uint8)
        self.buffer[: len(rest)] = rest
        got = self._reader.read_into(self.buffer.data[len(rest) :])
        self.position, self.end = 0, len(rest) + got
        return got > 0

    def close(self) -> None:
        """Close the stream."""
        self._reader.close()
