"""The report as text for people."""

from collections.abc import Sequence

from appliance.evaluate.report import FlowFigures, Report
from appliance.evaluate.scores import Decision

_NOTHING = "-"


def _share(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.3f}"


def _lines(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return columns: the first to the left, the others to the right."""
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    return [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def _decision(name: str, decision: Decision) -> tuple[str, ...]:
    counts = (decision.found, decision.false, decision.missed)
    shares = (decision.precision, decision.recall, decision.f1)
    return (name, *map(str, counts), *map(_share, shares))


def render(report: Report) -> str:
    """Return the report as a text of several tables."""
    parts = [
        [f"{report.flows} flows over {report.days:.1f} days, {report.labelled} with a label"],
        _decisions(report),
        [
            f"False alarms a day: {report.false_per_day:.2f}, "
            f"of them high or critical {report.false_high_per_day:.2f}; "
            f"alerts on machines of unknown truth: {report.elsewhere}"
        ],
        _kinds(report),
        _machines(report),
        _windows(report),
    ]
    if report.naive_flows is not None:
        parts.append(_naive(report.naive_flows))
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _decisions(report: Report) -> list[str]:
    head = ("Unit", "found", "false", "missed", "precision", "recall", "F1")
    alerts = _decision("alerts", report.alerts)
    rows = [
        (*alerts[:3], _NOTHING, alerts[4], _NOTHING, _NOTHING),
        _decision("machines, any alert", report.machines),
        _decision("machines, high or critical", report.machines_high),
    ]
    return _lines(head, rows)


def _kinds(report: Report) -> list[str]:
    if not report.kinds:
        return []
    rows = [
        (kind.kind, str(kind.alerts), str(kind.right), str(kind.false), f"{kind.false_per_day:.2f}")
        for kind in report.kinds
    ]
    return _lines(("Kind", "alerts", "right", "false", "false a day"), rows)


def _machines(report: Report) -> list[str]:
    rows = [
        (
            machine.host,
            "bad" if machine.bad else "good",
            ("found" if machine.found else "missed") if machine.bad else _NOTHING,
            str(machine.alerts),
            str(machine.false_alerts),
            machine.worst or _NOTHING,
            _share(machine.roc_auc),
            ",".join(machine.kinds) or _NOTHING,
        )
        for machine in report.by_machine
        if machine.bad or machine.alerts
    ]
    quiet = sum(not machine.bad and not machine.alerts for machine in report.by_machine)
    head = ("Machine", "is", "was", "alerts", "false", "worst", "windows AUC", "kinds")
    return [*(_lines(head, rows) if rows else []), f"{quiet} good machines without any alert"]


def _windows(report: Report) -> list[str]:
    if not report.windows:
        return []
    rows = [
        (
            figures.score,
            str(figures.pooled.bad),
            str(figures.pooled.good),
            _share(figures.pooled.roc_auc),
            _share(figures.pooled.average_precision),
            _share(figures.macro_roc_auc),
            _share(figures.macro_average_precision),
        )
        for figures in report.windows
    ]
    head = ("Host windows by", "bad", "good", "AUC", "AP", "AUC per machine", "AP per machine")
    width = max(len(figures.score) for figures in report.windows)
    notes = [
        f"  {figures.score.ljust(width)}  {figures.about}"
        for figures in report.windows
        if figures.about
    ]
    return [*_lines(head, rows), *notes]


def _naive(figures: FlowFigures) -> list[str]:
    ranking = figures.ranking
    return [
        "A naive forest over single flows: "
        f"AUC {_share(ranking.roc_auc)}, AP {_share(ranking.average_precision)}, "
        f"good flows called unusual a day: {figures.false_per_day:.0f}",
        *_lines(
            ("Unit", "found", "false", "missed", "precision", "recall", "F1"),
            [_decision("flows", figures.decision)],
        ),
    ]
