"""Forests in memory: checked, joined, scored."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.model.forest import MEMBER_DTYPE, NODE_DTYPE, Forest

_FIELDS = {
    "nodes": NODE_DTYPE,
    "roots": np.dtype("<i4"),
    "members": MEMBER_DTYPE,
    "groups": np.dtype("<i4"),
}


def path_lengths(rows: int) -> NDArray[np.float64]:
    """Return the mean path length of an isolation tree of 0 .. rows rows.

    The formula is scikit-learn's, so that scores agree to the last digits.
    """
    lengths = np.zeros(max(rows + 1, 3))
    lengths[2] = 1.0
    n = np.arange(3, len(lengths), dtype=np.float64)
    lengths[3:] = 2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n
    return lengths


def join_forests(groups: Sequence[Sequence[Forest]]) -> Forest:
    """Return one forest whose group i holds the members of `groups[i]`."""
    parts = [part for group in groups for part in group]
    nodes_before = np.cumsum([0, *(len(part.nodes) for part in parts)])
    roots_before = np.cumsum([0, *(len(part.roots) for part in parts)])
    nodes = np.concatenate([part.nodes for part in parts])
    members = np.concatenate([part.members for part in parts])
    inner = nodes["feature"] >= 0
    moved = np.repeat(nodes_before[:-1], [len(part.nodes) for part in parts])
    nodes["right"] = np.where(inner, nodes["right"] + moved, nodes["right"])
    members["first"] += np.repeat(roots_before[:-1], [len(part.members) for part in parts])
    roots = [part.roots + before for part, before in zip(parts, nodes_before[:-1], strict=True)]
    counts = [sum(len(part.members) for part in group) for group in groups]
    return Forest(
        nodes,
        np.concatenate(roots).astype(np.int32),
        members,
        np.cumsum([0, *counts]).astype(np.int32),
        max((part.lengths for part in parts), key=len),
    )


def forest_arrays(forest: Forest) -> dict[str, NDArray[Any]]:
    """Return what a model file keeps of a forest."""
    return {name: getattr(forest, name) for name in _FIELDS}


def read_forest(arrays: dict[str, NDArray[Any]], features: int) -> Forest:
    """Return the forest of a model file, safe to be walked.

    features : columns of the rows it is meant for
    Raises DataError if walking it could leave the arrays or never end.
    """
    made: dict[str, Any] = {}
    for name, dtype in _FIELDS.items():
        array = arrays.get(name)
        if array is None or array.dtype != dtype or array.ndim != 1 or not len(array):
            raise DataError(f"the forest's {name} are missing or of another type")
        made[name] = np.ascontiguousarray(array)
    leaves = made["nodes"]["feature"] < 0
    rows = made["nodes"]["right"][leaves]
    if not len(rows) or rows.min() < 0 or rows.max() > 65_536:
        raise DataError("the forest's leaves are damaged")
    forest = Forest(**made, lengths=path_lengths(int(rows.max())))
    check_forest(forest, features)
    return forest


def check_forest(forest: Forest, features: int) -> None:
    """Raise DataError unless every walk goes forward, stays in its tree and ends in a leaf."""
    nodes, roots, members, groups = forest.nodes, forest.roots, forest.members, forest.groups
    ends = np.append(roots[1:], len(nodes))
    sizes = ends - roots
    index = np.arange(len(nodes))
    inner = nodes["feature"] >= 0
    problems = {
        "roots": roots[0] != 0 or bool((sizes < 1).any()),
        "features": bool((nodes["feature"] >= features).any()),
        "thresholds": not bool(np.isfinite(nodes["threshold"]).all()),
        "members": _are_bad_runs(members["first"], members["trees"], len(roots))
        or not bool(np.isfinite(members["norm"]).all()),
        "groups": groups[0] != 0 or groups[-1] != len(members) or bool((np.diff(groups) < 1).any()),
    }
    if not problems["roots"]:
        last = np.repeat(ends, sizes)
        # the left child is the next node, the right one lies behind it
        problems["children"] = bool(
            (inner & ((nodes["right"] <= index + 1) | (nodes["right"] >= last))).any()
        ) or bool(inner[ends - 1].any())
    if bad := [name for name, found in problems.items() if found]:
        raise DataError(f"the forest's {bad[0]} are damaged")


def _are_bad_runs(first: NDArray[Any], count: NDArray[Any], length: int) -> bool:
    ends = first.astype(np.int64) + count
    return bool((first < 0).any() or (count < 1).any() or (ends > length).any())
