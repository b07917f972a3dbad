"""Frames: where each captured packet lies in a buffer, before anything is known about it."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

FRAME_DTYPE = np.dtype(
    [
        ("offset", "<i8"),  # first byte of the frame in the block's buffer
        ("ts_ns", "<i8"),  # capture time, ns since the epoch
        ("caplen", "<u4"),  # bytes present in the buffer
        ("wirelen", "<u4"),  # bytes on the wire, >= caplen in an honest file
        ("linktype", "<u2"),  # LINKTYPE_* as registered for pcap
        ("interface", "<u2"),  # index into the source's interface names
        ("segments", "<u2"),  # packets on the wire behind this frame: 0 unknown, 1 one, n GSO/GRO
        ("flags", "<u2"),  # FRAME_* below
    ]
)

FRAME_OUTGOING = 1  # sent by this machine (PACKET_OUTGOING)
FRAME_VLAN = 2  # the kernel moved the VLAN tag out of the frame; it stands in the 4 bytes
# before `offset` as TPID and TCI, both big-endian, put there by the source


class FrameBlock(NamedTuple):
    """Some frames and the buffer they lie in.

    The buffer belongs to the source: it is valid until the source is asked for its next block.
    """

    buffer: NDArray[np.uint8]
    frames: NDArray[Any]  # FRAME_DTYPE, (n,), in order of arrival


class CaptureStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a source has seen and lost since it was opened. Counts only grow."""

    frames: int = 0  # handed on
    bytes: int = 0  # wire bytes of the frames handed on
    nic_dropped: int = 0  # lost by the network card (rx_missed, rx_fifo), read from sysfs
    kernel_dropped: int = 0  # lost because the ring was full (PACKET_STATISTICS tp_drops)
    ring_freezes: int = 0  # times the ring had no free block
    damaged: int = 0  # records of a file that could not be read
    outages: int = 0  # times the interface went away
    up: bool = True  # False while the interface is down or missing
    error: str = ""  # last reason it was not up


class PacketSource(Protocol):
    """Anything that delivers frames: a kernel ring, a file, several files merged, the demo."""

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names; the `interface` field of a frame is an index into them."""

    def blocks(self) -> Iterator[FrameBlock]:
        """Deliver blocks until the end, or until `close` is called from another thread.

        A live source yields an empty block at least every 250 ms, so that time goes on.
        """

    def statistics(self) -> CaptureStatistics:
        """Return the counters; may be called from any thread."""

    def close(self) -> None:
        """Make `blocks` end soon; may be called from any thread, more than once."""
