"""The two modes must run the same code on the same memory."""

import os
from typing import Any

import numpy as np

from appliance.kernels.jit import JIT, i64, inline, kernel, records, u64

SIDE = np.dtype([("flags", "u1"), ("size", "<u8"), ("table", "<u4", (3,))])
ROW = np.dtype([("side", SIDE), ("base", "<i8"), ("data", "u1")])


@inline
def _double(value: int) -> int:
    return 2 * value


@kernel
def _touch(rows: Any, i: int) -> int:
    row = rows[i]
    row.side.flags |= 5
    row.side.size += u64(7)
    row.side.table[2] = 9
    row.base = _double(i64(row.base)) - 1
    row.data = 3
    return i64(row.side.flags)


def test_the_mode_is_the_one_that_was_asked_for() -> None:
    assert (os.environ.get("NUMBA_DISABLE_JIT", "0") == "0") == JIT


def test_fields_are_attributes_whatever_they_are_called() -> None:
    """`flags`, `size`, `base` and `data` are numpy's own names too: the field must win."""
    array = np.zeros(2, ROW)
    array["base"] = 21
    assert _touch(records(array), 1) == 5
    row = array[1]
    assert row["side"]["table"].tolist() == [0, 0, 9]
    assert (row["side"]["flags"], row["side"]["size"], row["base"], row["data"]) == (5, 7, 41, 3)
    assert array[0]["base"] == 21


def test_records_share_memory_with_their_array() -> None:
    array = np.zeros(2, ROW)
    view = records(array)
    view[0] = array[1]
    view["base"] = 4
    assert array["base"].tolist() == [4, 4]
