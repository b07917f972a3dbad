"""The walk gives what scikit-learn gives, to the last digits, and what the paper says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import IsolationForest

from appliance.learn.fit import flatten
from appliance.learn.forest import join_forests
from appliance.learn.walk import score, walkable
from tests.oracles import forest as oracle


def fitted(rows: np.ndarray, trees: int, seed: int, sample: int | str = "auto") -> IsolationForest:
    return IsolationForest(n_estimators=trees, max_samples=sample, random_state=seed).fit(rows)


@pytest.mark.parametrize("rows", [1, 2, 3, 17, 400])
@pytest.mark.parametrize("features", [1, 5])
def test_scores_are_those_of_scikit_learn(rows: int, features: int) -> None:
    rng = np.random.default_rng(rows)
    values = rng.normal(size=(rows, features)).astype(np.float32)
    values[:, 0] = np.round(values[:, 0])  # ties on thresholds
    model = fitted(values, 12, 1)
    others = np.vstack([values[:20], rng.normal(size=(20, features)) * 3]).astype(np.float32)
    ours = score(walkable(flatten(model)), others)
    assert np.abs(ours + model.score_samples(others)).max() < 1e-12


def test_values_on_a_threshold_go_the_same_way() -> None:
    """Thresholds are float64 there and float32 here."""
    values = np.random.default_rng(2).random((300, 2)).astype(np.float32)
    model = fitted(values, 20, 3)
    cuts = np.concatenate([tree.tree_.threshold for tree in model.estimators_]).astype(np.float32)
    near = np.concatenate([cuts, np.nextafter(cuts, 1), np.nextafter(cuts, -1)])[:600]
    rows = np.column_stack([near, near]).astype(np.float32)
    ours = score(walkable(flatten(model)), rows)
    assert np.abs(ours + model.score_samples(rows)).max() < 1e-12


@given(seed=st.integers(0, 1_000), rows=st.integers(1, 30))
def test_groups_are_scored_as_the_oracle_says(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 3)).astype(np.float32)
    parts = [flatten(fitted(values[: 1 + part % rows], 3, seed + part)) for part in range(3)]
    forest = join_forests([[parts[0]], [parts[1], parts[2]]])
    groups = rng.integers(0, 2, rows)
    ours = score(walkable(forest), values, groups)
    for row in range(rows):
        expected = oracle.score(forest, int(groups[row]), values[row].tolist())
        assert ours[row] == pytest.approx(expected, abs=1e-12)
