"""Training the model of flows. Runs in the training process only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.learn.calibrate import share_threshold
from appliance.learn.fit import fit_forest
from appliance.learn.flowkey import column, features_of, make_rarity, without_service
from appliance.learn.flowmodel import FlowModel
from appliance.learn.forest import join_forests
from appliance.learn.plainwalk import score_plain
from appliance.model.flowkey import SERVICE

SEEDS = 3
TREES = 34  # of each seed
TRIM = 0.15
MOST_ROWS = 60_000


class FlowKinds(NamedTuple):
    """A census of flows: each key and how often it occurred, a host counting once an hour."""

    keys: NDArray[np.uint64]
    counts: NDArray[np.float64]


def fit_flows(kinds: FlowKinds, share: float) -> FlowModel:
    """Return a model.  share : of the flows, that shall exceed the threshold."""
    keys, counts = kinds
    services = bool(column(keys, SERVICE).any())
    keys = keys if services else without_service(keys)
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    rarity = make_rarity(keys, counts)
    features = features_of(keys, rarity)
    drawn = _draw(counts)
    parts = [
        fit_forest(features[drawn], trees=TREES, seed=seed, trim=TRIM) for seed in range(SEEDS)
    ]
    forest = join_forests([parts])
    scores = score_plain(forest, features, np.zeros(len(keys), np.int32))
    return FlowModel(
        forest,
        rarity,
        np.median(features[drawn], axis=0).astype(np.float32),
        share_threshold(scores, counts, share),
        services,
    )


def _draw(counts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return rows, each as often as it occurred, thinned evenly to MOST_ROWS."""
    total = counts.sum()
    wanted = int(min(total, MOST_ROWS))
    places = (np.arange(wanted) + 0.5) * (total / wanted)
    rows: NDArray[np.int64] = np.searchsorted(np.cumsum(counts), places)
    return rows
