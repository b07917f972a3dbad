"""Keys, features, remembered scores and the census against their plain forms."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from appliance.learn.flowfit import FlowKinds, fit_flows
from appliance.learn.flowkey import features_of, make_rarity
from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import FlowScorer, flow_keys
from appliance.learn.plainwalk import score_plain
from appliance.model.flow import FLOW_DTYPE, EndReason
from tests.oracles.flowkey import make_key

SIZES = st.sampled_from([0, 1, 2, 3, 63, 64, 1_500, 2**31 - 1, 2**31, 2**40])


@st.composite
def any_flows(draw: st.DrawFn) -> NDArray[Any]:
    rows = np.zeros(draw(st.integers(1, 12)), FLOW_DTYPE)
    for row in rows:
        row["proto"] = draw(st.sampled_from([1, 6, 17, 47, 58]))
        row["direction"] = draw(st.integers(0, 3))
        row["first_ns"] = 1_760_000_400_000_000_000
        row["last_ns"] = row["first_ns"] + draw(st.sampled_from([-5, 0, 999_999, 10**6, 10**13]))
        row["reason"] = draw(st.sampled_from([1, 2, 6, 0]))
        for side in ("orig", "resp"):
            row[side]["payload"] = draw(SIZES)
            row[side]["packets"] = draw(st.sampled_from([0, 1, 5, 40_000]))
            row[side]["port"] = draw(st.sampled_from([0, 8, 22, 128, 443, 777, 5_555, 65_535]))
            row[side]["addr_lo"] = draw(st.integers(1, 3))
    return rows


@pytest.fixture(scope="module")
def model() -> FlowModel:
    rng = np.random.default_rng(1)
    keys = np.unique(rng.integers(0, 1 << 38, 60).astype(np.uint64)) | np.uint64(1 << 63)
    return fit_flows(FlowKinds(keys, rng.integers(1, 50, len(keys)).astype(float)), 0.01)


@given(flows=any_flows(), service=st.integers(0, 30))
def test_keys_are_those_of_the_oracle(flows: NDArray[Any], service: int) -> None:
    services = np.full(len(flows), service, np.uint8)
    assert flow_keys(flows, services).tolist() == [make_key(row, service) for row in flows]


@given(flows=any_flows())
def test_scores_are_those_of_the_features(model: FlowModel, flows: NDArray[Any]) -> None:
    """Also when they are remembered."""
    scorer = FlowScorer()
    scorer.use(model)
    services = np.arange(len(flows), dtype=np.uint8)
    twice = [scorer.score(flows, services) for _ in range(2)]
    keys = flow_keys(flows, services)
    expected = score_plain(
        model.forest, features_of(keys, model.rarity), np.zeros(len(keys), np.int32)
    )
    for scores in twice:
        assert np.array_equal(scores, expected.astype(np.float32))


@given(flows=any_flows())
def test_the_census_counts_a_host_once_an_hour(flows: NDArray[Any]) -> None:
    """Attempts and updates are told again when they end: they do not count."""
    scorer = FlowScorer()
    scorer.score(flows)
    scorer.score(flows)
    later = flows.copy()
    later["last_ns"] += 3_600_000_000_000
    later["first_ns"] += 3_600_000_000_000
    scorer.score(later)
    once = {
        (make_key(row, 0), int(row["orig"]["addr_lo"]), int(row["last_ns"]) // 3_600_000_000_000)
        for row in np.concatenate([flows, later])
        if row["reason"] not in {EndReason.ATTEMPT, EndReason.ACTIVE}
    }
    expected = Counter(key for key, _, _ in once)
    keys, counts = scorer.census()
    assert dict(zip(keys.tolist(), counts.tolist(), strict=True)) == expected


def test_without_a_model_every_score_is_0(model: FlowModel) -> None:
    flows = np.zeros(3, FLOW_DTYPE)
    scorer = FlowScorer()
    assert scorer.score(flows).tolist() == [0, 0, 0]
    scorer.use(model)
    assert (scorer.score(flows) > 0).all()
    scorer.use(None)
    assert scorer.score(flows).tolist() == [0, 0, 0]


def test_rarity_is_that_of_the_condition() -> None:
    flows = np.zeros(64, FLOW_DTYPE)
    flows["proto"] = 6
    flows["resp"]["port"] = np.where(np.arange(64) < 60, 443, 22)
    keys, counts = np.unique(flow_keys(flows), return_counts=True)
    features = features_of(keys, make_rarity(keys, counts.astype(float)))
    rare = features[:, 4]
    assert rare[counts == 4] > rare[counts == 60] + 2
