"""The part of a capture file that is in memory: all of it, mapped, or a moving part of a stream."""

import mmap
import os
import stat
from io import BufferedReader
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.capture.decompress import ByteReader, is_compressed, open_reader

_MAP_NORESERVE = 0x4000  # linux/mman.h; the mmap module names it only from 3.13 on
_DROP_BYTES = 8 << 20  # read pages are given back in pieces of this size
_FIRST_BYTES = 64 << 10  # of a stream; many files may be open at once, waiting to be merged
_USUAL_BYTES = 1 << 20
_LARGEST_BYTES = 64 << 20  # the largest record that is kept fits in a quarter


class Window(Protocol):
    """Bytes [0, end) of `buffer` are there; `position` is the first that is still wanted."""

    buffer: NDArray[np.uint8]
    position: int
    end: int

    @property
    def damaged(self) -> int:
        """1 if the bytes turned out to be corrupt or to end too early."""

    def read_on(self) -> bool:
        """Give up the bytes before `position` (which may lie behind `end`) and read some more.

        Changes `position` and `end`, and maybe `buffer`. False if nothing more comes.
        """

    def readable(self) -> bool:
        """Give back memory before `position`; False if the rest must not be touched any more."""

    def close(self) -> None:
        """Release descriptors; the memory goes with the last view of `buffer`."""


def open_window(file: BufferedReader) -> Window:
    """Map a plain regular file, read anything else as a stream. Takes the file over."""
    head = file.read(4)
    mode = os.fstat(file.fileno()).st_mode
    if stat.S_ISREG(mode) and len(head) == 4 and not is_compressed(head):
        return MappedWindow(file)
    return StreamWindow(open_reader(file, head))


class MappedWindow:
    """A whole file mapped into memory; the pages behind the reader are given back."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._dropped = 0
        self.damaged = 0
        self.position = 0
        self.end = os.fstat(file.fileno()).st_size
        # Private and writable so that the array has the type of every other buffer, and a kernel
        # compiled for one serves for all. Nothing is written.
        self._map = mmap.mmap(
            file.fileno(),
            self.end,
            flags=mmap.MAP_PRIVATE | _MAP_NORESERVE,
            prot=mmap.PROT_READ | mmap.PROT_WRITE,
        )
        self._map.madvise(mmap.MADV_SEQUENTIAL)
        self.buffer: NDArray[np.uint8] = np.frombuffer(self._map, dtype=np.uint8)

    def read_on(self) -> bool:
        """Nothing more comes."""
        return False

    def readable(self) -> bool:
        """Give pages back. A file cut short meanwhile must not be touched: that would be fatal."""
        if os.fstat(self._file.fileno()).st_size < self.end:
            self.damaged = 1
            return False
        if self.position - self._dropped >= _DROP_BYTES:
            until = self.position & -mmap.PAGESIZE
            self._map.madvise(mmap.MADV_DONTNEED, self._dropped, until - self._dropped)
            self._dropped = until
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class StreamWindow:
    """A part of a stream that moves along; it grows when a record does not fit."""

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
        """Move the rest to the front and read behind it."""
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

    def readable(self) -> bool:
        """There is nothing to give back."""
        return True

    def close(self) -> None:
        """Close the stream."""
        self._reader.close()
