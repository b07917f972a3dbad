"""The comparison of two settings as text for people."""

from collections.abc import Sequence

from appliance.cases.marks import find_mark
from appliance.cases.tune import TuneReport, write_tune
from appliance.model.alert import Alert

MOST_LINES = 30  # alerts named on each side; JSON has more


def render_tune(report: TuneReport) -> str:
    """Return the report as text: a sentence, a table of kinds, the alerts."""
    parts = [[write_tune(report)], _kinds(report)]
    parts.append(_alerts("Vanish:", report.vanished_alerts, report.vanished))
    parts.append(_alerts("Appear:", report.appeared_alerts, report.appeared))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _kinds(report: TuneReport) -> list[str]:
    kinds = sorted(report.vanished_by_kind.keys() | report.appeared_by_kind.keys())
    if not kinds:
        return []
    width = max(map(len, kinds))
    lines = [f"{'Kind':{width}}  vanish  appear"]
    for kind in kinds:
        gone, new = report.vanished_by_kind.get(kind, 0), report.appeared_by_kind.get(kind, 0)
        lines.append(f"{kind:{width}}  {gone:6}  {new:6}")
    return lines


def _alerts(title: str, alerts: Sequence[Alert], count: int) -> list[str]:
    if not alerts:
        return []
    lines = [title]
    for alert in alerts[:MOST_LINES]:
        mark = find_mark(alert)
        said = f" [marked {mark}]" if mark else ""
        lines.append(f"  {alert.severity:8}  {alert.kind}: {_printable(alert.summary)}{said}")
    if count > len(lines) - 1:
        lines.append(f"  and {count - len(lines) + 1} more")
    return lines


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
