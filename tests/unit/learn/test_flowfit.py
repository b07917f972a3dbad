"""Training on kinds of flows."""

import numpy as np

from appliance.learn.flowfit import FlowKinds, fit_flows
from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import FlowScorer
from appliance.learn.promote import score_keys
from appliance.model.flowkey import FLOW_FEATURES


def test_the_same_kinds_give_the_same_model_in_any_order(flows: np.ndarray) -> None:
    scorer = FlowScorer()
    scorer.score(flows)
    keys, counts = scorer.census()
    made = [
        fit_flows(FlowKinds(keys[order], counts[order].astype(float)), 0.001)
        for order in (np.arange(len(keys)), np.arange(len(keys))[::-1])
    ]
    for one, other in zip(made[0].arrays().values(), made[1].arrays().values(), strict=True):
        assert np.array_equal(one, other)
    assert made[0].threshold == made[1].threshold


def test_about_the_wanted_share_is_above_the_threshold(
    flows: np.ndarray, flow_model: FlowModel
) -> None:
    scorer = FlowScorer()
    scorer.score(flows)
    keys, counts = scorer.census()
    above = counts[score_keys(flow_model, keys) > flow_model.threshold].sum()
    assert 0 < above <= 0.001 * counts.sum()


def test_services_nobody_knew_are_not_asked_for(flow_model: FlowModel) -> None:
    """Flows from a log say what was spoken, stored ones may not."""
    assert not flow_model.services
    key = np.array([1 << 63 | 8 | 6 << 19], np.uint64)
    with_service = key | np.uint64(5 << 31)
    assert score_keys(flow_model, key) == score_keys(flow_model, with_service)
    assert flow_model.usual.shape == (len(FLOW_FEATURES),)
