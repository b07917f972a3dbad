"""Whether the network still behaves as it did when a model was trained.

Measure: population stability index (Siddiqi, "Credit Risk Scorecards", 2006), by custom below
0.1 no change, above 0.25 a large one.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.learn.hostmodel import FEATURES, HostModel

BINS = 8
LARGE = 0.25
_FLOOR = 0.005  # share taken for an empty bin
_ENOUGH = 300  # rows before anything is said
_MANY = 3  # features that drift before it is the network and not one new habit


class DriftReport(msgspec.Struct, frozen=True, kw_only=True):
    """How far recent windows are from those a model was trained on."""

    rows: int = 0
    score: float = 0.0  # index of the scores
    features: dict[str, float] = {}  # index of each feature
    drifted: bool = False
    note: str = ""


def bin_edges(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the edges between BINS bins of each column, equally full where values differ.

    values : (n, columns);  returns : float32 (columns, BINS - 1)
    """
    edges: NDArray[np.float64] = np.quantile(values, np.arange(1, BINS) / BINS, axis=0)
    return np.ascontiguousarray(edges.T, np.float32)


def count_bins(values: NDArray[Any], edges: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return how many rows fall in each bin of each column, (columns, BINS)."""
    counts = np.zeros((len(edges), edges.shape[1] + 1), np.int64)
    for column, own in enumerate(edges):
        # equal edges, as of a feature that is mostly 0, leave bins empty in both samples
        at = np.searchsorted(own, values[:, column].astype(np.float32), side="left")
        counts[column] = np.bincount(at, minlength=counts.shape[1])
    return counts


def stability_index(before: NDArray[Any], now: NDArray[Any]) -> NDArray[np.float64]:
    """Return the index of each column; both are shares or counts, (columns, bins)."""
    p, q = (
        np.maximum(part / np.maximum(part.sum(1, keepdims=True), 1e-9), _FLOOR)
        for part in (before.astype(np.float64), now.astype(np.float64))
    )
    index: NDArray[np.float64] = ((p - q) * np.log(p / q)).sum(1)
    return index


class DriftWatch:
    """Counts the windows since a model was taken into use. Constant memory."""

    def __init__(self, model: HostModel) -> None:
        self._model = model
        self._counts = np.zeros(model.shares.shape, np.int64)

    def add(self, values: NDArray[np.float32], scores: NDArray[Any]) -> None:
        """Count windows. values : (n, features) unscaled;  scores : (n,)."""
        both = np.column_stack([values, scores])
        self._counts += count_bins(both, self._model.edges)

    def report(self) -> DriftReport:
        """Return what has changed so far."""
        rows = int(self._counts[-1].sum())
        if rows < _ENOUGH:
            return DriftReport(rows=rows, note=f"{rows} windows are too few to tell")
        index = stability_index(self._model.shares, self._counts)
        features = dict(zip(FEATURES, np.round(index[:-1], 3).tolist(), strict=True))
        moved = [name for name, value in features.items() if value > LARGE]
        drifted = len(moved) >= _MANY or float(index[-1]) > LARGE
        return DriftReport(
            rows=rows,
            score=round(float(index[-1]), 3),
            features=features,
            drifted=drifted,
            note=f"changed since training: {', '.join(moved) or 'the scores'}" if drifted else "",
        )
