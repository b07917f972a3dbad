"""Alerts, incidents, mutes and what detection remembers: what waits to be written to main.db.

What people see is encoded when it is taken, so that its owner may go on changing it. Of several
changes of one thing that wait, the last is written.
"""

from collections.abc import Iterable
from typing import Any

import apsw
import msgspec

from appliance.model.alert import SEVERITIES, Alert, AlertChange, Incident, Mute
from appliance.model.memory import Habit

MAX_WAITING = 4_096  # alerts, and as many incidents and mutes, while the disk takes none; 16 MB
MAX_HABITS = 262_144  # that wait, and that are kept; about 25 MB

LEVELS = {severity.value: level for level, severity in enumerate(SEVERITIES)}

_encode = msgspec.json.Encoder().encode

_PUT_ALERT = """INSERT INTO alert(id, ts, last_seen, kind, severity, state, host, device, incident)
VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET ts = excluded.ts,
last_seen = excluded.last_seen, kind = excluded.kind, severity = excluded.severity,
state = excluded.state, host = excluded.host, device = excluded.device,
incident = excluded.incident RETURNING number"""
_PUT_BODY = "INSERT OR REPLACE INTO alert_body VALUES(?,?,?)"
_PUT_INCIDENT = """INSERT INTO
incident(id, first_seen, last_seen, kinds, severity, state, host, device, words, body)
VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET first_seen = excluded.first_seen,
last_seen = excluded.last_seen, kinds = excluded.kinds, severity = excluded.severity,
state = excluded.state, host = excluded.host, device = excluded.device, words = excluded.words,
body = excluded.body"""
_PUT_MUTE = "INSERT OR REPLACE INTO mute VALUES(?,?,?)"
_PUT_HABIT = "INSERT OR REPLACE INTO habit VALUES(?,?,?,?)"
_PUT_STATE = "INSERT OR REPLACE INTO state VALUES(?,?)"


class Cases:
    """What waits. Of the writer's thread."""

    def __init__(self) -> None:
        self._alerts: dict[str, tuple[tuple[Any, ...], tuple[str, str]]] = {}
        self._incidents: dict[str, tuple[Any, ...]] = {}
        self._mutes: dict[int, tuple[Any, ...] | None] = {}
        self._habits: dict[tuple[str, bytes], Habit] = {}
        self._states: dict[str, bytes] = {}
        self.refused = 0  # changes there was no room for
        self.written = 0  # alerts brought to disk, each change counted

    @property
    def waiting(self) -> bool:
        """Whether there is something to write."""
        return self.urgent or bool(self._habits or self._states)

    @property
    def urgent(self) -> bool:
        """Whether something waits that people look at."""
        return bool(self._alerts or self._incidents or self._mutes)

    def add(self, changes: Iterable[AlertChange]) -> None:
        """Take alerts and their incidents."""
        for change in changes:
            if self._has_room(self._alerts, change.alert.id):
                self._alerts[change.alert.id] = (_alert_row(change.alert), _body(change.alert))
            if change.incident is not None:
                self.add_incident(change.incident)

    def add_incident(self, incident: Incident) -> None:
        """Take an incident."""
        if self._has_room(self._incidents, incident.id):
            self._incidents[incident.id] = _incident_row(incident)

    def put_mute(self, mute: Mute) -> None:
        """Take a mute that is new or changed."""
        if self._has_room(self._mutes, mute.id):
            self._mutes[mute.id] = (mute.id, mute.expires, _encode(mute).decode())

    def remove_mute(self, number: int) -> None:
        """Remove a mute; one that is not there does no harm."""
        if self._has_room(self._mutes, number):
            self._mutes[number] = None

    def put_habits(self, habits: Iterable[Habit]) -> None:
        """Take habits that are new or changed."""
        for habit in habits:
            key = (habit.kind, habit.key)
            if key in self._habits or len(self._habits) < MAX_HABITS:
                self._habits[key] = habit
            else:
                self.refused += 1

    def put_state(self, name: str, value: bytes) -> None:
        """Take a value that is kept under a name. The names are the program's own: they are few."""
        self._states[name] = value

    def insert(self, connection: apsw.Connection) -> None:
        """Write what waits, in the caller's transaction."""
        for row, body in self._alerts.values():
            number: Any = connection.execute(_PUT_ALERT, row).get
            connection.execute(_PUT_BODY, (number, *body))
        connection.executemany(_PUT_INCIDENT, self._incidents.values())
        removed = [(number,) for number, row in self._mutes.items() if row is None]
        connection.executemany(_PUT_MUTE, [row for row in self._mutes.values() if row is not None])
        connection.executemany("DELETE FROM mute WHERE id = ?", removed)
        connection.executemany(_PUT_HABIT, self._habits.values())
        connection.executemany(_PUT_STATE, self._states.items())

    def settle(self) -> None:
        """Forget what `insert` has brought to disk."""
        self.written += len(self._alerts)
        self._alerts.clear()
        self._incidents.clear()
        self._mutes.clear()
        self._habits.clear()
        self._states.clear()

    def _has_room(self, waiting: dict[Any, Any], key: Any) -> bool:
        if key in waiting or len(waiting) < MAX_WAITING:
            return True
        self.refused += 1
        return False


def _alert_row(alert: Alert) -> tuple[Any, ...]:
    return (
        alert.id, alert.ts, alert.last_seen, alert.kind, LEVELS.get(alert.severity, 0),
        alert.state, alert.host, alert.device, alert.incident,
    )  # fmt: skip


def _body(alert: Alert) -> tuple[str, str]:
    """Return the words an alert is found by, and the whole of it."""
    words = (
        alert.title, alert.summary, alert.host, alert.device, alert.peer, *alert.peers,
        alert.peer_name, alert.peer_org, alert.comment, alert.id,
    )  # fmt: skip
    return "\n".join(words), _encode(alert).decode()


def _incident_row(incident: Incident) -> tuple[Any, ...]:
    words = (incident.title, incident.host, incident.device, incident.id)
    return (
        incident.id, incident.first_seen, incident.last_seen, " ".join(incident.kinds),
        LEVELS.get(incident.severity, 0), incident.state, incident.host, incident.device,
        "\n".join(words), _encode(incident).decode(),
    )  # fmt: skip
