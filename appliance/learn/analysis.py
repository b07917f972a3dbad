"""One look at the newest windows, for commands and for whoever asks "is anything odd now?"."""

import msgspec

from appliance.learn.hostscorer import HostScorer, complete, features_of_windows
from appliance.learn.judges import weigh_windows
from appliance.learn.words import describe
from appliance.model.address import format_address
from appliance.model.window import WindowBatch


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What is thought of one host in one window."""

    host: str
    start: float  # s since the epoch
    score: float  # evidence and model together, 0..1
    evidence: float
    model: float  # rank among the windows of this network, -1 without a model
    strange: bool  # above the threshold
    unusual: bool  # stands out of its own past, as far as that is known
    reasons: tuple[str, ...] = ()


def analyze(batch: WindowBatch, scorer: HostScorer | None) -> list[Opinion]:
    """Return an opinion on each host of a window, the worst first."""
    scores = None
    values = features_of_windows(batch.values)
    if scorer is not None and len(batch.hosts):
        scores = scorer.score(batch.hosts["hi"], batch.hosts["lo"], values)
    whole = complete(batch, scores)
    weights = None if scores is None else weigh_windows(scores, batch.evidence)
    opinions = []
    for row in (-whole.score).argsort(kind="stable").tolist():
        reasons: tuple[str, ...] = ()
        if scorer is not None and scores is not None and weights is not None and weights[row] > 0:
            found = scorer.explain(int(scores.known[row]), values[row])
            reasons = tuple(
                f"{describe(one.feature, one.value)}, usually {describe(one.feature, one.usual)}"
                for one in found
            )
        opinions.append(
            Opinion(
                host=format_address(int(batch.hosts["hi"][row]), int(batch.hosts["lo"][row])),
                start=batch.start_s,
                score=round(float(whole.score[row]), 4),
                evidence=round(float(whole.evidence[row]), 4),
                model=round(float(whole.model[row]), 4),
                strange=scores is not None and bool(scores.strange[row]),
                unusual=scores is not None and bool(scores.unusual[row]),
                reasons=reasons,
            )
        )
    return opinions
