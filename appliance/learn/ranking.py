"""Comparing orders: ranks, their correlation, the area under the ROC curve."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return the rank of each value from 1, ties share their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: NDArray[np.float64] = (ends - (counts - 1) / 2)[inverse]
    return means


def rank_correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return Spearman's correlation; 0 where one side is constant."""
    a, b = ranks(one), ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0 else 0.0


def auc(bad: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Return the chance that a bad row scores above a good one; needs both kinds."""
    n = int(bad.sum())
    total = float(ranks(scores)[bad].sum())
    return (total - n * (n + 1) / 2) / (n * (len(bad) - n))
