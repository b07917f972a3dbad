"""What other settings would have changed: the alerts before and after, compared."""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from appliance.cases.kinds import describe, rank
from appliance.cases.marks import FALSE, REAL, find_mark
from appliance.model.alert import Alert

MAX_NAMED = 200  # alerts a report names on each side

_Key = tuple[str, str, str]


class TuneReport(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts vanish and which appear.

    marked_* : of the vanishing ones, those that somebody had marked; a real one lost is a reason
    against the change, a false one a reason for it
    """

    before: int = 0
    after: int = 0
    kept: int = 0
    vanished: int = 0
    appeared: int = 0
    louder: int = 0  # kept at a higher severity
    quieter: int = 0
    vanished_real: int = 0
    vanished_false: int = 0
    kept_real: int = 0
    kept_false: int = 0
    vanished_by_kind: dict[str, int] = {}
    appeared_by_kind: dict[str, int] = {}
    vanished_alerts: tuple[Alert, ...] = ()  # the worst first, at most 200
    appeared_alerts: tuple[Alert, ...] = ()


def compare(before: list[Alert], after: list[Alert]) -> TuneReport:
    """Compare the alerts of one history under two settings.

    Two alerts are the same if device, kind (or what folds with it) and peer are; of several, in
    the order of time. Muted ones count as absent.
    """
    old, new = _sort(before), _sort(after)
    pairs: list[tuple[Alert, Alert]] = []
    vanished: list[Alert] = []
    appeared: list[Alert] = []
    for key in sorted(old.keys() | new.keys()):
        ours, theirs = old.get(key, []), new.get(key, [])
        pairs += zip(ours, theirs, strict=False)
        vanished += ours[len(theirs) :]
        appeared += theirs[len(ours) :]
    changes = [rank(theirs.severity) - rank(ours.severity) for ours, theirs in pairs]
    kept = [ours for ours, _ in pairs]
    return TuneReport(
        before=len(kept) + len(vanished),
        after=len(kept) + len(appeared),
        kept=len(kept),
        vanished=len(vanished),
        appeared=len(appeared),
        louder=sum(change > 0 for change in changes),
        quieter=sum(change < 0 for change in changes),
        vanished_real=_count(vanished, REAL),
        vanished_false=_count(vanished, FALSE),
        kept_real=_count(kept, REAL),
        kept_false=_count(kept, FALSE),
        vanished_by_kind=_count_kinds(vanished),
        appeared_by_kind=_count_kinds(appeared),
        vanished_alerts=_rank(vanished),
        appeared_alerts=_rank(appeared),
    )


def write_tune(report: TuneReport) -> str:
    """Return the report in one sentence."""
    text = (
        f"{report.vanished} fewer and {report.appeared} more of {report.before} alerts,"
        f" {report.louder} louder, {report.quieter} quieter"
    )
    if report.vanished_real or report.vanished_false:
        text += (
            f"; of those that vanish {report.vanished_real} were marked real"
            f" and {report.vanished_false} false"
        )
    return text + "."


def _sort(alerts: list[Alert]) -> dict[_Key, list[Alert]]:
    found: dict[_Key, list[Alert]] = defaultdict(list)
    for alert in sorted(alerts, key=lambda one: (one.ts, one.id)):
        if alert.state != "muted":
            fold = describe(alert.kind).fold or alert.kind
            found[alert.device or alert.host, fold, alert.peer_name or alert.peer].append(alert)
    return found


def _count(alerts: Iterable[Alert], mark: str) -> int:
    return sum(find_mark(alert) == mark for alert in alerts)


def _count_kinds(alerts: list[Alert]) -> dict[str, int]:
    kinds = sorted(alert.kind for alert in alerts)
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _rank(alerts: list[Alert]) -> tuple[Alert, ...]:
    ranked = sorted(alerts, key=lambda one: (-rank(one.severity), -one.score, one.ts, one.id))
    return tuple(ranked[:MAX_NAMED])
