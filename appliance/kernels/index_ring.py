"""Where the packets of a TPACKET_V3 ring lie (Linux packet(7), linux/if_packet.h).

The kernel fills blocks one after another and hands each over by setting a bit in its status word;
storing 0 there gives it back. Words are in the machine's order, little-endian on all we run on.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.bytes import (
    load_acquire_u32,
    load_u16be,
    load_u16le,
    load_u32le,
    store_release_u32,
)
from appliance.kernels.jit import inline, kernel
from appliance.model.frame import FRAME_OUTGOING, FRAME_VLAN

Word: TypeAlias = int | np.int64

# int64 geometry of a ring, fixed while it lives
BLOCK_BYTES, BLOCKS, VNET_HEADER, DROP_OUTGOING = range(4)
GEOMETRY_SLOTS = 4

# int64 state
WALKED, COUNT, WIRE_BYTES, LATEST_NS = range(4)
STATE_SLOTS = 4

# struct tpacket_block_desc
_BLOCK_STATUS = 8
_BLOCK_PACKETS = 12
_BLOCK_FIRST = 16

# struct tpacket3_hdr, 48 bytes, followed by struct sockaddr_ll
_NEXT = 0
_SECONDS = 4
_NANOSECONDS = 8
_CAPLEN = 12
_WIRELEN = 16
_STATUS = 20
_MAC = 24
_NET = 26
_VLAN_TCI = 32
_VLAN_TPID = 36
_SLL_PROTOCOL = 48 + 2
_SLL_HATYPE = 48 + 8
_SLL_PKTTYPE = 48 + 10

_STATUS_VLAN = 1 << 4
_STATUS_TPID = 1 << 6
_PACKET_OUTGOING = 4

# struct virtio_net_hdr, 10 bytes right before the frame
_VNET_BYTES = 10
_VNET_NEEDS_CHECKSUM = 1

_ARPHRD_ETHERNET = 1
_ARPHRD_LOOPBACK = 772
_ETHERNET = 1
_RAW_IP = 101
_UNKNOWN = 0xFFFF


@inline
def _linktype(hatype: Word, protocol: Word) -> Word:
    if hatype in (_ARPHRD_ETHERNET, _ARPHRD_LOOPBACK):
        return _ETHERNET
    if hatype == 801:  # 802.11 without, with Prism, with radiotap header
        return 105
    if hatype == 802:
        return 119
    if hatype == 803:
        return 127
    # Tunnels and the like: what their link header is only the kernel knows, which says where the
    # network header is.
    return _RAW_IP if protocol in (0x0800, 0x86DD) else _UNKNOWN


@inline
def _segments(ring: NDArray[np.uint8], mac: Word, caplen: Word, wirelen: Word) -> Word:
    """Return the number of packets a frame stood or stands for on the wire.

    The virtio header tells the size of a segment's payload and, as checksums of such frames are
    left open, where the transport header begins.
    """
    vnet = mac - _VNET_BYTES
    size = np.int64(load_u16le(ring, vnet + 4))
    kind = ring[vnet + 1] & 0x7F
    if kind == 0 or size == 0:
        return 1
    headers = np.int64(54)  # Ethernet, IPv4, TCP without options
    if ring[vnet] & _VNET_NEEDS_CHECKSUM:
        transport = np.int64(load_u16le(ring, vnet + 6))
        headers = transport + 8
        if kind in (1, 4):  # TCP over IPv4, IPv6
            offset = transport + 12
            headers = transport + (4 * (ring[mac + offset] >> 4) if offset < caplen else 20)
    payload = max(wirelen - headers, np.int64(1))
    return min((payload + size - 1) // size, np.int64(0xFFFF))


@inline
def _put_back_tag(ring: NDArray[np.uint8], header: Word, mac: Word, status: Word) -> None:
    """Write the VLAN tag in front of the frame, over the end of headers already read."""
    tci = load_u16le(ring, header + _VLAN_TCI)
    tpid = load_u16le(ring, header + _VLAN_TPID) if status & _STATUS_TPID else 0x8100
    ring[mac - 4] = tpid >> 8
    ring[mac - 3] = tpid & 0xFF
    ring[mac - 2] = tci >> 8
    ring[mac - 1] = tci & 0xFF


@inline
def _index_packet(
    ring: NDArray[np.uint8], header: Word, geometry: NDArray[np.int64], frames: NDArray[Any], n: int
) -> Word:
    """Fill frames[n]; returns its wire length, -1 if it is a copy to leave out."""
    outgoing = ring[header + _SLL_PKTTYPE] == _PACKET_OUTGOING
    if outgoing and geometry[DROP_OUTGOING]:
        return np.int64(-1)
    caplen = np.int64(load_u32le(ring, header + _CAPLEN))
    wirelen = np.int64(load_u32le(ring, header + _WIRELEN))
    start = header + np.int64(load_u16le(ring, header + _MAC))
    status = np.int64(load_u32le(ring, header + _STATUS))
    linktype = _linktype(
        load_u16le(ring, header + _SLL_HATYPE), load_u16be(ring, header + _SLL_PROTOCOL)
    )
    ns = np.int64(load_u32le(ring, header + _SECONDS)) * 1_000_000_000 + np.int64(
        load_u32le(ring, header + _NANOSECONDS)
    )
    segments = np.int64(0)
    if geometry[VNET_HEADER]:
        segments = np.int64(_segments(ring, start, caplen, wirelen))
    flags = FRAME_OUTGOING if outgoing else 0
    if status & _STATUS_VLAN:
        _put_back_tag(ring, header, start, status)
        flags |= FRAME_VLAN
        wirelen += 4
    elif linktype == _RAW_IP:
        link_bytes = header + np.int64(load_u16le(ring, header + _NET)) - start
        link_bytes = min(max(link_bytes, np.int64(0)), caplen)
        start += link_bytes
        caplen -= link_bytes
        wirelen -= link_bytes
    frame = frames[n]
    frame["offset"] = start
    frame["ts_ns"] = ns
    frame["caplen"] = caplen
    frame["wirelen"] = wirelen
    frame["linktype"] = linktype
    frame["interface"] = 0
    frame["segments"] = segments
    frame["flags"] = flags
    return wirelen


@kernel
def index_ring(
    ring: NDArray[np.uint8],
    first: int,
    most: int,
    geometry: NDArray[np.int64],
    frames: NDArray[Any],
    state: NDArray[np.int64],
) -> None:
    """Index the blocks that the kernel has handed over, without giving any back.

    ring : uint8 (BLOCKS * BLOCK_BYTES,); VLAN tags are written back into it
    first, most : int, the block to begin with; how many at most
    geometry : int64 (GEOMETRY_SLOTS,)
    frames : FRAME_DTYPE (m,), filled from 0; room for the packets of any one block
    state : int64 (STATE_SLOTS,); WALKED (blocks) and COUNT (frames) are set; WIRE_BYTES is added
        to; LATEST_NS is the time of the last frame, unchanged if there is none
    cost : O(packets), no allocation
    """
    block_bytes = geometry[BLOCK_BYTES]
    walked = count = 0
    wire_bytes = np.int64(0)
    while walked < most:
        block = np.int64((first + walked) % geometry[BLOCKS]) * block_bytes
        if not load_acquire_u32(ring, block + _BLOCK_STATUS) & np.uint32(1):
            break
        packets = np.int64(load_u32le(ring, block + _BLOCK_PACKETS))
        if count + packets > len(frames):
            break
        header = block + np.int64(load_u32le(ring, block + _BLOCK_FIRST))
        for _ in range(packets):
            wirelen = _index_packet(ring, header, geometry, frames, count)
            header += np.int64(load_u32le(ring, header + _NEXT))
            if wirelen >= 0:
                wire_bytes += wirelen
                count += 1
        walked += 1
    state[WALKED] = walked
    state[COUNT] = count
    state[WIRE_BYTES] += wire_bytes
    if count:
        state[LATEST_NS] = frames[count - 1]["ts_ns"]


@kernel
def release_blocks(
    ring: NDArray[np.uint8], first: int, count: int, geometry: NDArray[np.int64]
) -> None:
    """Give blocks back to the kernel. Cost O(count), no allocation."""
    for step in range(count):
        block = np.int64((first + step) % geometry[BLOCKS]) * geometry[BLOCK_BYTES]
        store_release_u32(ring, block + _BLOCK_STATUS, np.uint32(0))
