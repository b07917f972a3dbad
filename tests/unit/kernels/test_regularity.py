import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.kernels import regularity
from appliance.kernels.jit import records
from appliance.model.contact import CONTACT_DTYPE, FLOW_ANSWERED, FLOW_FAILED, TIMES, TIMING_DTYPE
from appliance.model.pair import PAIR_DTYPE, SHAPE_DTYPE
from tests.oracles import regularity as oracle

SHAPE = np.array([(0.6, 0.3, 0.35, 0.35, 6.0, 14.0, 1_800.0, 2.5)], SHAPE_DTYPE)


def make_tables(starts, out=(300.0,), back=(500.0,), duration=(0.2,), flow=(FLOW_ANSWERED,)):
    """Return a contact and its ring, which holds the last flows in any order."""
    contacts, timings = np.zeros(2, CONTACT_DTYPE), np.zeros(1, TIMING_DTYPE)
    contact, ring = contacts[1], timings[0]
    kept = np.asarray(starts, float)[-TIMES:]
    contact["contacts"] = len(starts)
    contact["first_s"], contact["last_s"] = min(starts), max(starts)
    ring["used"], ring["head"] = len(kept), len(kept) % TIMES
    ring["start_s"][: len(kept)] = kept
    for name, values in (("out", out), ("in", back), ("duration_s", duration), ("flow", flow)):
        ring[name][: len(kept)] = np.resize(np.asarray(values), len(kept))
    return contacts, timings


def describe(contacts, timings, rows=(1,)):
    pairs = np.zeros(len(rows), PAIR_DTYPE)
    regularity.describe(
        records(contacts), records(timings), np.array(rows, np.int32), records(SHAPE),
        records(pairs), np.zeros(regularity.SCRATCH),
    )  # fmt: skip
    return pairs


def check(contacts, timings):
    found = describe(contacts, timings)[0]
    wanted = oracle.describe(contacts[1], timings[0], SHAPE[0])
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, rel=1e-5, abs=1e-6), name
    return found


def test_timer_is_timed_and_lies_on_the_grid() -> None:
    found = check(*make_tables(1e9 + 300.0 * np.arange(40)))
    assert found["timed"] == 1
    assert found["median"] == 300
    assert found["off_grid"] == 0
    assert found["ds"] == 1


def test_visits_that_open_several_connections_are_merged() -> None:
    starts = (300.0 * np.arange(16)[:, None] + np.array([0, 0.1, 2.0, 3.0])).ravel()
    found = check(*make_tables(starts))
    assert found["n"] == 16
    assert found["gap"] == 10
    assert found["timed"] > 0.6


def test_poisson_arrivals_are_hardly_timed() -> None:
    starts = np.cumsum(np.random.default_rng(1).exponential(300, 64))
    assert check(*make_tables(starts))["timed"] < 0.1


@pytest.mark.parametrize("jitter", [0.1, 0.3, 0.5])
def test_evenly_drawn_jitter_has_the_kurtosis_of_a_flat_distribution(jitter: float) -> None:
    draws = np.random.default_rng(2).uniform(1 - jitter, 1 + jitter, 63)
    found = check(*make_tables(np.cumsum(60 * draws)))
    assert found["jitter_kurtosis"] == pytest.approx(1.8, abs=0.35)
    assert found["jitter_mad"] == pytest.approx(jitter / 2, rel=0.3)
    assert found["timed"] > 0.5


def test_ring_of_a_fast_pair_is_stretched_to_all_its_contacts() -> None:
    found = check(*make_tables(5.0 * np.arange(400)))
    assert found["span"] == pytest.approx(5.0 * 63 * 400 / 64)


def test_recent_flows_are_counted_by_what_became_of_them() -> None:
    starts = 1e9 + 20.0 * np.arange(40)
    found = check(*make_tables(starts, flow=(FLOW_FAILED, FLOW_ANSWERED, FLOW_ANSWERED, 0)))
    assert (found["recent_300"], found["recent_600"]) == (16, 31)
    assert found["failed_300"] == 4
    assert found["talks_300"] == 8


def test_row_without_a_ring_and_short_rings_have_no_rhythm() -> None:
    contacts, timings = make_tables(300.0 * np.arange(5))
    contacts["timing"][0] = -1
    found = describe(contacts, timings, (0, 1))
    assert found["used"].tolist() == [0, 5]
    assert found["n"].tolist() == [0, 0]
    assert found["row"].tolist() == [0, 1]


@given(
    gaps=st.lists(st.sampled_from([0.0, 0.3, 5.0, 59.0, 60.0, 61.0, 400.0, 3_600.0]), max_size=90),
    out=st.lists(st.integers(0, 100_000), min_size=1, max_size=7),
    seed=st.integers(0, 1_000),
)
def test_kernel_says_what_the_oracle_says(gaps, out, seed) -> None:
    rng = np.random.default_rng(seed)
    starts = 1.7e9 + np.cumsum([0.0, *gaps]) + rng.uniform(0, 0.01, len(gaps) + 1)
    contacts, timings = make_tables(starts, out=out, back=out[::-1], duration=[0.1, 5.0, 70.0])
    order = rng.permutation(int(timings[0]["used"]))  # flows end in another order than they begin
    timings[0]["start_s"][: len(order)] = timings[0]["start_s"][order]
    check(contacts, timings)
