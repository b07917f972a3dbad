"""What fitting leaves behind."""

import numpy as np

from appliance.learn.fit import fit_forest
from appliance.learn.walk import score, walkable


def test_the_same_data_and_seed_give_the_same_forest() -> None:
    rows = np.random.default_rng(1).normal(size=(300, 4)).astype(np.float32)
    one, other = (fit_forest(rows, trees=8, seed=5, trim=0.15) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not np.array_equal(one.nodes, fit_forest(rows, trees=8, seed=6, trim=0.15).nodes)


def test_trimming_keeps_contamination_from_defining_what_is_normal() -> None:
    rng = np.random.default_rng(1)
    good = rng.normal(size=(300, 3)).astype(np.float32)
    bad = (rng.normal(size=(30, 3)) * 0.1 + 6).astype(np.float32)  # a tight cluster: "dense"
    rows = np.vstack([good, bad])
    trimmed = score(walkable(fit_forest(rows, trees=40, seed=1, trim=0.15)), rows)
    plain = score(walkable(fit_forest(rows, trees=40, seed=1)), rows)
    assert trimmed[300:].min() > np.quantile(trimmed[:300], 0.98)
    assert trimmed[300:].mean() - trimmed[:300].mean() > plain[300:].mean() - plain[:300].mean()


def test_rows_that_are_all_equal_are_no_reason_to_fail() -> None:
    rows = np.ones((50, 3), np.float32)
    scores = score(walkable(fit_forest(rows, trees=5, seed=1, trim=0.15)), rows)
    assert np.ptp(scores) == 0
