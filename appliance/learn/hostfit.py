"""Training the model of host windows. Runs in the training process only."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.learn import hostmodel as form
from appliance.learn.calibrate import day_threshold
from appliance.learn.drift import bin_edges, count_bins
from appliance.learn.fit import fit_forest
from appliance.learn.forest import join_forests
from appliance.learn.plainwalk import score_plain
from appliance.learn.scaling import apply_scaling, fit_scaling
from appliance.model.forest import Forest

SEEDS = 3  # forests whose scores are averaged: one alone depends on its luck
PER_HOST = 24  # windows of one host in a fit, so that the busiest does not define "normal"
ALONE = 20  # up to so many hosts each is left out alone; above, a tenth of them at a time
FOLDS = 10
TREES = 960  # of all folds together: decides memory (about 3 kB each)
# Share of the strangest rows left out of the forest of all, the judged host's among them. Where he
# is absent nothing is left out: it would cost resolution at the strange end (ROC-AUC .95 instead
# of .98 on a day of 56 hosts) and gain .01 with three of ten hosts infected.
TRIM_ALL = 0.15
TRIM_OWN = 0.05
ANCHORS = 0.01  # see add_anchors: of the rows, for each feature
ANCHOR_REACH = 10.0  # spreads
OWN_HOSTS = 64  # forests for single hosts, most windows first
OWN_DAYS = 3.0  # of history before a host gets one
OWN_WINDOWS = 100
OWN_TREES = 40
OWN_SAMPLE = 128
_DAY_S = 86_400.0


class Windows(NamedTuple):
    """Fingerprints to train on."""

    hi: NDArray[np.uint64]  # (n,) address of the host
    lo: NDArray[np.uint64]
    start_s: NDArray[np.float64]
    values: NDArray[np.float32]  # (n, FEATURES), unscaled, finite


def fit_hosts(windows: Windows, budget: float, trees: int = TREES) -> form.HostModel:
    """Return a model.

    budget : anomalies a day that the threshold is set to.  trees : of all folds together
    """
    addresses = np.column_stack([windows.hi, windows.lo])
    known, host = np.unique(addresses, axis=0, return_inverse=True)
    host = host.reshape(-1)
    balanced = pick_balanced(host, seed=0)
    middle, spread = fit_scaling(windows.values[balanced])
    rows = apply_scaling(windows.values, middle, spread)
    fold = np.arange(len(known)) % (len(known) if len(known) <= ALONE else FOLDS)
    groups = _fit_folds(rows, host, fold, trees)
    forest = join_forests(groups)
    host_group = (fold + 1).astype(np.int32)
    scores = score_plain(forest, rows, host_group[host])
    own = _fit_own(rows, host, windows.start_s)
    own_index = np.full(len(known), -1, np.int32)
    for number, one in enumerate(own):
        own_index[one] = len(groups) + number
    forest = join_forests([*groups, *([part] for part in own.values())])
    both = np.column_stack([windows.values, scores])
    edges = bin_edges(both[balanced])
    return form.HostModel(
        forest=forest,
        middle=middle,
        spread=spread,
        ranks=np.quantile(scores[balanced], form.GRID).astype(np.float32),
        edges=edges,
        shares=(count_bins(both[balanced], edges) / len(balanced)).astype(np.float32),
        host_hi=np.ascontiguousarray(known[:, 0]),
        host_lo=np.ascontiguousarray(known[:, 1]),
        host_group=host_group,
        host_own=own_index,
        host_high=_own_quantiles(scores, host, windows.start_s, len(known)),
        own_high=_own_forest_quantiles(forest, rows, host, own_index),
        host_usual=_usual(windows.values, host, len(known)),
        threshold=day_threshold(scores, host, windows.start_s, budget),
    )


def pick_balanced(host: NDArray[np.int64], seed: int, most: int = PER_HOST) -> NDArray[np.int64]:
    """Return rows, at most `most` of each host, drawn by lot, in their order."""
    lot = np.random.default_rng(seed).permutation(len(host))
    order = lot[np.argsort(host[lot], kind="stable")]
    grouped = host[order]
    first = np.searchsorted(grouped, grouped, side="left")
    return np.sort(order[np.arange(len(order)) - first < most])


def _fit_folds(
    rows: NDArray[np.float32], host: NDArray[np.int64], fold: NDArray[np.int64], total: int
) -> list[list[Forest]]:
    """Return the members of the forest of all, then those of each fold left out."""
    folds = int(fold.max()) + 1
    trees = max(10, total // (folds * SEEDS))
    groups: list[list[Forest]] = [[] for _ in range(folds + 1)]
    for seed in range(SEEDS):
        chosen = pick_balanced(host, seed)
        groups[0].append(
            fit_forest(add_anchors(rows[chosen], seed), trees=2 * trees, seed=seed, trim=TRIM_ALL)
        )
        for left_out in range(folds):
            seen = chosen[fold[host[chosen]] != left_out]
            if not len(seen):  # a network of one host has nobody else to compare with
                seen = chosen
            number = 1 + seed * folds + left_out
            one = fit_forest(add_anchors(rows[seen], number), trees=trees, seed=number)
            groups[left_out + 1].append(one)
    return groups


def add_anchors(rows: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Return the rows and some copies of them in which one feature is large, each in turn.

    A forest never splits on a feature that was constant in training: where nobody ever scanned, a
    scan would go unseen.
    """
    rng = np.random.default_rng(seed)
    features = rows.shape[1]
    each = max(1, round(ANCHORS * len(rows)))
    made = rows[rng.integers(0, len(rows), features * each)].copy()
    column = np.repeat(np.arange(features), each)
    made[np.arange(len(made)), column] = rng.uniform(0, ANCHOR_REACH, len(made))
    return np.vstack([rows, made])


def _fit_own(
    rows: NDArray[np.float32], host: NDArray[np.int64], start_s: NDArray[np.float64]
) -> dict[int, Forest]:
    """Return a forest for each host with enough history, by number of host."""
    counts = np.bincount(host)
    made: dict[int, Forest] = {}
    for one in np.argsort(-counts, kind="stable").tolist():
        mine = np.flatnonzero(host == one)
        if len(made) == OWN_HOSTS or len(mine) < OWN_WINDOWS:
            break
        if start_s[mine].max() - start_s[mine].min() >= OWN_DAYS * _DAY_S:
            made[one] = fit_forest(
                add_anchors(rows[mine], one),
                trees=OWN_TREES,
                seed=0,
                sample=OWN_SAMPLE,
                trim=TRIM_OWN,
            )
    return made


def _own_quantiles(
    scores: NDArray[np.float64],
    host: NDArray[np.int64],
    start_s: NDArray[np.float64],
    hosts: int,
) -> NDArray[np.float32]:
    high = np.full(hosts, np.nan, np.float32)
    for one in np.flatnonzero(np.bincount(host, minlength=hosts) >= OWN_WINDOWS):
        mine = host == one
        if start_s[mine].max() - start_s[mine].min() >= OWN_DAYS * _DAY_S:
            high[one] = np.quantile(scores[mine], form.USUAL_OWN)
    return high


def _own_forest_quantiles(
    forest: Forest,
    rows: NDArray[np.float32],
    host: NDArray[np.int64],
    own: NDArray[np.int32],
) -> NDArray[np.float32]:
    high = np.full(len(own), np.nan, np.float32)
    for one in np.flatnonzero(own >= 0):
        mine = rows[host == one]
        scores = score_plain(forest, mine, np.full(len(mine), own[one], np.int32))
        high[one] = np.quantile(scores, form.USUAL_OWN)
    return high


def _usual(values: NDArray[np.float32], host: NDArray[np.int64], hosts: int) -> NDArray[np.float32]:
    order = np.argsort(host, kind="stable")
    parts = np.split(values[order], np.cumsum(np.bincount(host, minlength=hosts))[:-1])
    return np.array([np.median(part, axis=0) for part in parts], np.float32)
