"""Who hears of alerts at once: the journal, whoever watches, and the log at a terminal."""

import logging
import os
from collections.abc import Callable, Mapping

import msgspec

from appliance.config.schema import Config
from appliance.model.alert import AlertChange
from appliance.notify.journald import is_journal_there, open_journal
from appliance.pipeline.detection import AlertSink

_LEVELS = {"high": logging.WARNING, "critical": logging.WARNING}
_TOLD = frozenset({"raised", "escalated"})

_log = logging.getLogger(__name__)

Publish = Callable[[list[AlertChange]], None]


def make_alarms(
    config: Config, publish: Publish, environment: Mapping[str, str] = os.environ
) -> tuple[AlertSink, ...]:
    """Return the sinks for the pipeline's thread.

    publish : takes copies that nobody changes any more
    """
    sinks: list[AlertSink] = [lambda changes: publish(copy_changes(changes))]
    journal = config.alerts.journald and is_journal_there()
    if config.alerts.journald:
        notifier = open_journal()
        sinks.append(lambda changes: _drop(notifier.notify(changes)))
    # under systemd what is logged reaches the journal too: there an alert must not stand twice
    if not (journal and "JOURNAL_STREAM" in environment):
        sinks.append(log_alerts)
    return tuple(sinks)


def copy_changes(changes: list[AlertChange]) -> list[AlertChange]:
    """Return changes whose alerts and incidents stay as they are now."""
    copy = msgspec.structs.replace
    return [
        copy(
            change,
            alert=copy(change.alert),
            incident=None if change.incident is None else copy(change.incident),
        )
        for change in changes
    ]


def log_alerts(changes: list[AlertChange]) -> None:
    """Write a line for each alert that is new or worse."""
    for change in changes:
        if change.what in _TOLD:
            alert = change.alert
            level = _LEVELS.get(alert.severity, logging.INFO)
            _log.log(level, "%s alert %s: %s", alert.severity, alert.id, alert.summary)


def _drop(_: object) -> None:
    """Do nothing: a sink returns nothing."""
