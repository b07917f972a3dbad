"""The figures, on a case small enough to be counted by hand."""

import numpy as np
import pytest

from appliance.evaluate.collect import Flows, HostWindows
from appliance.evaluate.rankings import Opinions
from appliance.evaluate.report import Case, make_report, mark_flows
from appliance.evaluate.truth import Machine
from appliance.model.address import format_address
from appliance.model.alert import Alert

HOSTS = {n: (0, 0xFFFF_0A00_0000 + n) for n in range(1, 6)}
NAMES = {n: format_address(*words) for n, words in HOSTS.items()}


def alert(host: int, ts: float = 100.0, **changes) -> Alert:
    fields = {
        "id": f"A{host}{ts}", "ts": ts, "first_seen": ts, "last_seen": ts, "kind": "port_scan",
        "severity": "low", "confidence": 1.0, "host": NAMES[host],
    }  # fmt: skip
    return Alert(**(fields | changes))


def flows(*rows: tuple[str, int, float]) -> Flows:
    """rows : (uid, host, start)."""
    return Flows(
        uids=[row[0] for row in rows],
        hosts=np.array([HOSTS[row[1]] for row in rows], np.uint64),
        from_home=np.ones(len(rows), np.bool_),
        starts_s=np.array([row[2] for row in rows]),
        features=np.zeros((len(rows), 9), np.float32),
    )


def windows(*rows: tuple[int, float, float]) -> Opinions:
    """rows : (host, start, score)."""
    score = np.array([row[2] for row in rows], np.float32)
    live = HostWindows(
        hosts=np.array([HOSTS[row[0]] for row in rows], np.uint64),
        starts_s=np.array([row[1] for row in rows]),
        length_s=600.0,
        values=np.zeros((len(rows), 7), np.float32),
        evidence=score,
        score=score,
    )
    return Opinions(live)


def case(**changes) -> Case:
    truth = {
        HOSTS[1]: Machine(NAMES[1], True, ((0.0, 1_000.0),), ("scan",)),
        HOSTS[2]: Machine(NAMES[2], True, ((0.0, 1_000.0),)),
        HOSTS[3]: Machine(NAMES[3], False),
        HOSTS[4]: Machine(NAMES[4], False),
    }
    fields = {
        "flows": flows(("a", 1, 0.0)), "alerts": [], "windows": None, "labels": {},
        "truth": truth, "days": 2.0,
    }  # fmt: skip
    return Case(**(fields | changes))


def test_alerts_and_machines() -> None:
    report = make_report(
        case(
            alerts=[
                alert(1, severity="high"),
                alert(1, 5_000.0),  # too late
                alert(3, kind="beacon"),
                alert(5),  # nobody knows
            ]
        )
    )
    assert (report.alerts.found, report.alerts.false) == (1, 2)
    assert report.alerts.precision == pytest.approx(1 / 3)
    assert (report.machines.found, report.machines.false, report.machines.missed) == (1, 1, 1)
    assert (report.machines_high.found, report.machines_high.false) == (1, 0)
    assert (report.false_per_day, report.false_high_per_day) == (1.0, 0.0)
    assert report.elsewhere == 1
    kinds = {kind.kind: (kind.alerts, kind.right, kind.false) for kind in report.kinds}
    assert kinds == {"beacon": (1, 0, 1), "port_scan": (3, 1, 1)}
    first = report.by_machine[0]
    assert (first.host, first.found, first.alerts, first.false_alerts) == (NAMES[1], True, 2, 1)
    assert first.worst == "high"
    assert [machine.bad for machine in report.by_machine] == [True, True, False, False]


def test_an_alert_has_to_speak_of_what_happened() -> None:
    wrong = make_report(case(alerts=[alert(1, kind="exfiltration")]))
    assert wrong.machines.found == 0
    assert wrong.alerts.found == 1  # it is about a bad machine after all
    right = make_report(case(alerts=[alert(1, kind="exfiltration", peer="SCAN.example")]))
    assert right.machines.found == 1


def test_windows_by_times_of_machines() -> None:
    report = make_report(
        case(windows=windows((1, 0, 0.9), (1, 1_200, 0.1), (2, 0, 0.4), (3, 0, 0.5), (5, 0, 1.0)))
    )
    combined, evidence = report.windows
    assert (combined.score, evidence.score) == ("combined", "evidence")
    assert (combined.pooled.bad, combined.pooled.good) == (2, 2)
    assert combined.pooled.roc_auc == 0.75
    assert combined.macro_roc_auc == pytest.approx((1.0 + 0.5) / 2)
    assert combined.macro_average_precision == pytest.approx((1.0 + 0.5) / 2)
    assert combined.machines[NAMES[2]].roc_auc == 0.5
    assert report.by_machine[0].roc_auc == 1.0


def test_windows_by_labelled_flows() -> None:
    report = make_report(
        case(
            flows=flows(("a", 1, 650.0), ("b", 3, 0.0)),
            labels={"a": "scan", "b": "benign"},
            windows=windows((1, 0, 0.2), (1, 600, 0.9), (3, 0, 0.5)),
        )
    )
    assert (report.windows[0].pooled.bad, report.windows[0].pooled.good) == (1, 2)
    assert report.windows[0].pooled.roc_auc == 1.0
    assert report.labelled == 2


def test_scores_with_hindsight_and_of_forests_are_shown_where_they_are() -> None:
    said = windows((1, 0, 0.1), (3, 0, 0.9))
    later = windows((1, 0, 0.9), (3, 0, 0.1)).live
    report = make_report(case(windows=said._replace(later=later, naive=np.array([0.5, 0.5]))))
    assert [(one.score, one.causal, one.pooled.roc_auc) for one in report.windows] == [
        ("combined", False, 1.0), ("combined, as it happened", True, 0.0), ("evidence", True, 0.0),
        ("evidence, looking back", False, 1.0), ("naive forest", False, 0.5),
    ]  # fmt: skip
    assert report.by_machine[0].roc_auc == 1.0


def test_the_naive_forest_over_flows() -> None:
    count = 100
    some = flows(*((f"u{n}", 1, float(n)) for n in range(count)))
    scores = np.arange(count, dtype=float)
    labels = {f"u{n}": "bad" if n in {99, 98, 0} else "benign" for n in range(count)}
    report = make_report(case(flows=some, labels=labels, naive_flows=scores))
    assert report.naive_flows is not None
    decision = report.naive_flows.decision
    assert (decision.found, decision.false, decision.missed) == (2, 3, 1)
    assert report.naive_flows.false_per_day == 1.5


def test_flows_of_which_nothing_is_known() -> None:
    bad, known = mark_flows(
        flows(("a", 1, 0), ("b", 1, 0), ("c", 1, 0)), {"a": "scan", "b": "Unknown"}
    )
    assert bad.tolist() == [True, False, False]
    assert known.tolist() == [True, False, False]


def test_no_truth_at_all() -> None:
    report = make_report(case(truth={}, windows=windows((1, 0, 0.9))))
    assert report.windows == []
    assert report.machines.recall is None
