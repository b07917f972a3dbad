"""The scorer's memory is bounded and forgets; its reasons are true."""

import numpy as np
import pytest

from appliance.learn import flowscorer as module
from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import FlowScorer, flow_keys
from appliance.model.flowkey import FLOW_FEATURES
from tests.support.flowbatches import batch, flow


def test_a_flood_of_kinds_plateaus_and_known_kinds_still_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sizes, ports and services a stranger chooses make kinds; they must not take memory."""
    monkeypatch.setattr(module, "_CENSUS", 64)
    scorer = FlowScorer()
    rng = np.random.default_rng(1)
    scorer.remember(np.array([1 << 63 | 5], np.uint64), np.array([7], np.uint32))
    kinds = rng.integers(0, 1 << 38, 3_000).astype(np.uint64) | np.uint64(1 << 63)
    scorer.remember(np.unique(kinds), np.ones(len(np.unique(kinds)), np.uint32))
    scorer.remember(np.array([1 << 63 | 5], np.uint64), np.array([7], np.uint32))
    keys, counts = scorer.census()
    assert len(keys) <= 64
    assert scorer.statistics().kinds == len(keys)
    assert scorer.statistics().lost > 2_900
    assert counts[keys == np.uint64(1 << 63 | 5)].tolist() == [14]


def test_fading_forgets_what_came_once(flows: np.ndarray) -> None:
    scorer = FlowScorer()
    scorer.score(flows)
    before = dict(zip(*(part.tolist() for part in scorer.census()), strict=True))
    scorer.fade()
    after = dict(zip(*(part.tolist() for part in scorer.census()), strict=True))
    assert after == {key: count // 2 for key, count in before.items() if count >= 2}


def test_most_scores_are_remembered(flows: np.ndarray, flow_model: FlowModel) -> None:
    scorer = FlowScorer()
    scorer.use(flow_model)
    scorer.score(flows)
    walked = scorer.statistics().walked
    assert np.array_equal(scorer.score(flows), scorer.score(flows))
    assert scorer.statistics().walked - walked < 0.02 * len(flows)
    assert scorer.statistics().flows == 3 * len(flows)


def test_another_model_forgets_the_scores_of_the_old(
    flows: np.ndarray, flow_model: FlowModel
) -> None:
    scorer = FlowScorer()
    scorer.use(flow_model)
    one = scorer.score(flows)
    scorer.use(flow_model._replace(rarity=flow_model.rarity[::-1].copy()))
    assert not np.array_equal(one, scorer.score(flows))
    scorer.use(flow_model)
    assert np.array_equal(one, scorer.score(flows))


def test_reasons_name_what_is_odd(flow_model: FlowModel) -> None:
    scorer = FlowScorer()
    assert scorer.explain(1 << 63) == []
    scorer.use(flow_model)
    odd = batch([flow(duration_s=80_000, orig_payload=2**31, resp_payload=10, resp_packets=2)])
    reasons = scorer.explain(int(flow_keys(odd.flows)[0]))
    shares = [share for _, share, _, _ in reasons]
    assert shares == sorted(shares, reverse=True)
    assert all(share > 0 for share in shares)
    names = {name for name, *_ in reasons[:5]}
    assert names & {"out_over_in", "rare_out", "out_size"}
    assert names & {"duration", "rare_duration"}
    assert names <= set(FLOW_FEATURES)


def test_nothing_to_score() -> None:
    assert FlowScorer().score(batch([flow()]).flows[:0]).tolist() == []
