"""Scores and reasons for host windows."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.learn.hostmodel import COLUMNS, FEATURES, GRID, HostModel
from appliance.learn.scaling import apply_scaling
from appliance.learn.walk import score, walkable
from appliance.model.forest import Forest
from appliance.model.window import WindowBatch

MODEL_SHARE = 0.3  # how far the model's rank alone is believed: a weak witness


class HostScores(NamedTuple):
    """What the model says of each window; all (n,)."""

    score: NDArray[np.float64]  # 0..1, larger = stranger among the hosts here
    rank: NDArray[np.float32]  # share of the training windows that were less strange
    known: NDArray[np.int64]  # number of the host in the model, -1 unknown
    own: NDArray[np.float64]  # score among its own past, NaN without enough of it
    unusual: NDArray[np.bool_]  # stands out of its own past; True for hosts without one
    has_past: NDArray[np.bool_]  # there is enough of it to say so
    strange: NDArray[np.bool_]  # above the threshold


class Reason(NamedTuple):
    """One feature's part in a score."""

    feature: str
    share: float  # by how much the score falls when it takes its usual value
    value: float
    usual: float  # the host's median; of all hosts where it is not known


class HostScorer:
    """One model of host windows, in use."""

    def __init__(self, model: HostModel) -> None:
        self.model = model
        self._forest: Forest = walkable(model.forest)
        addresses = zip(model.host_hi.tolist(), model.host_lo.tolist(), strict=True)
        self._number = {address: number for number, address in enumerate(addresses)}

    def score(
        self, hi: NDArray[np.uint64], lo: NDArray[np.uint64], values: NDArray[np.float32]
    ) -> HostScores:
        """Score windows. hi, lo : addresses (n,);  values : (n, FEATURES), unscaled."""
        model = self.model
        rows = apply_scaling(values, model.middle, model.spread)
        known = self._find(hi, lo)
        at = np.maximum(known, 0)
        if not len(model.host_hi):
            raise AssertionError("a model knows at least one host")
        groups = np.where(known >= 0, model.host_group[at], 0)
        scores = score(self._forest, rows, groups)
        own_group = np.where(known >= 0, model.host_own[at], -1)
        own = np.full(len(rows), np.nan)
        mine = np.flatnonzero(own_group >= 0)
        own[mine] = score(self._forest, rows[mine], own_group[mine])
        high = np.where(known >= 0, model.host_high[at], np.nan)
        stands_out = (scores > high) | (own > model.own_high[at])
        return HostScores(
            score=scores,
            rank=np.interp(scores, model.ranks, GRID).astype(np.float32),
            known=known,
            own=own,
            unusual=np.isnan(high) | stands_out,
            has_past=~np.isnan(high),
            strange=scores > model.threshold,
        )

    def explain(self, known: int, values: NDArray[np.float32], most: int = 4) -> list[Reason]:
        """Return what made the score of one window, strongest first.

        known : the host's number, -1 unknown;  values : (FEATURES,) unscaled
        """
        model = self.model
        usual = model.host_usual[known] if known >= 0 else model.middle
        # a host that is always loud explains nothing by being quieter than itself
        usual = np.minimum(usual, values)
        rows = np.repeat(values[None, :], len(FEATURES) + 1, axis=0)
        index = np.arange(len(FEATURES))
        rows[index + 1, index] = usual
        group = int(model.host_group[known]) if known >= 0 else 0
        scaled = apply_scaling(rows, model.middle, model.spread)
        scores = score(self._forest, scaled, group)
        falls = scores[0] - scores[1:]
        return [
            Reason(FEATURES[i], float(falls[i]), float(values[i]), float(usual[i]))
            for i in np.argsort(-falls, kind="stable")[:most].tolist()
            if falls[i] > 0
        ]

    def _find(self, hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.int64]:
        pairs = zip(hi.tolist(), lo.tolist(), strict=True)
        return np.array([self._number.get(pair, -1) for pair in pairs], np.int64)


def features_of_windows(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return the columns models are trained on. values : (n, model.window.FEATURES)."""
    return np.ascontiguousarray(values[:, COLUMNS], np.float32)


def complete(batch: WindowBatch, scores: HostScores | None) -> WindowBatch:
    """Return the windows with the model's rank and the combined score.

    Without a model the evidence score stands alone.
    """
    if scores is None:
        return batch._replace(
            model=np.full(len(batch.evidence), -1, np.float32), score=batch.evidence.copy()
        )
    both = 1 - (1 - batch.evidence) * (1 - MODEL_SHARE * scores.rank)
    return batch._replace(model=scores.rank, score=both.astype(np.float32))
