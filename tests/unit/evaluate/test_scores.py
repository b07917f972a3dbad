"""Areas and shares; oracle: scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.evaluate.scores import Decision, average_precision, decide, rank, roc_auc

RANKED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=1, max_size=60)


@given(RANKED)
def test_areas_are_those_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    bad = np.array([pair[0] for pair in pairs])
    score = np.array([pair[1] / 3 for pair in pairs], np.float32)
    if bad.all() or not bad.any():
        assert roc_auc(bad, score) is None
        assert average_precision(bad, score) is None
        return
    assert roc_auc(bad, score) == pytest.approx(metrics.roc_auc_score(bad, score))
    expected = metrics.average_precision_score(bad, score)
    assert average_precision(bad, score) == pytest.approx(expected)


def test_a_perfect_and_a_useless_ranking() -> None:
    bad = np.array([True, True, False, False])
    assert rank(bad, np.array([4, 3, 2, 1])).roc_auc == 1.0
    assert rank(bad, np.array([4, 3, 2, 1])).average_precision == 1.0
    assert rank(bad, np.array([1, 2, 3, 4])).roc_auc == 0.0
    assert rank(bad, np.ones(4)).roc_auc == 0.5
    assert (rank(bad, np.ones(4)).bad, rank(bad, np.ones(4)).good) == (2, 2)


def test_shares_of_a_decision() -> None:
    assert decide(3, 1, 2) == Decision(
        found=3, false=1, missed=2, precision=0.75, recall=0.6, f1=pytest.approx(2 / 3)
    )
    nothing = decide(0, 0, 0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)
    assert decide(0, 0, 2).f1 == 0.0
