"""Walking isolation forests. Oracle: tests/oracles/forest.py, and scikit-learn itself."""

from typing import Any

import numpy as np

from appliance.kernels.jit import i64, inline, kernel, u64

f64: Any = np.float64


@inline
def path_length(forest: Any, root: int, rows: Any, row: int) -> float:
    """Return how deep one row ends in one tree, with what a leaf of many rows would still take."""
    at = i64(root)
    node = forest.nodes[u64(at)]
    while node.feature >= 0:
        small = rows[u64(row), u64(node.feature)] <= node.threshold
        at = at + 1 if small else i64(node.right)
        node = forest.nodes[u64(at)]
    return f64(node.depth) + f64(forest.lengths[u64(node.right)])


@inline
def score_row(forest: Any, group: int, rows: Any, row: int) -> float:
    """Return the mean score of a group's members for one row: 0..1, larger = easier to isolate.

    The score of a member is that of Liu, Ting and Zhou, "Isolation Forest" (2008).
    """
    first = i64(forest.groups[u64(group)])
    end = i64(forest.groups[u64(group + 1)])
    total = 0.0
    for number in range(first, end):
        member = forest.members[u64(number)]
        root = i64(member.first)
        trees = i64(member.trees)
        depth = 0.0
        for tree in range(root, root + trees):
            depth += path_length(forest, i64(forest.roots[u64(tree)]), rows, row)
        # a forest of single rows has nothing to divide by: everything is as odd as can be
        share = depth / (f64(trees) * member.norm) if member.norm > 0.0 else 1.0
        total += 2.0 ** (-share)
    return total / f64(end - first)


@kernel
def score_rows(forest: Any, rows: Any, groups: Any, out: Any) -> None:
    """Score every row with the group of forests meant for it.

    forest : model.forest.Forest, checked by learn.forest.check_forest
    rows : float32 (n, features), finite;  groups : int32 (n,);  out : float64 (n,)
    cost : about 50 ns a tree and row, no allocation
    """
    for row in range(rows.shape[0]):
        out[u64(row)] = score_row(forest, i64(groups[u64(row)]), rows, row)
