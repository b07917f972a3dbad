"""Frames: what sources and kernels agree on."""

import numpy as np
import pytest

from appliance.model.frame import (
    FRAME_DTYPE,
    FRAME_OUTGOING,
    FRAME_VLAN,
    CaptureStatistics,
    FrameBlock,
)


def test_a_frame_is_half_a_cache_line_without_holes() -> None:
    assert FRAME_DTYPE.itemsize == 32
    assert FRAME_DTYPE.fields is not None
    for name in FRAME_DTYPE.names or ():
        field, offset = FRAME_DTYPE.fields[name][:2]
        assert offset % field.itemsize == 0, name
    assert FRAME_OUTGOING & FRAME_VLAN == 0


def test_a_block_is_its_two_parts() -> None:
    buffer, frames = np.zeros(5, np.uint8), np.zeros(2, FRAME_DTYPE)
    assert FrameBlock(buffer, frames) == (buffer, frames)


def test_counters_begin_at_zero_and_cannot_be_changed() -> None:
    statistics = CaptureStatistics()
    counts = {n: getattr(statistics, n) for n in statistics.__struct_fields__}
    assert counts == dict.fromkeys(counts, 0) | {"up": True, "error": ""}
    with pytest.raises(AttributeError):
        statistics.frames = 1  # type: ignore[misc]
