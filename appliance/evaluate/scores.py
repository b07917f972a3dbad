"""Measures of a ranking and of a decision. Oracle in the tests: scikit-learn."""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """How often a yes was right. Shares are None where nothing was there to be found or said."""

    found: int = 0  # said yes, and it was
    false: int = 0  # said yes, and it was not
    missed: int = 0  # said no, and it was
    precision: float | None = None
    recall: float | None = None
    f1: float | None = None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """How well a score puts the bad before the good. None if one of the two is not there."""

    bad: int = 0
    good: int = 0
    roc_auc: float | None = None
    average_precision: float | None = None


def decide(found: int, false: int, missed: int) -> Decision:
    """Return the shares of three counts."""
    said, there = found + false, found + missed
    return Decision(
        found=found,
        false=false,
        missed=missed,
        precision=found / said if said else None,
        recall=found / there if there else None,
        f1=2 * found / (said + there) if said + there else None,
    )


def rank(bad: NDArray[np.bool_], score: NDArray[Any]) -> Ranking:
    """Return both areas for a score that is larger for the bad; (n,) each."""
    there = int(bad.sum())
    return Ranking(
        bad=there,
        good=len(bad) - there,
        roc_auc=roc_auc(bad, score),
        average_precision=average_precision(bad, score),
    )


def roc_auc(bad: NDArray[np.bool_], score: NDArray[Any]) -> float | None:
    """Return the chance that a bad one has a larger score than a good one; ties count half."""
    there = int(bad.sum())
    good = len(bad) - there
    if there == 0 or good == 0:
        return None
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    # the middle of the ranks that equal scores share, from 1
    middle = np.cumsum(counts) - (counts - 1) / 2
    ranks = float(middle[place][bad].sum())
    return (ranks - there * (there + 1) / 2) / (there * good)


def average_precision(bad: NDArray[np.bool_], score: NDArray[Any]) -> float | None:
    """Return the sum over all thresholds of precision times the gain in recall."""
    there = int(bad.sum())
    if there == 0 or there == len(bad):
        return None
    order = np.argsort(-np.asarray(score, np.float64), kind="stable")
    sorted_score, hits = np.asarray(score)[order], bad[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(sorted_score)), len(hits) - 1)
    found = np.cumsum(hits)[last_of_tie]
    precision = found / (last_of_tie + 1)
    return float((precision * np.diff(found, prepend=0)).sum() / there)
