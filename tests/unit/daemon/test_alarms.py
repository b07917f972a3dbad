"""Who hears of alerts."""

import logging

import msgspec
import pytest

from appliance.api import caseexamples as examples
from appliance.config.schema import Alerts, Config
from appliance.daemon import alarms as module
from appliance.daemon.alarms import copy_changes, log_alerts, make_alarms
from appliance.model.alert import AlertChange

CHANGE = AlertChange(what="raised", alert=examples.ALERT, incident=examples.INCIDENT)


def test_copies_do_not_change_with_what_they_are_of() -> None:
    alert = msgspec.structs.replace(examples.ALERT)
    (copied,) = copy_changes([AlertChange(what="raised", alert=alert)])
    alert.state = "closed"
    assert copied.alert.state == examples.ALERT.state
    assert copied.incident is None


@pytest.mark.parametrize(
    ("journal", "environment", "lines"),
    [(True, {"JOURNAL_STREAM": "8:1"}, 0), (True, {}, 1), (False, {"JOURNAL_STREAM": "8:1"}, 1)],
)
def test_an_alert_stands_once_in_the_journal(
    journal: bool,
    environment: dict[str, str],
    lines: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(module, "is_journal_there", lambda: journal)
    monkeypatch.setattr("appliance.notify.journald.SOCKET", "/nowhere")
    told: list[list[AlertChange]] = []
    config = Config(alerts=Alerts(journald=journal))
    sinks = make_alarms(config, told.append, environment)
    for sink in sinks:
        sink([CHANGE])
    assert told[0][0].alert == CHANGE.alert
    assert told[0][0].alert is not CHANGE.alert
    assert len(caplog.records) == lines


def test_only_what_is_new_or_worse_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_alerts([msgspec.structs.replace(CHANGE, what=what) for what in ("closed", "recurring")])
    assert not caplog.records
    worst = msgspec.structs.replace(examples.ALERT, severity="critical")
    log_alerts([CHANGE, AlertChange(what="escalated", alert=worst)])
    assert examples.ALERT.summary in caplog.text
    assert caplog.records[-1].levelno == logging.WARNING
