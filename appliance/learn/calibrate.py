"""Thresholds from a budget: so many anomalies a day, whatever the scores look like."""

import numpy as np
from numpy.typing import NDArray

_DAY_S = 86_400.0
_ABOVE = 1.02  # a threshold above everything seen stands this much above it


def day_threshold(
    scores: NDArray[np.float64],
    host: NDArray[np.int64],
    start_s: NDArray[np.float64],
    budget: float,
) -> float:
    """Return the score above which about `budget` hosts a day would have stood.

    A host counts once a day with its strangest window: it is one finding however long it lasts,
    and a machine that is bad all day does not push the threshold above what it does.
    """
    day = np.floor((start_s - start_s.min()) / _DAY_S).astype(np.int64)
    days = max(float(start_s.max() - start_s.min()) / _DAY_S, 1.0)
    order = np.lexsort((scores, day, host))
    last = np.append((np.diff(host[order]) != 0) | (np.diff(day[order]) != 0), True)
    worst = np.sort(scores[order][last])[::-1]
    return _between(worst, round(budget * days))


def share_threshold(
    scores: NDArray[np.float64], counts: NDArray[np.float64], share: float
) -> float:
    """Return the score that `share` of the rows exceed; `counts` says how often each occurred."""
    order = np.argsort(-scores, kind="stable")
    above = np.cumsum(counts[order])
    return _between(scores[order], int(np.searchsorted(above, share * above[-1], side="right")))


def _between(falling: NDArray[np.float64], place: int) -> float:
    """Return a value that the first `place` of falling scores exceed, halfway to the next."""
    if place <= 0:
        return float(falling[0]) * _ABOVE
    if place >= len(falling):
        return float(falling[-1])
    return float(falling[place - 1] + falling[place]) / 2
