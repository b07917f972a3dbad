"""Bytes of a file: plain, from a pipe, or compressed with gzip or zstd.

Memory stays bounded whatever the file holds: output is asked for in pieces of known size.
"""

import zlib
from io import BufferedReader
from typing import IO, Protocol, cast

import zstandard

_CHUNK_BYTES = 128 << 10
_MAX_WINDOW_BYTES = 128 << 20  # what the zstd command accepts without being told to
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"  # behind a byte 0x50 to 0x5f


class ByteReader(Protocol):
    """A forward-only stream of bytes. Closed twice without harm."""

    damaged: int  # 1 once the stream was found corrupt or cut short

    def read_into(self, view: memoryview) -> int:
        """Fill some of a non-empty view; returns the bytes written, 0 at the end."""

    def close(self) -> None:
        """Release the descriptor."""


def is_compressed(head: bytes) -> bool:
    """Whether a file that begins with these (4) bytes has to be decompressed."""
    return head.startswith((_GZIP_MAGIC, _ZSTD_MAGIC)) or _is_skippable(head)


def open_reader(file: BufferedReader, head: bytes) -> ByteReader:
    """Return the reader for a file of which `head` has already been read."""
    if head.startswith(_GZIP_MAGIC):
        return GzipReader(_Replayed(file, head))
    if is_compressed(head):
        return ZstdReader(_Replayed(file, head))
    return PlainReader(_Replayed(file, head))


def _is_skippable(head: bytes) -> bool:
    return head[1:4] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50


class _Replayed:
    """A file with the bytes already read put back in front."""

    def __init__(self, file: BufferedReader, head: bytes) -> None:
        self._file = file
        self._head = head

    def read_into(self, view: memoryview) -> int:
        """Put some bytes into a view; 0 at the end."""
        if self._head:
            taken, self._head = self._head[: len(view)], self._head[len(view) :]
            view[: len(taken)] = taken
            return len(taken)
        return self._file.readinto1(view)

    def read(self, size: int) -> bytes:
        """Return some bytes, b"" at the end."""
        if self._head:
            taken, self._head = self._head[:size], self._head[size:]
            return taken
        return self._file.read1(size)

    def close(self) -> None:
        self._file.close()


class PlainReader:
    """A plain file or a pipe: bytes as they come."""

    damaged = 0

    def __init__(self, source: _Replayed) -> None:
        self._source = source

    def read_into(self, view: memoryview) -> int:
        """Wait for some bytes."""
        return self._source.read_into(view)

    def close(self) -> None:
        """Close the pipe."""
        self._source.close()


class GzipReader:
    """One or several gzip members (RFC 1952); whatever follows the last one is ignored."""

    def __init__(self, source: _Replayed) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(wbits=31)
        self._input = b""
        self._ended = False
        self.damaged = 0

    def read_into(self, view: memoryview) -> int:
        """Fill the view unless the stream ends before."""
        filled = 0
        while filled < len(view) and not self._ended:
            if self._inflate.eof and not self._next_member():
                break
            try:
                out = self._inflate.decompress(self._input, len(view) - filled)
            except zlib.error:
                self._stop(damaged=True)
                break
            self._input = self._inflate.unconsumed_tail
            view[filled : filled + len(out)] = out
            filled += len(out)
            if not out and not self._input and not self._inflate.eof:
                self._input = self._source.read(_CHUNK_BYTES)
                if not self._input:
                    self._stop(damaged=True)
        return filled

    def _next_member(self) -> bool:
        rest = self._inflate.unused_data
        while len(rest) < len(_GZIP_MAGIC):
            more = self._source.read(_CHUNK_BYTES)
            if not more:
                break
            rest += more
        if not rest.startswith(_GZIP_MAGIC):
            self._stop(damaged=False)
            return False
        self._inflate = zlib.decompressobj(wbits=31)
        self._input = rest
        return True

    def _stop(self, *, damaged: bool) -> None:
        self._ended = True
        self.damaged = int(damaged)

    def close(self) -> None:
        """Close the file."""
        self._source.close()


class ZstdReader:
    """Zstandard frames (RFC 8878). A file cut short between two blocks looks complete here."""

    def __init__(self, source: _Replayed) -> None:
        self._source = source
        self._reader = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW_BYTES).stream_reader(
            cast("IO[bytes]", source),
            read_size=_CHUNK_BYTES,
            read_across_frames=True,
            closefd=False,
        )
        self.damaged = 0

    def read_into(self, view: memoryview) -> int:
        """Fill the view unless the stream ends before."""
        try:
            return self._reader.readinto(view)
        except zstandard.ZstdError:
            self.damaged = 1
            return 0

    def close(self) -> None:
        """Close the file."""
        self._source.close()
