"""Link types that only scapy can take apart: 802.11 and its capture headers, and a few more.

The first IP, IPv6 or ARP packet inside a frame is handed on in its place: IP as raw IP, ARP behind
an Ethernet header made up for it. Far off the hot path (some 300 us a frame).
"""

import logging
import struct
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.capture.records import RecordFile
from appliance.model.frame import FRAME_DTYPE, CaptureStatistics, FrameBlock

ODD_LINKTYPES = frozenset({105, 119, 127, 163, 192, 195, 204, 230, 274})

_RAW_IP = 101
_ETHERNET = 1
_NOTHING_INSIDE = 105  # a link type the flow kernel takes for "no IP"
_AVS = 163
_SLICE = 256  # frames taken apart before a block is handed on
_NO_MAC = "00:00:00:00:00:00"

# What dissectors raise on bytes that lie to them, when scapy itself does not catch it.
_DISSECTION_ERRORS = (
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
)


class UnwrappedSource:
    """A capture file whose odd frames are replaced by what they carry; others pass untouched."""

    def __init__(self, source: RecordFile) -> None:
        self._source = source
        self._damaged = 0
        self._closed = False

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of the file behind."""
        return self._source.interfaces

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver the file's blocks, unwrapped where need be."""
        for block in self._source.blocks():
            if self._source.linktypes.isdisjoint(ODD_LINKTYPES):
                yield block
                continue
            for start in range(0, len(block.frames), _SLICE):
                if self._closed:
                    return
                part = FrameBlock(block.buffer, block.frames[start : start + _SLICE])
                unwrapped, damaged = unwrap_frames(part)
                self._damaged += damaged
                yield unwrapped

    def statistics(self) -> CaptureStatistics:
        """Return the counters of the file; frames that broke a dissector count as damaged."""
        seen = self._source.statistics()
        return CaptureStatistics(
            frames=seen.frames, bytes=seen.bytes, damaged=seen.damaged + self._damaged
        )

    def close(self) -> None:
        """Make `blocks` end soon."""
        self._closed = True
        self._source.close()


def unwrap_frames(block: FrameBlock) -> tuple[FrameBlock, int]:
    """Return a block of its own memory with odd frames replaced, and how many broke a dissector."""
    frames = np.array(block.frames, dtype=FRAME_DTYPE)
    pieces: list[bytes] = []
    used = damaged = 0
    for frame in frames:
        start = int(frame["offset"])
        data = block.buffer[start : start + int(frame["caplen"])].tobytes()
        linktype = int(frame["linktype"])
        if linktype in ODD_LINKTYPES:
            try:
                linktype, data = unwrap(linktype, data)
            except _DISSECTION_ERRORS + _scapy_errors():
                damaged += 1
                linktype = _NOTHING_INSIDE
        frame["offset"] = used
        frame["caplen"] = len(data)
        frame["linktype"] = linktype
        pieces.append(data)
        used += len(data)
    buffer: NDArray[np.uint8] = np.frombuffer(bytearray(b"".join(pieces)), dtype=np.uint8)
    return FrameBlock(buffer, frames), damaged


def unwrap(linktype: int, data: bytes) -> tuple[int, bytes]:
    """Return link type and bytes of what a frame carries, of itself if that is not IP or ARP.

    Raises whatever a dissector raises on damaged bytes.
    """
    scapy = _scapy()
    if linktype == _AVS:
        data = data[int.from_bytes(data[4:8], "big") :]
        linktype = 105
    kind = scapy.conf.l2types.num2layer.get(linktype)
    if kind is None or not data:
        return _NOTHING_INSIDE, data
    layer: Any = kind(data)
    while layer:
        if isinstance(layer, (scapy.IP, scapy.IPv6)):
            return _RAW_IP, layer.original
        if isinstance(layer, scapy.ARP):
            return _ETHERNET, _ethernet_header(layer) + layer.original
        layer = layer.payload
    return _NOTHING_INSIDE, data


def _ethernet_header(arp: Any) -> bytes:
    addresses = [
        bytes.fromhex(str(text or _NO_MAC).replace(":", ""))[:6].ljust(6, b"\0")
        for text in (arp.hwdst, arp.hwsrc)
    ]
    return b"".join(addresses) + b"\x08\x06"


@cache
def _scapy() -> ModuleType:
    """Import scapy's layers: 0.7 s and some 40 MB that only odd files shall cost."""
    import scapy.all  # noqa: PLC0415

    logging.getLogger("scapy.runtime").setLevel(logging.ERROR)  # one line per damaged frame
    return scapy.all  # type: ignore[no-any-return]


def _scapy_errors() -> tuple[type[Exception], ...]:
    return (_scapy().Scapy_Exception,)
