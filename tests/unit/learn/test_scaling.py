"""Scaling: a few wild rows change nothing, less than usual is not suspicious."""

import numpy as np

from appliance.learn.scaling import apply_scaling, fit_scaling


def test_wild_rows_hardly_move_what_is_usual() -> None:
    values = np.random.default_rng(1).normal(5, 1, (1_000, 2)).astype(np.float32)
    before = fit_scaling(values)
    values[:150, 0] = 1e6
    after = fit_scaling(values)
    assert np.abs(after[0] - before[0]).max() < 0.4
    assert np.abs(after[1] - before[1]).max() < 0.5


def test_a_feature_that_is_nearly_always_0_has_a_spread() -> None:
    values = np.zeros((100, 2), np.float32)
    values[:20, 1] = 3
    middle, spread = fit_scaling(values)
    assert middle.tolist() == [0, 0]
    assert spread.tolist() == [0.5, 3]


def test_less_than_usual_is_usual_and_order_is_kept() -> None:
    middle, spread = np.array([2, 0], np.float32), np.array([1, 0.5], np.float32)
    values = np.array([[0, 0], [2, 1], [3, 2], [np.nan, np.inf]], np.float32)
    assert apply_scaling(values, middle, spread).tolist() == [[0, 0], [0, 2], [1, 4], [0, 1e6]]
