"""pcapng files (draft-ietf-opsawg-pcapng): the blocks that say how packets are to be read.

Packet blocks themselves are walked by kernels.index_pcap.
"""

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from appliance.capture.records import RecordFile
from appliance.capture.window import Window
from appliance.kernels.index_pcap import (
    COUNT,
    IF_COLUMNS,
    IF_LINKTYPE,
    IF_NAME,
    IF_OFFSET_NS,
    IF_SCALE,
    IF_SNAPLEN,
    IF_UNIT,
    INTERFACE,
    MAX_BLOCK_BYTES,
    MORE,
    NEXT,
    SECTION,
    STATE_SLOTS,
    UNIT_BINARY,
    UNIT_DIVIDE,
    UNIT_MULTIPLY,
    index_pcapng,
)
from appliance.model.frame import FRAME_DTYPE

SECTION_MAGIC = b"\x0a\x0d\x0d\x0a"

_ORDER_MAGIC = 0x1A2B3C4D
_SECTION_BYTES = 28  # without options
_MAX_INTERFACES = 4_096  # per section, and names per file
_MAX_NAME_BYTES = 64
_MAX_OFFSET_S = 9_000_000_000  # what int64 ns can hold

_OPTION_NAME = 2
_OPTION_RESOLUTION = 9
_OPTION_OFFSET = 14


class PcapngFile(RecordFile):
    """One pcapng file. Raises FormatError if its first section header cannot be read."""

    def __init__(self, window: Window, name: str) -> None:
        super().__init__(window, name)
        self._names.clear()
        self._big = False
        self._interfaces: NDArray[np.int64] = np.zeros((8, IF_COLUMNS), dtype=np.int64)
        self._known = 0
        if not self._read_section():
            raise self._refuse(self._take(16))
        self._read_ahead()

    def _index(self, frames: np.ndarray[tuple[int], np.dtype[np.void]]) -> int:
        window = self._window
        return int(
            index_pcapng(
                window.buffer,
                window.position,
                window.end,
                self._big,
                self._interfaces[: self._known],
                frames,
                self._state,
            )
        )

    def _go_on(self, status: int) -> bool:
        if status == SECTION:
            readable = self._read_section()
        elif status == INTERFACE:
            readable = self._read_interface()
        else:
            return super()._go_on(status)
        self._damaged += not readable
        return readable

    def _read_ahead(self) -> None:
        """Read the interface descriptions before the first packet, so that names are known."""
        frames = np.empty(1, dtype=FRAME_DTYPE)
        while True:
            status = self._index(frames)
            if int(self._state[COUNT]):
                break
            self._window.position = int(self._state[NEXT])
            if status == INTERFACE:
                readable = self._read_interface()
            else:
                readable = status == MORE and self._window.read_on()
            if not readable:
                break
        self._state = np.zeros(STATE_SLOTS, dtype=np.int64)

    def _read_section(self) -> bool:
        """Read a section header at the position; False if it is not one."""
        if not self._require(_SECTION_BYTES):
            return False
        header = self._take(_SECTION_BYTES)
        big = header[8:12] == _ORDER_MAGIC.to_bytes(4, "big")
        order = ">" if big else "<"
        total, magic, major = struct.unpack_from(f"{order}IIH", header, 4)
        if magic != _ORDER_MAGIC or major != 1:
            return False
        if total < _SECTION_BYTES or total % 4 or total > MAX_BLOCK_BYTES:
            return False
        if not self._require(total):
            return False
        if struct.unpack(f"{order}I", self._take(total)[-4:])[0] != total:
            return False
        self._big = big
        self._known = 0
        self._window.position += total
        return True

    def _read_interface(self) -> bool:
        """Read the interface description at the position, which is complete in the window."""
        order = ">" if self._big else "<"
        total = struct.unpack(f"{order}I", self._take(8)[4:])[0]
        if total < 20 or self._known >= _MAX_INTERFACES:
            return False
        body = self._take(total)
        linktype, _, snaplen = struct.unpack_from(f"{order}HHI", body, 8)
        options = dict(_iter_options(body[16:-4], order))
        if self._known == len(self._interfaces):
            self._interfaces = np.concatenate([self._interfaces, np.zeros_like(self._interfaces)])
        row = self._interfaces[self._known]
        row[IF_LINKTYPE] = linktype
        row[IF_SNAPLEN] = snaplen
        row[IF_NAME] = self._name_index(options.get(_OPTION_NAME, b""))
        self._set_time(row, options, order)
        self._known += 1
        self._linktypes.add(linktype)
        self._window.position += total
        return True

    def _set_time(self, row: NDArray[np.int64], options: dict[int, bytes], order: str) -> None:
        resolution = options.get(_OPTION_RESOLUTION, b"")[:1] or b"\x06"
        unit = _time_unit(resolution[0])
        if unit is None:
            self._damaged += 1
            unit = (UNIT_MULTIPLY, 1_000)
        row[IF_UNIT], row[IF_SCALE] = unit
        offset = options.get(_OPTION_OFFSET, b"")
        seconds = struct.unpack(f"{order}q", offset)[0] if len(offset) == 8 else 0
        if abs(seconds) > _MAX_OFFSET_S:
            self._damaged += 1
            seconds = 0
        row[IF_OFFSET_NS] = seconds * 1_000_000_000

    def _name_index(self, option: bytes) -> int:
        """Return the index of a name, added if new; the file's own where there is none."""
        text = option[:_MAX_NAME_BYTES].rstrip(b"\0").decode("utf-8", "replace")
        name = text if text.isprintable() and text else self._name
        if name not in self._names:
            if len(self._names) >= _MAX_INTERFACES:
                return 0
            self._names.append(name)
        return self._names.index(name)


def _iter_options(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Yield (code, value) up to the end mark or the first option that does not fit."""
    position = 0
    while position + 4 <= len(data):
        code, length = struct.unpack_from(f"{order}HH", data, position)
        position += 4
        if code == 0 or position + length > len(data):
            return
        yield code, data[position : position + length]
        position += (length + 3) & ~3


def _time_unit(resolution: int) -> tuple[int, int] | None:
    """Return (unit, scale) for an if_tsresol byte, None if 64 bits cannot hold it."""
    exponent = resolution & 0x7F
    if resolution & 0x80:
        return (UNIT_BINARY, exponent) if exponent < 64 else None
    if exponent <= 9:
        return UNIT_MULTIPLY, 10 ** (9 - exponent)
    return (UNIT_DIVIDE, 10 ** (exponent - 9)) if exponent <= 19 else None
