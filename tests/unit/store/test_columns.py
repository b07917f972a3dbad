"""The flow row keeps what is shown of a flow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from appliance.flows.connstate import state_codes
from appliance.model.flow import FLOW_DTYPE, FLOW_GSO, FLOW_PARTIAL, SIDE_DTYPE
from appliance.store.columns import COLUMNS, References, assign_ids, decode, encode
from tests.support.flowbatches import T0_S, batch, flow
from tests.support.flowrecords import flow_rows


def none(count):
    return np.zeros(count, np.int64)


def rows_of(flows, ids=None):
    ids = flows["last_ns"] // 1_000 if ids is None else ids
    references = References(*[none(len(flows))] * 4)
    rows = encode(flows, ids, references)
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows.tolist()]


def test_columns_are_those_of_the_table():
    rows = encode(batch([flow()]).flows, none(1) + T0_S * 10**6, References(*[none(1)] * 4))
    assert rows.shape == (1, len(COLUMNS))
    assert rows.dtype == np.int64


@given(
    st.lists(st.integers(-(10**15), 2 * 10**15), min_size=1, max_size=30), st.integers(0, 10**15)
)
def test_ids_grow_strictly_and_are_as_small_as_they_can_be(ends, last):
    ids = assign_ids(np.array(ends, np.int64), last).tolist()
    for end, given_id in zip(ends, ids, strict=True):
        assert given_id == max(last + 1, end)
        last = given_id


@given(flow_rows())
def test_every_number_comes_back(flows):
    (row,) = rows_of(flows)
    numbers, source = decode(row), flows[0]
    assert numbers.start == source["first_ns"] // 1_000
    assert numbers.end == source["last_ns"] // 1_000
    assert numbers.flow_id == source["id"]
    for side, name in (("orig", "out"), ("resp", "in")):
        assert row[f"packets_{name}"] == source[side]["packets"]
        assert row[f"bytes_{name}"] == source[side]["bytes"]
        assert getattr(numbers, f"ip_bytes_{name}") == source[side]["ip_bytes"]
        assert getattr(numbers, f"payload_{name}") == source[side]["payload"]
        assert getattr(numbers, f"flags_{name}") == source[side]["flags"]
    assert (numbers.src_port, numbers.dst_port) == (source["orig"]["port"], source["resp"]["port"])
    for name in ("proto", "direction", "reason", "tunnel", "history_len", "size_min", "size_max"):
        assert getattr(numbers, name) == source[name], name
    assert row["history_lo"] == source["history_lo"]
    assert row["history_hi"] == source["history_hi"]
    assert numbers.state == state_codes(flows)[0]
    assert numbers.partial == bool(source["bits"] & FLOW_PARTIAL)
    assert numbers.gso == bool(source["bits"] & FLOW_GSO)
    assert numbers.gaps == int(source["orig"]["gaps"]) + int(source["resp"]["gaps"])
    assert numbers.retrans == int(source["orig"]["retrans"]) + int(source["resp"]["retrans"])
    assert round(numbers.iat_min * 1e6) == source["iat_min_us"]
    assert round(numbers.iat_max * 1e6) == source["iat_max_us"]
    rtt = int(source["syn_rtt_us"]) + int(source["ack_rtt_us"])
    assert numbers.rtt_ms == (rtt / 1_000 if rtt else None)


@given(
    st.lists(st.integers(60, 9_000), min_size=1, max_size=20),
    st.lists(st.integers(0, 10**7), min_size=20, max_size=20),
)
def test_moments_are_those_of_the_packets(sizes, gaps_us):
    """Mean and variance of sizes and gaps, against numpy over the packets themselves."""
    gaps_us = gaps_us[: len(sizes) - 1]
    made = flow(
        duration_s=sum(gaps_us) / 1e6,
        size_sumsq=float(sum(size**2 for size in sizes)),
        size_min=min(sizes),
        size_max=max(sizes),
        iat_sumsq=sum((gap / 1e6) ** 2 for gap in gaps_us),
        iat_min_us=min(gaps_us, default=0),
        iat_max_us=max(gaps_us, default=0),
        orig_packets=len(sizes),
        orig_bytes=sum(sizes),
        resp_packets=0,
        resp_bytes=0,
    )
    numbers = decode(rows_of(batch([made]).flows)[0])
    assert numbers.size_mean == pytest.approx(np.mean(sizes))
    assert numbers.size_var == pytest.approx(np.var(sizes), abs=1e-6)
    if gaps_us:
        assert numbers.iat_mean == pytest.approx(np.mean(gaps_us) / 1e6)
        assert numbers.iat_var == pytest.approx(np.var(np.array(gaps_us) / 1e6), abs=1e-6)


def test_a_flow_without_packets_has_no_moments():
    made = flow(orig_packets=0, resp_packets=0)
    numbers = decode(rows_of(batch([made]).flows)[0])
    assert (numbers.size_mean, numbers.size_var, numbers.iat_mean, numbers.iat_var) == (0, 0, 0, 0)


def test_a_size_sum_beyond_reason_is_bounded():
    """A file may claim frames of 4 GB: no overflow, no warning."""
    (row,) = rows_of(batch([flow(size_sumsq=1e30)]).flows)
    assert 0 < row["size_sumsq"] <= 1 << 62


@given(hnp.arrays(np.uint8, FLOW_DTYPE.itemsize))
def test_random_bytes_are_stored_without_a_complaint(raw):
    """Whatever the kernel leaves in a record becomes a row of 64-bit integers."""
    flows = raw.view(FLOW_DTYPE).copy()
    flows["size_sumsq"] = np.abs(np.nan_to_num(flows["size_sumsq"]))
    for side in ("orig", "resp"):
        flows[side]["state"] %= 7
    rows_of(flows)


def test_the_usual_flow_is_small():
    """Differences are zero for Ethernet, IPv4 and UDP: no column but a few takes bytes."""
    side = {"packets": 1, "bytes": 82, "ip_bytes": 68, "payload": 40}
    fields = {f"{end}_{name}": value for end in ("orig", "resp") for name, value in side.items()}
    made = flow(
        proto=17, duration_s=0.02, iat_min_us=20_000, iat_max_us=20_000, size_min=82, size_max=82,
        size_sumsq=2 * 82.0**2, iat_sumsq=0.0004, **fields,
    )  # fmt: skip
    (row,) = rows_of(batch([made]).flows)
    zero = ("frame_out", "frame_in", "head_out", "head_in", "size_sumsq", "iat_max", "iat_min")
    assert [row[name] for name in (*zero, "iat_sumsq", "lag", "number")] == [0] * 10
    assert SIDE_DTYPE.itemsize == 64
