"""A ring laid out by hand as linux/if_packet.h says; a real one: tests/privileged/test_ring.py."""

import struct
from typing import NamedTuple

import numpy as np
import pytest

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
from appliance.model.frame import FRAME_DTYPE, FRAME_OUTGOING, FRAME_VLAN

SIZE = 2_048
MAC = 92  # behind header, address and virtio header


class Sent(NamedTuple):
    """A packet as the kernel would put it down."""

    data: bytes
    ns: int = 1_700_000_000_000_000_001
    wirelen: int = 0
    status: int = 1
    tag: tuple[int, int] = (0, 0)
    kind: int = 0  # of packet: 4 = outgoing
    hatype: int = 1
    protocol: int = 0x0800
    link_bytes: int = 14
    vnet: bytes = bytes(10)


def lay_packet(one: Sent, last: bool) -> bytes:
    stride = (MAC + len(one.data) + 7) // 8 * 8
    second, ns = divmod(one.ns, 1_000_000_000)
    header = struct.pack(
        "<IIIIIIHHIIHH8x", 0 if last else stride, second, ns, len(one.data),
        one.wirelen or len(one.data), one.status, MAC, MAC + one.link_bytes, 0, one.tag[1],
        one.tag[0], 0,
    )  # fmt: skip
    address = struct.pack("<H", 17) + struct.pack(">H", one.protocol)
    address += struct.pack("<iHBB8x", 1, one.hatype, one.kind, 6)
    head = (header + address).ljust(MAC - 10, b"\xee") + one.vnet
    return (head + one.data).ljust(stride, b"\xee")


def lay_ring(*blocks: list[Sent] | None) -> np.ndarray:
    """None is a block that the kernel still owns."""
    ring = b""
    for packets in blocks:
        head = struct.pack("<IIIIII", 3, 48, packets is not None, len(packets or ()), 48, 0)
        body = [lay_packet(one, one is packets[-1]) for one in packets or ()]
        ring += (head.ljust(48, b"\0") + b"".join(body)).ljust(SIZE, b"\0")
    return np.frombuffer(bytearray(ring), dtype=np.uint8)


@pytest.fixture
def walk():
    def walk_ring(ring, first=0, most=9, *, room=64, vnet=True, drop_outgoing=False):
        geometry = np.zeros(GEOMETRY_SLOTS, dtype=np.int64)
        geometry[BLOCK_BYTES], geometry[BLOCKS] = SIZE, len(ring) // SIZE
        geometry[VNET_HEADER], geometry[DROP_OUTGOING] = vnet, drop_outgoing
        frames = np.zeros(room, dtype=FRAME_DTYPE)
        state = np.zeros(STATE_SLOTS, dtype=np.int64)
        index_ring(ring, first, min(most, len(ring) // SIZE), geometry, frames, state)
        return frames[: int(state[COUNT])], state, geometry

    return walk_ring


def bytes_of(ring, frame) -> bytes:
    return ring[int(frame["offset"]) : int(frame["offset"] + frame["caplen"])].tobytes()


def test_frames_of_ready_blocks_in_order_around_the_end(walk) -> None:
    packets = [Sent(bytes([n]) * (20 + n), ns=10**18 + n, wirelen=100 + n) for n in range(9)]
    ring = lay_ring(packets[4:6], packets[6:9], None, packets[:4])
    frames, state, _ = walk(ring, first=3)
    assert [bytes_of(ring, frame) for frame in frames] == [one.data for one in packets]
    assert frames["ts_ns"].tolist() == [one.ns for one in packets]
    assert frames["wirelen"].tolist() == [one.wirelen for one in packets]
    assert set(frames["linktype"].tolist()) == {1}
    assert (state[WALKED], state[LATEST_NS]) == (3, packets[-1].ns)
    assert state[WIRE_BYTES] == sum(one.wirelen for one in packets)


def test_walk_stops_at_the_limits(walk) -> None:
    ring = lay_ring([Sent(b"a" * 20)] * 3, [Sent(b"b" * 20)] * 3, None)
    assert walk(ring, most=1)[1][WALKED] == 1
    frames, state, _ = walk(ring, room=5)
    assert (len(frames), state[WALKED]) == (3, 1)
    assert walk(ring, first=2)[1][WALKED] == 0


def test_released_blocks_belong_to_the_kernel_again(walk) -> None:
    ring = lay_ring([Sent(b"a" * 20)], None, [Sent(b"b" * 20)])
    _, _, geometry = walk(ring)
    release_blocks(ring, 2, 2, geometry)
    assert walk(ring)[1][WALKED] == walk(ring, first=2)[1][WALKED] == 0


@pytest.mark.parametrize(("status", "tpid"), [(1 | 1 << 4 | 1 << 6, 0x88A8), (1 | 1 << 4, 0x8100)])
def test_tag_is_put_before_the_frame(walk, status, tpid) -> None:
    ring = lay_ring([Sent(b"x" * 60, status=status, tag=(tpid, 0xA123), vnet=b"\xee" * 10)])
    frames, _, _ = walk(ring, vnet=False)
    start = int(frames[0]["offset"])
    assert ring[start - 4 : start].tobytes() == struct.pack(">HH", tpid, 0xA123)
    assert bytes_of(ring, frames[0]) == b"x" * 60
    assert (frames[0]["flags"], frames[0]["wirelen"]) == (FRAME_VLAN, 64)


def test_outgoing_frames_are_marked_or_left_out(walk) -> None:
    ring = lay_ring([Sent(b"in" * 20), Sent(b"out" * 20, kind=4)])
    frames, _, _ = walk(ring)
    assert frames["flags"].tolist() == [0, FRAME_OUTGOING]
    frames, state, _ = walk(ring, drop_outgoing=True)
    assert [bytes_of(ring, frame) for frame in frames] == [b"in" * 20]
    assert (state[WALKED], state[WIRE_BYTES]) == (1, 40)


def vnet(kind: int, size: int, transport: int, *, needs_checksum: bool = True) -> bytes:
    return struct.pack("<BBHHHH", needs_checksum, kind, 0, size, transport, 16)


def tcp(options: int) -> bytes:
    return bytes(34 + 12) + bytes([(5 + options) << 4]) + bytes(100)


@pytest.mark.parametrize(
    ("header", "data", "wirelen", "segments"),
    [
        (bytes(10), tcp(0), 1_514, 1),
        (vnet(1, 1_448, 34), tcp(3), 66 + 1_448 * 3, 3),
        (vnet(1, 1_448, 34), tcp(3), 66 + 1_448 * 3 + 1, 4),
        (vnet(4 | 0x80, 1_000, 34), tcp(0), 54 + 65_000, 65),  # IPv6, with ECN
        (vnet(5, 1_200, 34), tcp(0), 42 + 2_400, 2),  # UDP
        (vnet(1, 1_460, 34, needs_checksum=False), tcp(0), 54 + 2_920, 2),
        (vnet(1, 1_448, 60_000), tcp(0), 65_000, 4),  # header beyond what was kept
        (vnet(1, 0, 34), tcp(0), 3_000, 1),
        (vnet(1, 1, 34), tcp(0), 54 + 100_000, 65_535),
    ],
)
def test_segments_from_the_virtio_header(walk, header, data, wirelen, segments) -> None:
    ring = lay_ring([Sent(data, wirelen=wirelen, vnet=header)])
    frames, _, _ = walk(ring)
    assert frames[0]["segments"] == segments


def test_segments_are_unknown_without_it(walk) -> None:
    frames, _, _ = walk(lay_ring([Sent(tcp(0))]), vnet=False)
    assert frames[0]["segments"] == 0


@pytest.mark.parametrize(
    ("hatype", "protocol", "linktype", "skipped"),
    [
        (772, 0x0800, 1, 0),
        (65_534, 0x0800, 101, 24),
        (778, 0x86DD, 101, 24),
        (778, 0x0806, 0xFFFF, 0),
        (801, 4, 105, 0),
        (802, 4, 119, 0),
        (803, 4, 127, 0),
    ],
)
def test_link_type_by_hardware(walk, hatype, protocol, linktype, skipped) -> None:
    data = bytes(range(80))
    ring = lay_ring([Sent(data, hatype=hatype, protocol=protocol, link_bytes=24, wirelen=200)])
    frames, _, _ = walk(ring)
    assert frames[0]["linktype"] == linktype
    assert bytes_of(ring, frames[0]) == data[skipped:]
    assert frames[0]["wirelen"] == 200 - skipped
