"""Signals from models. A forest ranks and explains; alone it is never enough for an alert.

Weights in half decisions, as everywhere: 2.3 alone would be worth a low alert. A family agrees
with another from about 1.5 on. On real traffic a forest alone is near a coin toss, so only what
is strange among all hosts *and* for this host itself weighs as much as that.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.learn.flowscorer import FlowScorer, flow_keys
from appliance.learn.hostscorer import HostScorer, HostScores, features_of_windows
from appliance.learn.words import describe, describe_flow
from appliance.model.address import Address
from appliance.model.alert import Family, Signal, Term
from appliance.model.flow import Direction, EndReason, FlowBatch
from appliance.model.window import WindowBatch

STRANGE = 1.2  # strange among the hosts here, nothing known of its own past
UNLIKE_ITSELF = 1.0  # stands out of its own past only
BOTH = 1.6  # strange here and for itself: corroborates others
AGREED = 0.8  # on top of BOTH if the explicit evidence of the same window is strong
AGREES_FROM = 0.5  # evidence score of the window
FLOW = 0.8  # a strange flow
SOLO_SHARE = 0.85  # of alerts.low, the most a model reaches while nothing else agrees
HALF_LIFE_S = 7_200.0
MOST_WINDOWS = 8  # signals of one closed window, strangest first
MOST_FLOWS = 4  # signals of one batch
_REMEMBERED = 4_096  # (host, kind of flow) told already
_AGAIN_S = 86_400.0
_DAY_S = 86_400

FindAddress = Callable[[int, int], Address]


class JudgeStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start."""

    windows: int  # signals given
    flows: int
    flows_known: int  # strange flows of a kind this host was reported for already
    flows_over_budget: int


class Limits(NamedTuple):
    """What the configuration says."""

    low: float = 2.3  # alerts.low
    flows_per_day: float = 4.0  # strange flows told of


def judge_windows(
    batch: WindowBatch, scorer: HostScorer, find: FindAddress, low: float = Limits().low
) -> list[Signal]:
    """Return a signal for each strange window, strangest first.

    find : gives the interned address of two words
    """
    if not len(batch.hosts):
        return []
    values = features_of_windows(batch.values)
    scores = scorer.score(batch.hosts["hi"], batch.hosts["lo"], values)
    weights = weigh_windows(scores, batch.evidence)
    weights[batch.hosts["inside"] == 0] = 0
    order = np.lexsort((-scores.score, -weights))
    chosen = [row for row in order[:MOST_WINDOWS].tolist() if weights[row] > 0]
    return [
        _window_signal(batch, row, float(weights[row]), _Found(scorer, scores, values), find, low)
        for row in chosen
    ]


def weigh_windows(scores: HostScores, evidence: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the weight of each window's strangeness, 0 for none."""
    strange, unusual, past = scores.strange, scores.unusual, scores.has_past
    weights = np.where(strange & ~past, STRANGE, 0.0)
    weights = np.where(~strange & past & unusual, UNLIKE_ITSELF, weights)
    weights = np.where(strange & past & unusual, BOTH, weights)
    return np.where((weights == BOTH) & (evidence >= AGREES_FROM), BOTH + AGREED, weights)


class _Found(NamedTuple):
    scorer: HostScorer
    scores: HostScores
    values: NDArray[np.float32]


def _window_signal(
    batch: WindowBatch, row: int, weight: float, found: _Found, find: FindAddress, low: float
) -> Signal:
    scores = found.scores
    reasons = found.scorer.explain(int(scores.known[row]), found.values[row])
    total = sum(reason.share for reason in reasons) or 1.0
    terms = tuple(
        Term(
            reason.feature,
            round(weight * reason.share / total, 2),
            f"{describe(reason.feature, reason.value)}, "
            f"usually {describe(reason.feature, reason.usual).split()[0]}",
        )
        for reason in reasons
    )
    rank = min(float(scores.rank[row]), 0.999)
    past = "and for itself" if scores.has_past[row] else "(little is known of its own past)"
    agreed = weight > BOTH
    return Signal(
        ts_s=batch.start_s + batch.length_s,
        first_s=batch.start_s,
        last_s=batch.start_s + batch.length_s,
        rule="host_forest",
        kind="host_anomaly",
        family=Family.MODEL,
        host=find(int(batch.hosts["hi"][row]), int(batch.hosts["lo"][row])),
        weight=weight,
        confidence=0.8 if scores.has_past[row] else 0.6,
        terms=terms,
        sentence=f"behaved stranger than {rank:.1%} of what is usual here {past}: "
        + "; ".join(term.text for term in terms[:3]),
        solo_limit=low if agreed else SOLO_SHARE * low,
        half_life_s=HALF_LIFE_S,
    )


class FlowJudge:
    """Signals for strange flows: each kind of flow once a day for a host, few a day in all."""

    def __init__(self, scorer: FlowScorer, limits: Limits) -> None:
        self._scorer = scorer
        self._limits = limits
        self._told: OrderedDict[tuple[int, int, int], float] = OrderedDict()
        self._day = -1
        self._today = 0
        self._counts = {"flows": 0, "flows_known": 0, "flows_over_budget": 0}

    def judge(
        self,
        batch: FlowBatch,
        scores: NDArray[np.float32],
        services: NDArray[np.uint8] | None = None,
    ) -> list[Signal]:
        """Return signals for the strangest flows. scores : of FlowScorer.score, same order."""
        model = self._scorer.model
        if model is None or not len(scores) or float(scores.max()) <= model.threshold:
            return []
        due = np.flatnonzero(_judged(batch) & (scores > model.threshold))
        due = due[np.argsort(-scores[due], kind="stable")]
        signals: list[Signal] = []
        for row in due.tolist():
            one = batch.flows[row : row + 1]
            known = None if services is None else services[row : row + 1]
            key = int(flow_keys(one, known)[0])
            if len(signals) < MOST_FLOWS and self._may_tell(batch, row, key):
                signals.append(self._signal(batch, row, key, float(scores[row])))
        return signals

    def statistics(self) -> JudgeStatistics:
        """Return the counters."""
        return JudgeStatistics(windows=0, **self._counts)

    def _may_tell(self, batch: FlowBatch, row: int, key: int) -> bool:
        flow = batch.flows[row]
        now_s = int(flow["last_ns"]) / 1e9
        who = (int(flow["orig"]["addr_hi"]), int(flow["orig"]["addr_lo"]), key)
        if now_s - self._told.get(who, -_AGAIN_S) < _AGAIN_S:
            self._counts["flows_known"] += 1
            return False
        if int(now_s) // _DAY_S != self._day:
            self._day, self._today = int(now_s) // _DAY_S, 0
        if self._today >= self._limits.flows_per_day:
            self._counts["flows_over_budget"] += 1
            return False
        self._today += 1
        self._told[who] = now_s
        self._told.move_to_end(who)
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        self._counts["flows"] += 1
        return True

    def _terms(self, key: int) -> tuple[Term, ...]:
        found = ((name, share, describe_flow(name, key))
                 for name, share, _, _ in self._scorer.explain(key))  # fmt: skip
        reasons = _distinct(found)[:4]
        total = sum(share for _, share, _ in reasons) or 1.0
        return tuple(
            Term(name, round(FLOW * share / total, 2), text) for name, share, text in reasons
        )

    def _signal(self, batch: FlowBatch, row: int, key: int, score: float) -> Signal:
        flow = batch.flows[row]
        inbound = int(flow["direction"]) == Direction.INBOUND
        host, peer = batch.orig[row], batch.resp[row]
        meta = batch.meta[row]
        terms = self._terms(key)
        last_s = int(flow["last_ns"]) / 1e9
        return Signal(
            ts_s=last_s,
            first_s=int(flow["first_ns"]) / 1e9,
            last_s=last_s,
            rule="flow_forest",
            kind="flow_anomaly",
            family=Family.MODEL,
            host=peer if inbound else host,
            peer=host if inbound else peer,
            peer_name=meta.name if meta is not None and not inbound else "",
            port=int(flow["resp"]["port"]),
            proto=int(flow["proto"]),
            weight=FLOW,
            confidence=0.5,
            terms=terms,
            sentence=f"had a flow unlike the others here (score {score:.2f}): "
            + "; ".join(term.text for term in terms[:3]),
            solo_limit=SOLO_SHARE * self._limits.low,
            half_life_s=HALF_LIFE_S,
        )


def _distinct(texts: Iterable[tuple[str, float, str]]) -> list[tuple[str, float, str]]:
    """Leave out what one before it says already: a size, and the same size being rare."""
    kept: list[tuple[str, float, str]] = []
    for name, share, text in texts:
        core = text.partition(", which")[0]
        if all(core not in other for _, _, other in kept):
            kept.append((name, share, text))
    return kept


def _judged(batch: FlowBatch) -> NDArray[np.bool_]:
    """Tell which flows are worth a word: over, ours, and not a stranger's vain attempt."""
    flows = batch.flows
    direction = flows["direction"]
    ours = (direction == Direction.OUTBOUND) | (direction == Direction.LOCAL)
    served = (direction == Direction.INBOUND) & (flows["resp"]["payload"] > 0)
    over = (flows["reason"] != EndReason.ATTEMPT) & (flows["reason"] != EndReason.ACTIVE)
    chosen: NDArray[np.bool_] = over & (ours | served)
    return chosen
