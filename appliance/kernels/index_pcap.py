"""Where the packets of a capture file lie: one pass over the record or block headers.

Formats: draft-ietf-opsawg-pcap and draft-ietf-opsawg-pcapng. The payload is not touched. A kernel
indexes what lies complete in buffer[begin:end] until the frame array is full, and says why it
stopped: one of MORE, FULL, BAD, SECTION, INTERFACE.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.bytes import (
    load_u16be,
    load_u16le,
    load_u32be,
    load_u32le,
    prefetch,
)
from appliance.kernels.jit import inline, kernel

Word: TypeAlias = int | np.int64

MORE = 0  # the next record is not complete: read on from state[NEXT], which may lie behind `end`
FULL = 1  # the frame array is full
BAD = 2  # the record at state[NEXT] cannot be what its header says; nothing behind it can be found
SECTION = 3  # pcapng: a section header at state[NEXT], for the caller to read
INTERFACE = 4  # pcapng: an interface description at state[NEXT], complete, for the caller to read

AHEAD = 1_536  # bytes fetched ahead; the hardware does not look over the end of a page
MAX_CAPLEN = 262_144  # the largest snapshot length any capture tool writes
MAX_BLOCK_BYTES = 16 << 20  # of a pcapng block that is kept in memory
MAX_TIME_NS = (1 << 63) - 1

# int64 state, shared by both kernels
NEXT, COUNT, WIRE_BYTES, CLAMPED, LAST_NS = range(5)
STATE_SLOTS = 5

# int64 form of a classic file
BIG, TIME_SCALE, HEADER_BYTES, SWAP, LINKTYPE, NAME = range(6)
FORM_SLOTS = 6
SWAP_NEVER, SWAP_ALWAYS, SWAP_IF_LESS = range(3)

# int64 columns of a pcapng interface
IF_LINKTYPE, IF_NAME, IF_UNIT, IF_SCALE, IF_OFFSET_NS, IF_SNAPLEN = range(6)
IF_COLUMNS = 6
UNIT_MULTIPLY, UNIT_DIVIDE, UNIT_BINARY = range(3)

_PACKET = 5
_OTHER = 6

_SECTION_TYPE = 0x0A0D0D0A
_INTERFACE_TYPE = 1
_OLD_PACKET_TYPE = 2
_SIMPLE_PACKET_TYPE = 3
_PACKET_TYPE = 6


@inline
def _u32(buffer: NDArray[np.uint8], offset: Word, big: bool) -> Word:
    if big:
        return np.int64(load_u32be(buffer, offset))
    return np.int64(load_u32le(buffer, offset))


@inline
def _u16(buffer: NDArray[np.uint8], offset: Word, big: bool) -> Word:
    if big:
        return np.int64(load_u16be(buffer, offset))
    return np.int64(load_u16le(buffer, offset))


@kernel
def index_pcap(
    buffer: NDArray[np.uint8],
    begin: int,
    end: int,
    form: NDArray[np.int64],
    frames: NDArray[Any],
    state: NDArray[np.int64],
) -> int:
    """Index the records of a classic capture file.

    buffer : uint8 (n,); records in [begin, end)
    form : int64 (FORM_SLOTS,): byte order, ns per unit of the second time word, length of a record
        header, whether the two lengths are exchanged, link type, index of the interface name
    frames : FRAME_DTYPE (m,), filled from 0
    state : int64 (STATE_SLOTS,); NEXT and COUNT are set, WIRE_BYTES is added to
    returns : MORE, FULL or BAD
    cost : O(records), no allocation
    """
    big = bool(form[BIG])
    scale = form[TIME_SCALE]
    header = form[HEADER_BYTES]
    swap = form[SWAP]
    position = np.int64(begin)
    wire_bytes = np.int64(0)
    count = 0
    status = FULL
    while count < len(frames):
        if end - position < header:
            status = MORE
            break
        caplen = _u32(buffer, position + 8, big)
        wirelen = _u32(buffer, position + 12, big)
        if swap == SWAP_ALWAYS or (swap == SWAP_IF_LESS and caplen > wirelen):
            caplen, wirelen = wirelen, caplen
        if caplen > MAX_CAPLEN:
            status = BAD
            break
        if position + AHEAD < end:
            prefetch(buffer, position + AHEAD)
        if end - position - header < caplen:
            status = MORE
            break
        frame = frames[count]
        frame["offset"] = position + header
        frame["ts_ns"] = (
            _u32(buffer, position, big) * 1_000_000_000 + _u32(buffer, position + 4, big) * scale
        )
        frame["caplen"] = caplen
        frame["wirelen"] = wirelen
        frame["linktype"] = form[LINKTYPE]
        frame["interface"] = form[NAME]
        frame["segments"] = 0  # a file does not say
        frame["flags"] = 0
        wire_bytes += wirelen
        position += header + caplen
        count += 1
    state[NEXT] = position
    state[COUNT] = count
    state[WIRE_BYTES] += wire_bytes
    return status


@inline
def _time_ns(high: Word, low: Word, row: NDArray[np.int64]) -> tuple[Word, Any]:
    """Return a pcapng time stamp in ns, and whether it had to be clamped to [0, MAX_TIME_NS]."""
    ticks = (np.uint64(high) << np.uint64(32)) | np.uint64(low)
    scale = np.uint64(row[IF_SCALE])
    limit = np.uint64(MAX_TIME_NS)
    clamped: Any
    if row[IF_UNIT] == UNIT_MULTIPLY:
        clamped = ticks > limit // scale
        value = limit if clamped else ticks * scale
    elif row[IF_UNIT] == UNIT_DIVIDE:
        clamped = False
        value = ticks // scale
    else:  # scale is a power of two, given by its exponent
        second = np.uint64(1_000_000_000)
        whole = ticks >> scale
        part = ticks & ((np.uint64(1) << scale) - np.uint64(1))
        clamped = whole > limit // second - np.uint64(1)
        if scale > np.uint64(34):  # keep part * 1e9 below 2**64
            part >>= scale - np.uint64(34)
            scale = np.uint64(34)
        value = limit if clamped else whole * second + ((part * second) >> scale)
    if value > limit:
        clamped = True
        value = limit
    ns = np.int64(value)
    offset_ns = row[IF_OFFSET_NS]
    if offset_ns > 0 and ns > MAX_TIME_NS - offset_ns:
        return np.int64(MAX_TIME_NS), True
    ns += offset_ns
    if ns < 0:
        return np.int64(0), True
    return ns, clamped


@inline
def _examine_block(
    buffer: NDArray[np.uint8], position: Word, end: Word, big: bool
) -> tuple[int, Word, Word]:
    """Return (status, type, bytes to step over) of the block at a position.

    The status may also be _PACKET or _OTHER, then the block is complete.
    """
    none = np.int64(0)
    if end - position < 12:
        return MORE, none, none
    kind = _u32(buffer, position, big)
    if kind == _SECTION_TYPE:
        return SECTION, kind, none
    total = _u32(buffer, position + 4, big)
    packet = kind in (_PACKET_TYPE, _SIMPLE_PACKET_TYPE, _OLD_PACKET_TYPE)
    kept = packet or kind == _INTERFACE_TYPE
    if total < 12 or total % 4 != 0 or (kept and total > MAX_BLOCK_BYTES):
        return BAD, kind, none
    if end - position < total:
        # what is stepped over need not be read first
        return MORE, kind, none if kept else total
    if _u32(buffer, position + total - 4, big) != total:
        return BAD, kind, none
    if kind == _INTERFACE_TYPE:
        return INTERFACE, kind, none
    return _PACKET if packet else _OTHER, kind, total


@inline
def _fill_frame(
    buffer: NDArray[np.uint8],
    position: Word,
    kind: Word,
    total: Word,
    big: bool,
    interfaces: NDArray[np.int64],
    frame: Any,
    state: NDArray[np.int64],
) -> bool:
    """Fill a frame from a complete packet block; False if its lengths or interface cannot be."""
    simple = kind == _SIMPLE_PACKET_TYPE
    head = np.int64(12 if simple else 28)
    if total < head + 4:
        return False
    room = total - head - 4
    name: Word = np.int64(0)
    if simple:
        wirelen = _u32(buffer, position + 8, big)
        caplen = min(wirelen, room)
    else:
        wide = kind == _PACKET_TYPE
        name = _u32(buffer, position + 8, big) if wide else _u16(buffer, position + 8, big)
        caplen = _u32(buffer, position + 20, big)
        wirelen = _u32(buffer, position + 24, big)
    if name >= len(interfaces) or caplen > min(room, np.int64(MAX_CAPLEN)):
        return False
    row = interfaces[name]
    if simple:
        if 0 < row[IF_SNAPLEN] < caplen:
            caplen = row[IF_SNAPLEN]
    else:
        ns, clamped = _time_ns(
            _u32(buffer, position + 12, big), _u32(buffer, position + 16, big), row
        )
        state[LAST_NS] = ns
        state[CLAMPED] += clamped
    frame["offset"] = position + head
    frame["ts_ns"] = state[LAST_NS]
    frame["caplen"] = caplen
    frame["wirelen"] = wirelen
    frame["linktype"] = row[IF_LINKTYPE]
    frame["interface"] = row[IF_NAME]
    frame["segments"] = 0  # a file does not say
    frame["flags"] = 0
    state[WIRE_BYTES] += wirelen
    return True


@kernel
def index_pcapng(
    buffer: NDArray[np.uint8],
    begin: int,
    end: int,
    big: bool,
    interfaces: NDArray[np.int64],
    frames: NDArray[Any],
    state: NDArray[np.int64],
) -> int:
    """Index the packet blocks of one section of a pcapng file; other blocks are stepped over.

    buffer : uint8 (n,); blocks in [begin, end), of one byte order
    interfaces : int64 (k, IF_COLUMNS), the descriptions of this section so far
    frames : FRAME_DTYPE (m,), filled from 0
    state : int64 (STATE_SLOTS,); NEXT and COUNT are set; WIRE_BYTES and CLAMPED (time stamps out of
        range) are added to; LAST_NS is the time given to simple packet blocks, which have none
    returns : MORE, FULL, BAD, SECTION or INTERFACE
    cost : O(blocks), no allocation
    """
    position = np.int64(begin)
    count = 0
    status = FULL
    while count < len(frames):
        found, kind, total = _examine_block(buffer, position, np.int64(end), big)
        if found == _PACKET:
            if not _fill_frame(
                buffer, position, kind, total, big, interfaces, frames[count], state
            ):
                status = BAD
                break
            count += 1
        position += total
        if found < _PACKET:
            status = found
            break
    state[NEXT] = position
    state[COUNT] = count
    return status


@kernel
def gather_frames(
    buffer: NDArray[np.uint8],
    frames: NDArray[Any],
    chosen: NDArray[np.int64],
    target: NDArray[np.uint8],
    used: Word,
) -> Word:
    """Copy the bytes of chosen frames behind one another; their offsets follow.

    buffer : uint8, where the bytes lie now
    frames : FRAME_DTYPE (n,); `offset` is rewritten for the chosen ones
    chosen : int64 (m,), indices into frames
    target : uint8, large enough; filled from `used`
    returns : int, bytes of target now used
    cost : O(bytes), no allocation
    """
    for index in chosen:
        frame = frames[index]
        offset = np.int64(frame["offset"])
        caplen = np.int64(frame["caplen"])
        for step in range(caplen):
            target[used + step] = buffer[offset + step]
        frame["offset"] = used
        used += caplen
    return used
