"""The walks themselves are tested on whole files in tests/unit/capture/test_pcap*.py."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.kernels.index_pcap import (
    BAD,
    CLAMPED,
    COUNT,
    FORM_SLOTS,
    FULL,
    HEADER_BYTES,
    IF_COLUMNS,
    IF_SCALE,
    INTERFACE,
    LAST_NS,
    LINKTYPE,
    MORE,
    NEXT,
    SECTION,
    STATE_SLOTS,
    TIME_SCALE,
    WIRE_BYTES,
    gather_frames,
    index_pcap,
    index_pcapng,
)
from appliance.model.frame import FRAME_DTYPE


def as_array(data: bytes) -> np.ndarray:
    return np.frombuffer(bytearray(data), dtype=np.uint8)


def new_state() -> np.ndarray:
    return np.zeros(STATE_SLOTS, dtype=np.int64)


@pytest.fixture
def form() -> np.ndarray:
    form = np.zeros(FORM_SLOTS, dtype=np.int64)
    form[TIME_SCALE], form[HEADER_BYTES], form[LINKTYPE] = 1, 16, 101
    return form


@given(
    loads=st.lists(st.binary(max_size=9), max_size=12),
    room=st.integers(1, 5),
    margin=st.integers(0, 30),
)
def test_records_of_a_part_of_a_buffer(loads, room, margin) -> None:
    form = np.zeros(FORM_SLOTS, dtype=np.int64)
    form[TIME_SCALE], form[HEADER_BYTES], form[LINKTYPE] = 1, 16, 101
    records = [
        struct.pack("<IIII", 2, n, len(load), 100 + n) + load for n, load in enumerate(loads)
    ]
    data = as_array(bytes(margin) + b"".join(records) + b"\xff" * margin)
    position, end = margin, len(data) - margin
    frames, state = np.zeros(room, dtype=FRAME_DTYPE), new_state()
    seen = []
    status = FULL
    while status == FULL:
        status = index_pcap(data, position, end, form, frames, state)
        position = int(state[NEXT])
        for frame in frames[: int(state[COUNT])]:
            start, stop = int(frame["offset"]), int(frame["offset"] + frame["caplen"])
            seen.append((int(frame["ts_ns"]), data[start:stop].tobytes(), int(frame["wirelen"])))
    assert status == MORE
    assert position == end
    assert seen == [(2_000_000_000 + n, load, 100 + n) for n, load in enumerate(loads)]
    assert state[WIRE_BYTES] == sum(100 + n for n in range(len(loads)))


def test_record_that_cannot_be_stops_the_walk_at_it(form) -> None:
    good = struct.pack("<IIII", 1, 1, 2, 2) + b"ab"
    data = as_array(good + struct.pack("<IIII", 1, 1, 0xFFFFFFFF, 2))
    frames, state = np.zeros(9, dtype=FRAME_DTYPE), new_state()
    assert index_pcap(data, 0, len(data), form, frames, state) == BAD
    assert (state[NEXT], state[COUNT]) == (len(good), 1)


def test_blocks_for_the_caller_are_left_to_it() -> None:
    nothing = np.zeros((0, IF_COLUMNS), dtype=np.int64)
    frames = np.zeros(4, dtype=FRAME_DTYPE)
    skipped = struct.pack("<IIII", 5, 16, 0, 16)
    for kind, status in ((1, INTERFACE), (0x0A0D0D0A, SECTION)):
        data = as_array(skipped + struct.pack("<IIIII", kind, 20, 0, 0, 20))
        state = new_state()
        assert index_pcapng(data, 0, len(data), False, nothing, frames, state) == status
        assert (state[NEXT], state[COUNT]) == (16, 0)


def test_long_block_of_another_kind_is_stepped_over_unread() -> None:
    data = as_array(struct.pack("<III", 0xBAD, 1 << 30, 0))
    nothing, frames = np.zeros((0, IF_COLUMNS), dtype=np.int64), np.zeros(1, dtype=FRAME_DTYPE)
    state = new_state()
    assert index_pcapng(data, 0, len(data), False, nothing, frames, state) == MORE
    assert state[NEXT] == 1 << 30


def test_time_out_of_range_is_clamped_and_counted() -> None:
    interfaces = np.zeros((1, IF_COLUMNS), dtype=np.int64)
    interfaces[0, IF_SCALE] = 1_000
    body = struct.pack("<IIIIIII", 6, 32, 0, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0) + struct.pack("<I", 32)
    data, frames, state = as_array(body), np.zeros(1, dtype=FRAME_DTYPE), new_state()
    assert index_pcapng(data, 0, len(data), False, interfaces, frames, state) == FULL
    assert frames[0]["ts_ns"] == state[LAST_NS] == 2**63 - 1
    assert state[CLAMPED] == 1


def test_chosen_frames_are_copied_behind_one_another() -> None:
    source, target = as_array(b"..abc.defg"), as_array(b"________")
    frames = np.zeros(3, dtype=FRAME_DTYPE)
    frames["offset"], frames["caplen"] = [2, 0, 6], [3, 9, 4]
    used = gather_frames(source, frames, np.array([2, 0], dtype=np.int64), target, 1)
    assert used == 8
    assert target.tobytes() == b"_defgabc"
    assert frames["offset"].tolist() == [5, 0, 1]
