"""The table's memory: what the kernels rely on without asking."""

import numpy as np

from appliance.kernels.table import LIMITS_DTYPE, STATE_DTYPE, TICK_SHIFT, WHEEL, Table
from appliance.model.flow import FLOW_DTYPE
from tests.oracles.flowtable import Limits
from tests.support.tables import make_table


def test_shapes_and_alignment() -> None:
    table: Table = make_table(Limits(flows=100))._table
    assert table.pool.shape == (100,)
    assert table.pool.ctypes.data % 64 == 0  # a record is four whole cache lines
    assert table.pool_bytes.ctypes.data == table.pool.ctypes.data
    assert table.pool_bytes.shape == (100 * FLOW_DTYPE.itemsize,)
    assert table.slots.shape == table.young.shape == (256,)  # load at most a half
    assert table.links.shape == (100 + WHEEL, 2)
    assert sorted(table.free.tolist()) == list(range(100))
    assert not table.slots.any()


def test_an_empty_wheel_is_heads_that_point_at_themselves() -> None:
    table = make_table(Limits(flows=10))._table
    heads = np.arange(10, 10 + WHEEL)
    assert (table.links[10:] == heads[:, None]).all()


def test_the_wheel_is_longer_than_the_longest_default() -> None:
    assert (WHEEL << TICK_SHIFT) / 1e9 > 300
    assert WHEEL & (WHEEL - 1) == 0


def test_limits_come_from_the_configuration() -> None:
    limits = make_table(Limits(tcp=7 * 10**9, active=11 * 10**9, flows=33, worker=3))._table.limits
    assert limits.dtype.names == LIMITS_DTYPE.names
    row = np.asarray(limits)[0]
    assert (row["tcp_idle_ns"], row["active_ns"]) == (7 * 10**9, 11 * 10**9)
    assert (row["capacity"], row["worker"], row["slot_mask"], row["young_mask"]) == (
        33,
        3,
        127,
        127,
    )


def test_the_state_is_words_of_eight_bytes() -> None:
    assert STATE_DTYPE.itemsize == 8 * len(STATE_DTYPE.names)
