"""The flow record crosses every boundary as bytes: its layout may only change on purpose."""

import numpy as np
import pytest

from appliance.model import flow
from appliance.model.flow import FLOW_DTYPE, SIDE_DTYPE, Direction, EndReason, FlowBatch, Tunnel


def test_a_record_is_four_cache_lines_and_a_side_is_one() -> None:
    assert (FLOW_DTYPE.itemsize, SIDE_DTYPE.itemsize) == (256, 64)
    assert FLOW_DTYPE.fields is not None
    offsets = {name: FLOW_DTYPE.fields[name][1] for name in FLOW_DTYPE.names or ()}
    assert (offsets["orig"], offsets["resp"], offsets["last_ns"]) == (0, 64, 128)
    assert offsets["id"] == 192  # what is set once stands in a line of its own


@pytest.mark.parametrize("dtype", [FLOW_DTYPE, SIDE_DTYPE])
def test_every_field_is_aligned_and_little_endian(dtype: np.dtype[np.void]) -> None:
    assert dtype.fields is not None
    end = 0
    for name in dtype.names or ():
        field, offset = dtype.fields[name][:2]
        assert offset == end, f"a hole before {name}"
        end += field.itemsize
        if field.fields is None:
            assert offset % field.itemsize == 0, name
            assert field.str[0] in "<|", name
    assert end == dtype.itemsize


@pytest.mark.parametrize(
    ("name", "largest"),
    [("bytes", 2**64 - 1), ("payload", 2**64 - 1), ("packets", 2**32 - 1), ("port", 65_535)],
)
def test_counters_hold_what_a_long_flow_needs(name: str, largest: int) -> None:
    side = np.zeros(1, SIDE_DTYPE)
    side[name] = largest
    assert side[name][0] == largest


def test_bits_do_not_overlap() -> None:
    bits = [getattr(flow, n) for n in vars(flow) if n.startswith("FLOW_") and n != "FLOW_DTYPE"]
    assert all(bit.bit_count() == 1 and bit < 1 << 16 for bit in bits)
    assert len(set(bits)) == len(bits) >= 10


def test_numbers_in_files_and_databases_do_not_move() -> None:
    assert [d.name for d in Direction] == ["EXTERNAL", "OUTBOUND", "INBOUND", "LOCAL"]
    assert [r.name for r in EndReason] == [
        "ACTIVE", "IDLE", "CLOSED", "REUSED", "EVICTED", "SHUTDOWN", "ATTEMPT",
    ]  # fmt: skip
    assert [t.name for t in Tunnel] == [
        "NONE", "GRE", "VXLAN", "SIXINFOUR", "IPIP", "GENEVE", "TEREDO", "GTP",
    ]  # fmt: skip
    for names in (Direction, EndReason, Tunnel):
        assert [int(value) for value in names] == list(range(len(names)))


def test_a_batch_begins_with_nothing_known_about_its_flows() -> None:
    batch = FlowBatch(np.zeros(3, FLOW_DTYPE), ("eth0",))
    assert (len(batch), batch.meta) == (3, [None] * 3)
    assert batch.orig == batch.resp == batch.ids == []
