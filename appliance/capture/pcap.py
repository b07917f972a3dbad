"""Classic capture files (draft-ietf-opsawg-pcap): micro- and nanoseconds, both byte orders.

Also the variant of A. Kuznetzov, whose record headers carry 8 bytes more.
"""

import struct

import numpy as np

from appliance.capture.records import RecordFile
from appliance.capture.window import Window
from appliance.kernels.index_pcap import (
    BIG,
    FORM_SLOTS,
    HEADER_BYTES,
    LINKTYPE,
    SWAP,
    SWAP_ALWAYS,
    SWAP_IF_LESS,
    SWAP_NEVER,
    TIME_SCALE,
    index_pcap,
)

_FILE_HEADER_BYTES = 24
_FORMS = {  # magic number: ns per unit of the second time word, bytes of a record header
    0xA1B2C3D4: (1_000, 16),
    0xA1B23C4D: (1, 16),
    0xA1B2CD34: (1_000, 24),
}
_LINKTYPE_MASK = 0x03FF_FFFF  # the bits above tell the length of a frame check sequence
_UNKNOWN_LINKTYPE = 0xFFFF
_MAGICS = frozenset(magic.to_bytes(4, order) for magic in _FORMS for order in ("little", "big"))


def is_pcap(head: bytes) -> bool:
    """Whether a file that begins with these 4 bytes is a classic capture file."""
    return head in _MAGICS


class PcapFile(RecordFile):
    """One classic capture file. Raises FormatError if its header cannot be read."""

    def __init__(self, window: Window, name: str) -> None:
        super().__init__(window, name)
        if not self._require(_FILE_HEADER_BYTES):
            raise self._refuse(self._take(16))
        header = self._take(_FILE_HEADER_BYTES)
        big = int.from_bytes(header[:4], "big") in _FORMS
        magic, major, minor, _, _, _, link = struct.unpack(
            ">IHHIIII" if big else "<IHHIIII", header
        )
        if major not in {2, 543}:
            raise self._refuse(header)
        self._form = np.zeros(FORM_SLOTS, dtype=np.int64)
        self._form[BIG] = big
        self._form[TIME_SCALE], self._form[HEADER_BYTES] = _FORMS[magic]
        self._form[SWAP] = _length_order(major, minor)
        self._form[LINKTYPE] = min(link & _LINKTYPE_MASK, _UNKNOWN_LINKTYPE)
        self._linktypes.add(int(self._form[LINKTYPE]))
        window.position += _FILE_HEADER_BYTES

    def _index(self, frames: np.ndarray[tuple[int], np.dtype[np.void]]) -> int:
        window = self._window
        return int(
            index_pcap(window.buffer, window.position, window.end, self._form, frames, self._state)
        )


def _length_order(major: int, minor: int) -> int:
    """Before version 2.4 the wire length came before the captured length, in most writers."""
    if major != 2 or minor < 3:
        return SWAP_ALWAYS
    return SWAP_IF_LESS if minor == 3 else SWAP_NEVER
