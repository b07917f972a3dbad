"""From inputs to figures, with a judge that says what it is told."""

import json
from pathlib import Path

import pytest

from appliance.config.options import EvaluateOptions
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.evaluate.run import evaluate, measure
from appliance.model.alert import Alert, AlertChange
from appliance.replay import Listener, judge
from tests.support.logfiles import conn, jsonl, write

ROWS = [
    conn(n, label="Malicious" if n % 3 == 0 else "Benign",
         **{"id.orig_h": "192.168.1.5" if n % 3 == 0 else "192.168.1.6"})
    for n in range(30)
]  # fmt: skip
QUIET = EvaluateOptions(naive=False)


def accuse(config: Config, inputs: tuple[str, ...], listener: Listener) -> None:
    """Replay, and raise one alert."""
    judge(config, inputs, listener)
    alert = Alert(
        id="A1", ts=ROWS[0]["ts"], first_seen=0.0, last_seen=0.0, kind="beacon", severity="high",
        confidence=1.0, host="192.168.1.5",
    )  # fmt: skip
    listener.take_alert(AlertChange(what="raised", alert=alert))


def test_a_labelled_log_needs_nothing_else(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl(ROWS))
    report = measure(Config(), (path,), QUIET, accuse)
    assert (report.flows, report.labelled, report.days) == (30, 30, 1.0)
    assert (report.machines.found, report.machines.false, report.machines.missed) == (1, 0, 0)
    assert [(m.host, m.bad) for m in report.by_machine] == [
        ("192.168.1.5", True), ("192.168.1.6", False),
    ]  # fmt: skip


def test_labels_and_truth_from_files(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(n) for n in range(5)]))
    labels = write(tmp_path, "labels.csv", "uid,label\nC0001,scan\nC0002,benign\n")
    truth = write(tmp_path, "truth.csv", "host,malicious\n192.168.1.5,0\n192.168.1.77,1\n")
    options = EvaluateOptions(labels=Path(labels), truth=Path(truth), naive=False)
    report = measure(Config(), (path,), options, accuse)
    assert (report.labelled, report.machines.false, report.machines.missed) == (2, 1, 1)


@pytest.mark.parametrize("form", ["table", "json"])
def test_figures_are_printed(
    tmp_path: Path, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = write(tmp_path, "conn.log", jsonl(ROWS))
    options = EvaluateOptions(form=form, naive=False)
    assert evaluate(Config(), (path,), options, accuse) == 0
    out = capfdbinary.readouterr().out
    if form == "json":
        assert json.loads(out)["machines"]["recall"] == 1.0
    else:
        assert b"192.168.1.5  bad  found" in out


def test_what_lies_beside_a_simulated_log_is_found(tmp_path: Path) -> None:
    path = write(tmp_path, "day.log", jsonl([conn(n) for n in range(5)]))
    write(tmp_path, "day.labels.csv", "uid,label\nC0001,scan\nC0002,benign\n")
    assert measure(Config(), (path,), QUIET, accuse).machines.found == 1
    write(tmp_path, "day.truth.csv", "host,malicious\n192.168.1.5,0\n192.168.1.77,1\n")
    report = measure(Config(), (path,), QUIET, accuse)
    assert (report.labelled, report.machines.false, report.machines.missed) == (2, 1, 1)


def test_what_is_given_by_hand_is_all_that_counts(tmp_path: Path) -> None:
    path = write(tmp_path, "day.log", jsonl([conn(n) for n in range(5)]))
    write(tmp_path, "day.truth.csv", "host,malicious\n192.168.1.77,1\n")
    labels = Path(write(tmp_path, "labels.csv", "uid,label\nC0001,scan\nC0002,benign\n"))
    report = measure(Config(), (path,), EvaluateOptions(labels=labels, naive=False), accuse)
    assert [machine.host for machine in report.by_machine] == ["192.168.1.5"]


def test_windows_are_judged_as_it_happened_and_looking_back(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl(ROWS))
    report = measure(Config(), (path,), QUIET, judge)
    assert [figures.score for figures in report.windows] == [
        "combined", "combined, as it happened", "evidence", "evidence, looking back",
    ]  # fmt: skip
    bad = {(figures.pooled.bad, figures.pooled.good) for figures in report.windows}
    assert len(bad) == 1


def test_nothing_is_labelled(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1)]))
    with pytest.raises(ApplianceError, match="nothing is labelled"):
        measure(Config(), (path,), QUIET, judge)


def test_labels_of_something_else(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1)]))
    labels = Path(write(tmp_path, "labels.csv", "uid,label\nX,scan\n"))
    with pytest.raises(ApplianceError, match="belong together"):
        measure(Config(), (path,), EvaluateOptions(labels=labels, naive=False), judge)


def test_an_empty_log(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(1, ts="never", label="Benign")]))
    with pytest.raises(ApplianceError, match="no flows"):
        measure(Config(), (path,), QUIET, judge)
