"""Ranks, correlation and AUC against scipy and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from appliance.learn.ranking import auc, rank_correlation, ranks

VALUES = st.lists(st.integers(0, 6), min_size=4, max_size=30)


@given(VALUES)
def test_ranks(values: list[int]) -> None:
    assert ranks(np.array(values)).tolist() == rankdata(values).tolist()


@given(VALUES, st.integers(0, 99))
def test_correlation(values: list[int], seed: int) -> None:
    one = np.array(values)
    other = one + np.random.default_rng(seed).integers(0, 5, len(one))
    if np.ptp(one) and np.ptp(other):
        assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic)
    else:
        assert rank_correlation(one, other) == 0


@given(VALUES, st.integers(0, 99))
def test_area(values: list[int], seed: int) -> None:
    bad = np.random.default_rng(seed).random(len(values)) < 0.5
    bad[:2] = True, False
    assert auc(bad, np.array(values)) == pytest.approx(roc_auc_score(bad, values))
