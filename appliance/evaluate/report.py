"""The figures: what was said against what is true."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.evaluate.collect import Flows, HostWindows
from appliance.evaluate.labels import Labels, is_bad, is_unknown
from appliance.evaluate.naive import flag_most_unusual
from appliance.evaluate.rankings import COMBINED, Opinions, rank_windows
from appliance.evaluate.scores import Decision, Ranking, decide, rank
from appliance.evaluate.truth import Machine, Truth
from appliance.model.address import parse_address
from appliance.model.alert import SEVERITIES, Alert, Severity

_LOUD = frozenset({Severity.HIGH, Severity.CRITICAL})
_DAY_S = 86_400.0


class MachineFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What was said about one machine."""

    host: str
    bad: bool
    found: bool = False  # bad, and an alert said so in time, in the expected words
    alerts: int = 0
    false_alerts: int = 0
    worst: str = ""  # severity
    kinds: tuple[str, ...] = ()
    roc_auc: float | None = None  # its bad windows against all good ones, combined score


class KindFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How often one kind of alert was right."""

    kind: str
    alerts: int
    right: int
    false: int
    false_per_day: float


class WindowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How well a score of host windows ranks. pooled : all windows; macro : mean over machines."""

    score: str
    about: str = ""  # what it knows
    causal: bool = True  # at each moment it used nothing that came later
    pooled: Ranking
    macro_roc_auc: float | None = None
    macro_average_precision: float | None = None
    machines: dict[str, Ranking] = {}  # each bad machine's bad windows against all good ones


class FlowFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How well a forest over single flows does."""

    ranking: Ranking
    decision: Decision
    false_per_day: float


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything. Alerts on machines of which nothing is known count neither way."""

    flows: int
    labelled: int  # flows with a label
    days: float
    alerts: Decision  # unit: an alert; missed is not counted
    machines: Decision  # unit: a machine, any alert
    machines_high: Decision  # unit: a machine, alerts of severity high or critical
    false_per_day: float
    false_high_per_day: float
    elsewhere: int  # alerts on machines of which nothing is known
    kinds: list[KindFigures]
    by_machine: list[MachineFigures]
    windows: list[WindowFigures]
    naive_flows: FlowFigures | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay said and what is true."""

    flows: Flows
    alerts: Sequence[Alert]
    windows: Opinions | None
    labels: Labels
    truth: Truth
    days: float  # at least one: less would make rates of very little
    naive_flows: NDArray[Any] | None = None  # scores of the flows


def mark_flows(flows: Flows, labels: Labels) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which flows are bad, and of which it is known what they are."""
    texts = [labels.get(uid) for uid in flows.uids]
    bad = np.array([text is not None and is_bad(text) for text in texts], np.bool_)
    known = np.array([text is not None and not is_unknown(text) for text in texts], np.bool_)
    return bad, known


def make_report(case: Case) -> Report:
    """Return the figures of a case."""
    verdicts = [(alert, _judge(alert, case.truth)) for alert in case.alerts]
    windows, aucs = _judge_windows(case)
    machines = [
        _describe(machine, [pair for pair in verdicts if pair[0].host == machine.name], aucs)
        for machine in case.truth.values()
    ]
    false = [alert for alert, right in verdicts if right is False]
    right = sum(verdict is True for _, verdict in verdicts)
    _, known = mark_flows(case.flows, case.labels)
    return Report(
        flows=len(case.flows.uids),
        labelled=int(known.sum()),
        days=case.days,
        alerts=decide(right, len(false), 0),
        machines=_decide_machines(machines, lambda machine: machine.alerts > 0),
        machines_high=_decide_machines(machines, lambda machine: machine.worst in _LOUD),
        false_per_day=len(false) / case.days,
        false_high_per_day=sum(alert.severity in _LOUD for alert in false) / case.days,
        elsewhere=sum(verdict is None for _, verdict in verdicts),
        kinds=_by_kind(verdicts, case.days),
        by_machine=sorted(machines, key=lambda m: (not m.bad, -m.alerts, parse_address(m.host))),
        windows=windows,
        naive_flows=_judge_naive_flows(case),
    )


def _judge(alert: Alert, truth: Truth) -> bool | None:
    """Tell whether an alert is right; None on a machine of which nothing is known."""
    machine = truth.get(parse_address(alert.host))
    return None if machine is None else machine.explains(alert.ts)


def _names(alert: Alert, machine: Machine) -> bool:
    """Tell whether an alert speaks of what happened."""
    text = f"{alert.peer} {alert.kind}".lower()
    return not machine.words or any(word in text for word in machine.words)


def _describe(
    machine: Machine,
    verdicts: list[tuple[Alert, bool | None]],
    aucs: dict[str, float | None],
) -> MachineFigures:
    alerts = [alert for alert, _ in verdicts]
    worst = max((SEVERITIES.index(Severity(a.severity)) for a in alerts), default=None)
    return MachineFigures(
        host=machine.name,
        bad=machine.bad,
        found=any(right and _names(alert, machine) for alert, right in verdicts),
        alerts=len(alerts),
        false_alerts=sum(not right for _, right in verdicts),
        worst="" if worst is None else SEVERITIES[worst],
        kinds=tuple(sorted({alert.kind for alert in alerts})),
        roc_auc=aucs.get(machine.name),
    )


def _decide_machines(machines: list[MachineFigures], accused: Any) -> Decision:
    """Count machines: a bad one is found by a right alert, a good one accused by any."""
    found = sum(machine.bad and machine.found and accused(machine) for machine in machines)
    false = sum(not machine.bad and accused(machine) for machine in machines)
    return decide(found, false, sum(machine.bad for machine in machines) - found)


def _by_kind(verdicts: list[tuple[Alert, bool | None]], days: float) -> list[KindFigures]:
    said = Counter(alert.kind for alert, _ in verdicts)
    right = Counter(alert.kind for alert, verdict in verdicts if verdict)
    false = Counter(alert.kind for alert, verdict in verdicts if verdict is False)
    return [
        KindFigures(
            kind=kind,
            alerts=said[kind],
            right=right[kind],
            false=false[kind],
            false_per_day=false[kind] / days,
        )
        for kind in sorted(said)
    ]


def _judge_windows(case: Case) -> tuple[list[WindowFigures], dict[str, float | None]]:
    """Return the figures of each score, and the combined one's area for each bad machine."""
    if case.windows is None:
        return [], {}
    hosts = case.windows.live.hosts
    bad, known = _mark_windows(case, case.windows.live)
    if not known.any():
        return [], {}
    names = {machine.name: host for host, machine in case.truth.items() if machine.bad}
    chosen = {
        name: known & (~bad | ((hosts[:, 0] == hi) & (hosts[:, 1] == lo)))
        for name, (hi, lo) in names.items()
    }
    figures = []
    for by in rank_windows(case.windows):
        machines = {name: rank(bad[rows], by.score[rows]) for name, rows in chosen.items()}
        figures.append(
            WindowFigures(
                score=by.name,
                about=by.about,
                causal=by.causal,
                pooled=rank(bad[known], by.score[known]),
                macro_roc_auc=_mean([one.roc_auc for one in machines.values()]),
                macro_average_precision=_mean([m.average_precision for m in machines.values()]),
                machines=machines,
            )
        )
    combined = next(one for one in figures if one.score == COMBINED)
    return figures, {name: one.roc_auc for name, one in combined.machines.items()}


def _mean(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _mark_windows(case: Case, windows: HostWindows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which windows are bad, and of which it is known.

    With labelled flows: bad is a window in which the host began a bad flow.
    """
    keys = [tuple(words) for words in windows.hosts.tolist()]
    machines = [case.truth.get(key) for key in keys]
    known = np.array([machine is not None for machine in machines], np.bool_)
    begins = windows.starts_s.tolist()
    if case.labels:
        bad_flows, _ = mark_flows(case.flows, case.labels)
        hosts = case.flows.hosts[bad_flows].tolist()
        slots = (case.flows.starts_s[bad_flows] // windows.length_s).tolist()
        told = {(hi, lo, slot) for (hi, lo), slot in zip(hosts, slots, strict=True)}
        marks = [
            (*key, start // windows.length_s) in told
            for key, start in zip(keys, begins, strict=True)
        ]
    else:
        marks = [
            machine is not None and machine.covers(start, windows.length_s)
            for machine, start in zip(machines, begins, strict=True)
        ]
    return np.array(marks, np.bool_), known


def _judge_naive_flows(case: Case) -> FlowFigures | None:
    scores = case.naive_flows
    bad, known = mark_flows(case.flows, case.labels)
    if scores is None or not known.any():
        return None
    flagged = flag_most_unusual(scores)[known]
    bad = bad[known]
    false = int((flagged & ~bad).sum())
    return FlowFigures(
        ranking=rank(bad, scores[known]),
        decision=decide(int((flagged & bad).sum()), false, int((~flagged & bad).sum())),
        false_per_day=false / case.days,
    )
