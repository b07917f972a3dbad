"""Alerts, incidents, mutes and memory in main.db: given back at start, pruned, rescued."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import apsw
import msgspec

from appliance.model.alert import Alert, Incident, Mute
from appliance.model.memory import Habit, OpenCases
from appliance.store.cases import MAX_HABITS
from appliance.store.connection import DAMAGE, open_reader

MAX_LOADED = 10_000  # open alerts, and as many incidents, given back at start: the newest

T = TypeVar("T")

_ALERTS = """SELECT b.body FROM alert AS a JOIN alert_body AS b USING (number)
WHERE a.state <> 'closed' ORDER BY a.number DESC LIMIT ?"""
_INCIDENTS = "SELECT body FROM incident WHERE state <> 'closed' ORDER BY number DESC LIMIT ?"
_LAST_INCIDENT = "SELECT max(CAST(substr(id, 5) AS INT)) FROM incident"  # INC-1001
_LAST_MUTE = "SELECT seq FROM sqlite_sequence WHERE name = 'mute'"
_HABITS = "SELECT kind, key, value, last_s FROM habit WHERE ?1 = '' OR kind = ?1"
_PRUNE = (
    "DELETE FROM alert_body WHERE number IN (SELECT number FROM alert WHERE last_seen < ?)",
    "DELETE FROM alert WHERE last_seen < ?",
    "DELETE FROM incident WHERE last_seen < ?",
    "DELETE FROM mute WHERE expires > 0 AND expires < ?",
    "DELETE FROM habit WHERE last_s < ?",
)
_PRUNE_HABITS = """DELETE FROM habit WHERE last_s <=
(SELECT last_s FROM habit ORDER BY last_s DESC LIMIT 1 OFFSET ?)"""

# table -> how its rows are copied
_COPIES = {
    "alert": ("SELECT * FROM alert", "INSERT OR IGNORE INTO alert VALUES(?,?,?,?,?,?,?,?,?,?)"),
    "alert_body": ("SELECT * FROM alert_body", "INSERT OR IGNORE INTO alert_body VALUES(?,?,?)"),
    "incident": (
        "SELECT * FROM incident",
        "INSERT OR IGNORE INTO incident VALUES(?,?,?,?,?,?,?,?,?,?,?)",
    ),
    "mute": ("SELECT * FROM mute", "INSERT OR IGNORE INTO mute VALUES(?,?,?)"),
    "habit": ("SELECT * FROM habit", "INSERT OR IGNORE INTO habit VALUES(?,?,?,?)"),
    "state": ("SELECT * FROM state", "INSERT OR IGNORE INTO state VALUES(?,?)"),
}
_DROP_HALVES = (
    "DELETE FROM alert WHERE number NOT IN (SELECT number FROM alert_body)",
    "DELETE FROM alert_body WHERE number NOT IN (SELECT number FROM alert)",
)

_log = logging.getLogger(__name__)


def load_open(connection: apsw.Connection) -> OpenCases:
    """Return what is under way. Raises what apsw raises."""
    return OpenCases(
        decode(connection.execute(_ALERTS, (MAX_LOADED,)), Alert)[::-1],
        decode(connection.execute(_INCIDENTS, (MAX_LOADED,)), Incident)[::-1],
        load_mutes(connection),
        int(connection.execute(_LAST_INCIDENT).get or 0),
        int(connection.execute(_LAST_MUTE).get or 0),
    )


def load_mutes(connection: apsw.Connection) -> list[Mute]:
    """Return all mutes by id."""
    return decode(connection.execute("SELECT body FROM mute ORDER BY id"), Mute)


def load_habits(connection: apsw.Connection, kind: str) -> list[Habit]:
    """Return the habits of a kind, "" of all, by kind and key."""
    return [Habit(*row) for row in connection.execute(_HABITS, (kind,))]


def load_state(connection: apsw.Connection, name: str) -> bytes | None:
    """Return the value kept under a name."""
    found: Any = connection.execute("SELECT value FROM state WHERE name = ?", (name,)).get
    return None if found is None else bytes(found)


def decode(rows: Iterable[tuple[Any, ...]], kind: type[T]) -> list[T]:
    """Return the structs of rows of one body each; a body that is none is left out."""
    found = []
    for (body,) in rows:
        try:
            found.append(msgspec.json.decode(body, type=kind))
        except (msgspec.DecodeError, TypeError, UnicodeError):
            _log.warning("a stored %s cannot be read and is left out", kind.__name__)
    return found


def prune_cases(connection: apsw.Connection, before_s: float) -> None:
    """Delete what was last seen before a time, in the caller's transaction."""
    for statement in _PRUNE:
        connection.execute(statement, (before_s,))
    connection.execute(_PRUNE_HABITS, (MAX_HABITS,))


def rescue_cases(damaged: Path, connection: apsw.Connection) -> int:
    """Copy what can still be read of a damaged main.db; return how many rows that were.

    In the caller's transaction. What people have decided, and what detection has learnt, is worth
    more than the rest of the file, and stands in few pages of it.
    """
    try:
        source = open_reader(damaged)
    except apsw.Error:
        return 0
    try:
        copied = sum(_copy(source, connection, *statements) for statements in _COPIES.values())
    finally:
        source.close()
    for statement in _DROP_HALVES:
        connection.execute(statement)
    if copied:
        _log.warning("%d alerts, mutes and habits were read from %s", copied, damaged.name)
    return copied


def _copy(source: apsw.Connection, target: apsw.Connection, select: str, insert: str) -> int:
    copied = 0
    try:
        for row in source.execute(select):
            target.execute(insert, row)
            copied += 1
    except (*DAMAGE, apsw.SQLError):  # the rest is lost, or the table is older than this version
        return copied
    return copied
