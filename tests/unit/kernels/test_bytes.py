"""A load that takes its bytes from the wrong place or in the wrong order shifts every header."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.kernels import bytes as loads
from appliance.kernels.jit import kernel

BUFFERS = st.binary(min_size=8, max_size=40)


@kernel
def _load_all(buffer: Any, at: int) -> Any:
    """Return every load at one place; intrinsics can only be called from compiled code."""
    return (
        loads.byte(buffer, at),
        loads.u16(buffer, at),
        loads.u32(buffer, at),
        loads.load_u16be(buffer, at),
        loads.load_u32be(buffer, at),
        loads.load_u64be(buffer, at),
        loads.load_u16le(buffer, at),
        loads.load_u32le(buffer, at),
        loads.load_u64le(buffer, at),
        loads.load_acquire_u32(buffer, at),
    )


@kernel
def _store(buffer: Any, at: int, value: Any) -> None:
    loads.store_release_u32(buffer, at, value)


@kernel
def _fetch(buffer: Any, at: int) -> int:
    loads.prefetch(buffer, at)
    return at


@given(BUFFERS, st.data())
def test_loads_are_what_python_reads(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 8))
    buffer = np.frombuffer(data, np.uint8)
    sizes = [
        (1, "big"), (2, "big"), (4, "big"), (2, "big"), (4, "big"), (8, "big"),
        (2, "little"), (4, "little"), (8, "little"), (4, "little"),
    ]  # fmt: skip
    wanted = [int.from_bytes(data[at : at + size], order) for size, order in sizes]  # type: ignore[arg-type]
    assert [int(value) for value in _load_all(buffer, at)] == wanted


@given(BUFFERS, st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3, 4]))
def test_a_store_changes_four_bytes_and_no_more(data: bytes, value: int, at: int) -> None:
    buffer = np.frombuffer(data, np.uint8).copy()
    _store(buffer, at, np.uint32(value))
    assert buffer.tobytes() == data[:at] + value.to_bytes(4, "little") + data[at + 4 :]


@pytest.mark.parametrize("at", [0, 7])
def test_prefetch_reads_nothing_and_changes_nothing(at: int) -> None:
    buffer = np.arange(8, dtype=np.uint8)
    assert _fetch(buffer, at) == at
    assert buffer.tolist() == list(range(8))
