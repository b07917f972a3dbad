"""Scoring in numpy alone, for the training process, which loads no compiler."""

import numpy as np
from numpy.typing import NDArray

from appliance.model.forest import Forest


def score_plain(
    forest: Forest, rows: NDArray[np.float32], groups: NDArray[np.int32]
) -> NDArray[np.float64]:
    """Return what learn.walk.score returns, all rows of a group a step at a time."""
    out = np.zeros(len(rows))
    for group in np.unique(groups).tolist():
        chosen = np.flatnonzero(groups == group)
        members = forest.members[forest.groups[group] : forest.groups[group + 1]]
        for member in members:
            roots = forest.roots[member["first"] : member["first"] + member["trees"]]
            depth = sum((_depths(forest, rows[chosen], int(root)) for root in roots), np.zeros(1))
            norm = len(roots) * float(member["norm"])
            out[chosen] += 2.0 ** -(depth / norm if norm > 0 else np.ones(len(chosen)))
        out[chosen] /= len(members)
    return out


def _depths(forest: Forest, rows: NDArray[np.float32], root: int) -> NDArray[np.float64]:
    nodes = forest.nodes
    at = np.full(len(rows), root)
    moving = np.arange(len(rows))
    while len(moving):
        here = nodes[at[moving]]
        inner = here["feature"] >= 0
        moving, here = moving[inner], here[inner]
        small = rows[moving, here["feature"]] <= here["threshold"]
        at[moving] = np.where(small, at[moving] + 1, here["right"])
    leaves = nodes[at]
    found: NDArray[np.float64] = leaves["depth"] + forest.lengths[leaves["right"]]
    return found
