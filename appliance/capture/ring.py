"""One AF_PACKET socket with a TPACKET_V3 ring: packet(7), linux/if_packet.h. CAP_NET_RAW is enough.

Segment counts come from the virtio header in front of each frame. While it is on, the kernel drops
(and counts) frames whose segmentation it cannot express: SCTP sent in bulk by this very host.
"""

import mmap
import socket
import struct
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.capture.bpf import Program, attach, keep_program
from appliance.kernels.index_ring import (
    BLOCK_BYTES,
    BLOCKS,
    COUNT,
    DROP_OUTGOING,
    GEOMETRY_SLOTS,
    LATEST_NS,
    STATE_SLOTS,
    VNET_HEADER,
    WALKED,
    WIRE_BYTES,
    index_ring,
    release_blocks,
)
from appliance.model.frame import FRAME_DTYPE, FrameBlock

_SOL_PACKET = 263
_ADD_MEMBERSHIP = 1
_RX_RING = 5
_STATISTICS = 6
_VERSION = 10
_VNET_HDR = 15
_FANOUT = 18  # type 0: by a hash that is the same for both directions
_IGNORE_OUTGOING = 23
_TPACKET_V3 = 2
_MR_PROMISC = 1
_ETH_P_ALL = 3

_RING_BLOCK_BYTES = 256 << 10
RETIRE_MS = 100  # a block is handed over after this though not full; 10 ms cost 4 times the CPU
_DIVISOR_BYTES = 2_048  # the frame size of older versions: has to divide the block, no more
_NUM_PACKETS = 12  # place in a block's header; the kernel counts there while it fills the block
_LEAST_PACKET_BYTES = 96  # header, address and frame, aligned: bounds the frames of a block
_BLOCK_FRAMES = _RING_BLOCK_BYTES // _LEAST_PACKET_BYTES
_SHARE_HELD = 4  # at most this part of the ring is held while its frames are worked on


class RingOptions(NamedTuple):
    """How a ring is set up."""

    size_mib: int
    promiscuous: bool
    drop_outgoing: bool  # the loopback interface shows every packet twice
    fanout: int | None  # number of the group that shares the traffic; None = take everything


def load_kernels() -> None:
    """Compile or load what the walk needs: done with a ring open, it would cost packets."""
    nothing = np.zeros(8, dtype=np.uint8)
    geometry = np.zeros(GEOMETRY_SLOTS, dtype=np.int64)
    frames = np.empty(1, dtype=FRAME_DTYPE)
    index_ring(nothing, 0, 0, geometry, frames, np.zeros(STATE_SLOTS, dtype=np.int64))
    release_blocks(nothing, 0, 0, geometry)


def check_permission() -> None:
    """Raise PermissionError if this process may not capture."""
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0).close()


class Ring:
    """A bound socket and its mapped memory. Raises OSError if they cannot be had.

    `take` and `release` belong to one thread; the counters may be read from another.
    """

    def __init__(self, name: str, program: Program, options: RingOptions) -> None:
        self._geometry = np.zeros(GEOMETRY_SLOTS, dtype=np.int64)
        self._geometry[BLOCK_BYTES] = _RING_BLOCK_BYTES
        self._geometry[BLOCKS] = max((options.size_mib << 20) // _RING_BLOCK_BYTES, 2)
        self._geometry[DROP_OUTGOING] = options.drop_outgoing
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.htons(0)
        )
        try:
            self.number = self._join(name, program, options)
            self._map = self._map_memory()
        except OSError:
            self._socket.close()
            raise
        self._memory: NDArray[np.uint8] = np.frombuffer(self._map, dtype=np.uint8)
        self._frames = np.empty(4 * _BLOCK_FRAMES, dtype=FRAME_DTYPE)
        self._state = np.zeros(STATE_SLOTS, dtype=np.int64)
        self._next = 0
        self._held = 0
        self._handed_on = 0

    def fileno(self) -> int:
        """Return the descriptor to poll: readable when a block is there."""
        return self._socket.fileno()

    @property
    def frames(self) -> int:
        """Frames handed on."""
        return self._handed_on

    @property
    def wire_bytes(self) -> int:
        """Wire bytes of the frames handed on."""
        return int(self._state[WIRE_BYTES])

    @property
    def latest_ns(self) -> int:
        """Time of the last frame, 0 before the first."""
        return int(self._state[LATEST_NS])

    def take(self) -> FrameBlock:
        """Return the frames of the blocks that are ready, maybe none. Ends in `release`."""
        most = max(int(self._geometry[BLOCKS]) // _SHARE_HELD, 1)
        index_ring(self._memory, self._next, most, self._geometry, self._frames, self._state)
        count = int(self._state[COUNT])
        self._held = int(self._state[WALKED])
        self._handed_on += count
        return FrameBlock(self._memory, self._frames[:count])

    def release(self) -> None:
        """Give the blocks last taken back to the kernel."""
        release_blocks(self._memory, self._next, self._held, self._geometry)
        self._next = (self._next + self._held) % int(self._geometry[BLOCKS])
        self._held = 0

    @property
    def filled(self) -> bool:
        """Tell whether the next block holds frames, even if the kernel still fills it.

        In a ring that has been full the count may be left from before.
        """
        start = self._next * _RING_BLOCK_BYTES + _NUM_PACKETS
        return bool(self._memory[start : start + 4].any())

    def shut(self) -> None:
        """Let nothing more in; what has come can still be taken."""
        with suppress(OSError):
            attach(self._socket, keep_program(0))

    def count_lost(self) -> tuple[int, int]:
        """Return packets dropped and times the ring was full since this was last asked."""
        try:
            reply = self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12)
        except OSError:
            return 0, 0
        _, dropped, freezes = struct.unpack("=III", reply)
        return dropped, freezes

    def clear_error(self) -> None:
        """Take the pending error of the socket, so that polling waits again."""
        self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)

    def close(self) -> None:
        """Close the socket and unmap the ring; last views of it keep it alive, not this."""
        self._socket.close()
        self._memory = np.empty(0, dtype=np.uint8)
        with suppress(BufferError):  # somebody still holds a block: it goes with that
            self._map.close()

    def _allocate(self) -> None:
        self._set(_VERSION, _TPACKET_V3)
        with suppress(OSError):
            self._set(_VNET_HDR, 1)
            self._geometry[VNET_HEADER] = 1
        blocks = int(self._geometry[BLOCKS])
        request = struct.pack(
            "=7I",
            _RING_BLOCK_BYTES,
            blocks,
            _DIVISOR_BYTES,
            blocks * _RING_BLOCK_BYTES // _DIVISOR_BYTES,
            RETIRE_MS,
            0,
            0,
        )
        self._socket.setsockopt(_SOL_PACKET, _RX_RING, request)

    def _map_memory(self) -> mmap.mmap:
        size = int(self._geometry[BLOCKS]) * _RING_BLOCK_BYTES
        return mmap.mmap(
            self._socket.fileno(), size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE
        )

    def _join(self, name: str, program: Program, options: RingOptions) -> int:
        """Allocate the ring and bind to the interface; returns its number.

        Nothing is let in before the socket shares the traffic with its group: it would be taken
        twice.
        """
        self._allocate()
        attach(self._socket, keep_program(0))
        if options.drop_outgoing:
            with suppress(OSError):  # Linux 4.20; the kernel of ours drops them as well
                self._set(_IGNORE_OUTGOING, 1)
        number = socket.if_nametoindex(name)
        self._socket.bind((name, _ETH_P_ALL))
        if options.promiscuous:
            membership = struct.pack("=iHH8s", number, _MR_PROMISC, 0, b"")
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, membership)
        if options.fanout is not None:
            self._set(_FANOUT, options.fanout & 0xFFFF)
        attach(self._socket, program)
        return number

    def _set(self, option: int, value: int) -> None:
        self._socket.setsockopt(_SOL_PACKET, option, value)
