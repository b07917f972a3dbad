"""A text file in blocks of whole lines: plain, gzip or zstd, or standard input."""

import sys
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from appliance.errors import CaptureError
from appliance.runtime.decompress import ByteReader, open_reader

STDIN = "-"
HEAD_BYTES = 64 << 10  # looked at to tell what a file is
_BLOCK_BYTES = 512 << 10
_MAX_LINE_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"


class LineFile:
    """A log on disk, read once from the beginning. Memory is bounded by the longest line allowed.

    CaptureError if it cannot be opened or read.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path
        self.name = "standard input" if str(path) == STDIN else Path(path).name
        self.bytes = 0  # handed on
        self.too_long = 0  # lines left out
        self._closed = False
        file = _open(path)
        try:
            magic = file.peek(4)[:4]
            self._reader: ByteReader = open_reader(file, file.read(len(magic)))
            self.head = self._fill(HEAD_BYTES)
        except OSError as error:
            file.close()
            raise CaptureError(f"cannot read {path}: {error.strerror or error}") from error
        if self.head.startswith(_BOM):
            self.head = self.head[len(_BOM) :]

    @property
    def damaged(self) -> int:
        """1 once the compressed stream was found corrupt or cut short."""
        return self._reader.damaged

    def opening(self) -> str:
        """Return the first whole lines: what tells the kind of log."""
        cut = self.head.rfind(b"\n") + 1
        return (self.head[:cut] or self.head).decode("utf-8", "replace").replace("\r\n", "\n")

    def blocks(self) -> Iterator[str]:
        """Yield text that ends at the end of a line; bytes that are no UTF-8 become U+FFFD."""
        rest = b""
        data = self.head
        skipping = False
        while data:
            cut = data.rfind(b"\n") + 1
            if skipping:  # in a line that is too long already
                first = data.find(b"\n") + 1
                skipping = first == 0
                data, cut = (b"", 0) if skipping else (data[first:], cut - first)
            if cut > 0:
                yield self._text(rest + data[:cut])
                rest = data[cut:]
            else:
                rest += data
            if len(rest) > _MAX_LINE_BYTES:
                self.too_long += 1
                rest, skipping = b"", True
            data = b"" if self._closed else self._fill(_BLOCK_BYTES)
        if rest and not self._closed:
            yield self._text(rest)

    def close(self) -> None:
        """End `blocks` soon; may be called from a signal handler, more than once."""
        self._closed = True

    def release(self) -> None:
        """Close the file."""
        self._reader.close()

    def _fill(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        buffer = bytearray(size)
        view, filled = memoryview(buffer), 0
        while filled < size:
            count = self._reader.read_into(view[filled:])
            if count == 0:
                break
            filled += count
        return bytes(view[:filled])

    def _text(self, data: bytes) -> str:
        self.bytes += len(data)
        text = data.decode("utf-8", "replace")
        return text.replace("\r\n", "\n") if "\r" in text else text


def _open(path: Path | str) -> BufferedReader:
    if str(path) == STDIN:
        return sys.stdin.buffer  # type: ignore[return-value]
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise CaptureError(f"cannot open {path}: {error.strerror or error}") from error
