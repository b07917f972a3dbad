import numpy as np
import pytest

from appliance.flows.pages import allocate


@pytest.mark.parametrize("count", [1, 1_000, 300_000])
def test_memory_is_zeroed_aligned_and_can_be_written(count: int) -> None:
    table = allocate(count, np.dtype([("key", "<u8"), ("size", "<u4")]))
    assert table.shape == (count,)
    assert table.ctypes.data % (1 << 21) == 0
    assert not table["key"].any()
    table["size"] = 7
    assert table["size"].sum() == 7 * count


def test_an_array_keeps_its_memory_to_itself() -> None:
    first, second = allocate(10, np.uint64), allocate(10, np.uint64)
    first[:] = 1
    assert not second.any()
