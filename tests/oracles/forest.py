"""An isolation forest walked one row at a time, as the paper says."""

import math
from typing import Any

from appliance.model.forest import Forest


def mean_path(rows: int) -> float:
    """Return the mean path length of an unsuccessful search in a binary tree of n rows."""
    if rows <= 1:
        return 0.0
    if rows == 2:
        return 1.0
    euler = 0.5772156649015329
    return 2.0 * (math.log(rows - 1.0) + euler) - 2.0 * (rows - 1.0) / rows


def walk(forest: Forest, root: int, row: list[float]) -> float:
    """Return the path length of a row in one tree."""
    node: Any = forest.nodes[root]
    if node["feature"] < 0:
        return float(node["depth"]) + mean_path(int(node["right"]))
    small = row[int(node["feature"])] <= float(node["threshold"])
    return walk(forest, root + 1 if small else int(node["right"]), row)


def score(forest: Forest, group: int, row: list[float]) -> float:
    """Return the mean over the group's members of 2^(-E(h) / c)."""
    members = forest.members[forest.groups[group] : forest.groups[group + 1]]
    total = 0.0
    for member in members:
        roots = forest.roots[member["first"] : member["first"] + member["trees"]]
        mean = sum(walk(forest, int(root), row) for root in roots) / len(roots)
        norm = float(member["norm"])
        total += 2.0 ** (-mean / norm) if norm > 0 else 0.5
    return total / len(members)
