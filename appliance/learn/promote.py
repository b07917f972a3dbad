"""Whether a newly trained model may take the place of the current one.

Both score what came last, in the shadow: nobody is told. A candidate is refused if it says the
same of everything, if it would raise far more alarms than the budget, if it sees the network
entirely differently without the network having changed, or if it is worse at what people have
confirmed to be bad.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.learn.flowkey import features_of, without_service
from appliance.learn.flowmodel import FlowModel
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import HostScorer
from appliance.learn.ranking import auc, rank_correlation
from appliance.learn.walk import score, walkable

LEAST_SPREAD = 1e-3  # standard deviation of scores, 0..1
MOST_ALARMS = 3.0  # times the budget
FREE_ALARMS = 2.0  # a day, on top: small numbers vary
LEAST_AGREEMENT = 0.25  # rank correlation with the current model
AUC_SLACK = 0.05
LEAST_BAD = 5  # windows confirmed as bad before they count
_ENOUGH = 30  # rows before agreement is asked for
_DAY_S = 86_400.0


class Recent(NamedTuple):
    """The newest windows, and which of them people have confirmed to be bad."""

    hi: NDArray[np.uint64]
    lo: NDArray[np.uint64]
    start_s: NDArray[np.float64]
    values: NDArray[np.float32]  # (n, FEATURES), unscaled
    bad: NDArray[np.bool_]


class Verdict(NamedTuple):
    """What the comparison found."""

    promoted: bool
    reason: str
    figures: dict[str, float]


def compare_hosts(
    candidate: HostModel,
    current: HostModel | None,
    recent: Recent,
    budget: float,
    *,
    drifted: bool = False,
) -> Verdict:
    """Compare two models of host windows.

    budget : anomalies a day.  drifted : the network has changed, so disagreement is no fault.
    """
    new = HostScorer(candidate).score(recent.hi, recent.lo, recent.values).score
    days = max(float(np.ptp(recent.start_s)) / _DAY_S, 1.0)
    figures = {
        "spread": float(new.std()),
        "alarms_per_day": _count_alarms(new > candidate.threshold, recent) / days,
    }
    old = None
    allowed = MOST_ALARMS * budget + FREE_ALARMS
    if current is not None:
        old = HostScorer(current).score(recent.hi, recent.lo, recent.values).score
        figures["agreement"] = rank_correlation(new, old)
        figures["current_alarms_per_day"] = _count_alarms(old > current.threshold, recent) / days
        # a bad day is bad for both
        allowed = max(allowed, 1.5 * figures["current_alarms_per_day"])
    if recent.bad.sum() >= LEAST_BAD and not recent.bad.all():
        figures["auc"] = auc(recent.bad, new)
        if old is not None:
            figures["current_auc"] = auc(recent.bad, old)
    return _decide(figures, allowed, ask_agreement=len(new) >= _ENOUGH and not drifted)


def compare_flows(
    candidate: FlowModel,
    current: FlowModel | None,
    keys: NDArray[np.uint64],
    counts: NDArray[Any],
    share: float,
) -> Verdict:
    """Compare two models of flows.

    keys, counts : kinds of recent flows;  share : of them that shall be strange
    """
    new = score_keys(candidate, keys)
    total = float(counts.sum()) or 1.0
    figures = {
        "spread": float(new.std()),
        "alarms_per_day": float(counts[new > candidate.threshold].sum()) / total / share,
    }
    if current is not None:
        figures["agreement"] = rank_correlation(new, score_keys(current, keys))
    # in units of the budget
    return _decide(figures, MOST_ALARMS + FREE_ALARMS, ask_agreement=len(keys) >= _ENOUGH)


def score_keys(model: FlowModel, keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the score of each kind of flow."""
    seen = keys if model.services else without_service(keys)
    return score(walkable(model.forest), features_of(seen, model.rarity))


def _decide(figures: dict[str, float], allowed: float, *, ask_agreement: bool) -> Verdict:
    problem = ""
    if not figures["spread"] >= LEAST_SPREAD:
        problem = "it says the same of everything"
    elif figures["alarms_per_day"] > allowed:
        problem = f"{figures['alarms_per_day']:.1f} alarms a day where {allowed:.1f} are allowed"
    elif figures.get("auc", 1.0) < figures.get("current_auc", 0.0) - AUC_SLACK:
        problem = (
            f"it ranks confirmed cases worse: {figures['auc']:.2f} instead of "
            f"{figures['current_auc']:.2f}"
        )
    elif ask_agreement and figures.get("agreement", 1.0) < LEAST_AGREEMENT:
        problem = (
            f"it disagrees with the current model: rank correlation {figures['agreement']:.2f}"
        )
    rounded = {name: round(value, 4) for name, value in figures.items()}
    if problem:
        return Verdict(promoted=False, reason=f"not promoted: {problem}", figures=rounded)
    how = "as good as the current one" if "agreement" in figures else "the first one"
    return Verdict(promoted=True, reason=f"promoted: {how}", figures=rounded)


def _count_alarms(strange: NDArray[np.bool_], recent: Recent) -> int:
    """Count hosts with a strange window, once a day."""
    day = np.floor(recent.start_s / _DAY_S).astype(np.uint64)
    rows = np.column_stack([recent.hi, recent.lo, day])[strange]
    return len(np.unique(rows, axis=0))
