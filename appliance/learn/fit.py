"""Fitting forests with scikit-learn. Imported by the training process only.

The library costs 75 MB and holds the interpreter for milliseconds at a time, which a daemon that
answers an API does not want.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import IsolationForest

from appliance.errors import DataError
from appliance.learn.forest import path_lengths
from appliance.model.forest import MEMBER_DTYPE, NODE_DTYPE, Forest


def fit_forest(
    rows: NDArray[np.float32],
    *,
    trees: int,
    seed: int,
    sample: int = 256,
    trim: float = 0.0,
) -> Forest:
    """Return a forest of one group and one member.

    trim : share of the rows, the strangest, that a second fit leaves out. What is strange in a
        first look would otherwise help to define what is normal.
    """
    fitted = _fit(rows, trees, seed, sample)
    if trim > 0:
        scores = fitted.score_samples(rows)
        kept = rows[scores > np.quantile(scores, trim)]
        # many equal rows can all be on the border
        if len(kept) >= max(8, len(rows) // 2):
            fitted = _fit(kept, trees, seed, sample)
    return flatten(fitted)


def _fit(rows: NDArray[np.float32], trees: int, seed: int, sample: int) -> IsolationForest:
    forest = IsolationForest(
        n_estimators=trees, max_samples=min(sample, len(rows)), random_state=seed
    )
    forest.fit(rows)
    return forest


def flatten(fitted: Any) -> Forest:
    """Return a fitted IsolationForest as arrays.

    Values are float32 and thresholds float64 there; a threshold rounded down to float32 parts the
    same values.
    """
    trees = [one.tree_ for one in fitted.estimators_]
    if any(list(columns) != list(range(fitted.n_features_in_))
           for columns in fitted.estimators_features_):  # fmt: skip
        raise DataError("forests over part of the features are not understood")
    nodes = np.concatenate([_flatten_tree(tree) for tree in trees])
    roots = np.cumsum([0, *(tree.node_count for tree in trees)])
    inner = nodes["feature"] >= 0
    moved = np.repeat(roots[:-1], np.diff(roots))
    nodes["right"] = np.where(inner, nodes["right"] + moved, nodes["right"])
    lengths = path_lengths(int(fitted.max_samples_))
    members = np.array([(0, len(trees), lengths[int(fitted.max_samples_)])], MEMBER_DTYPE)
    groups = np.array([0, 1], np.int32)
    return Forest(nodes, roots[:-1].astype(np.int32), members, groups, lengths)


def _flatten_tree(tree: Any) -> NDArray[Any]:
    nodes = np.zeros(tree.node_count, NODE_DTYPE)
    inner = tree.children_left >= 0
    if not np.array_equal(tree.children_left[inner], np.flatnonzero(inner) + 1):
        raise DataError("scikit-learn no longer stores its trees in preorder")
    exact = tree.threshold
    rounded = exact.astype(np.float32)
    down = np.where(rounded > exact, np.nextafter(rounded, np.float32(-np.inf)), rounded)
    nodes["feature"] = np.where(inner, tree.feature, -1)
    nodes["depth"] = tree.compute_node_depths() - 1
    nodes["right"] = np.where(inner, tree.children_right, tree.n_node_samples)
    nodes["threshold"] = np.where(inner, down, 0)
    return nodes
