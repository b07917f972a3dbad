"""Alerts, incidents and mutes by filter, the ones raised last first."""

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

import apsw

from appliance.model.alert import KINDS, SEVERITIES, Alert, AlertState, Incident, Mute
from appliance.model.views import AlertCount, AlertFilter, OpenAlerts, Page
from appliance.store.caseload import decode, load_mutes
from appliance.store.cases import LEVELS
from appliance.store.flowfilter import like_pattern
from appliance.store.view import Views

MAX_LIMIT = 1_000
MAX_COUNTS = 50_000  # of one answer
_MAX_NUMBER = 1 << 62

_BODY = "SELECT body FROM alert_body WHERE number = ?"
_WORDS = (
    "EXISTS(SELECT 1 FROM alert_body AS b WHERE b.number = t.number AND b.words LIKE ? ESCAPE '\\')"
)
_BY_ID = "SELECT b.body FROM alert AS a JOIN alert_body AS b USING (number) WHERE a.id = ?"
_COUNTS = """SELECT CAST(ts / ?3 AS INT) * ?3, kind, severity, count(*) FROM alert
WHERE ts >= ?1 AND ts < ?2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT ?4"""
_OPEN_COUNTS = "SELECT severity, count(*) FROM alert WHERE state = 'open' GROUP BY severity"


class Condition(NamedTuple):
    """What a row must meet."""

    sql: str
    values: tuple[str | float, ...]


def find_alerts(views: Views, where: AlertFilter) -> Page:
    """Return a page of Alerts. Raises ValueError for a filter that means nothing."""
    conditions = _conditions(where, "ts")
    if where.kind:
        conditions.append(Condition("kind = ?", (_known(KINDS, where.kind, "kind"),)))
    if where.incident:
        conditions.append(Condition("incident = ?", (where.incident,)))
    if where.text:
        conditions.append(Condition(_WORDS, (like_pattern(where.text),)))
    connection = views.main
    numbers, following = _select(connection, "alert", conditions, where)
    bodies = (connection.execute(_BODY, (number,)).fetchone() or ("",) for number in numbers)
    found = decode(bodies, Alert)
    return Page(count=len(found), data=found, next=following)


def find_alert(views: Views, alert_id: str) -> Alert | None:
    """Return an alert by its id."""
    return next(iter(decode(views.main.execute(_BY_ID, (alert_id,)), Alert)), None)


def count_alerts(views: Views, since: float, until: float, step_s: int) -> list[AlertCount]:
    """Return how many alerts of which kind and severity were raised in each step, oldest first."""
    values = (since, until, max(60, step_s), MAX_COUNTS)
    return [
        AlertCount(t=start, kind=kind, severity=SEVERITIES[level], count=count)
        for start, kind, level, count in views.main.execute(_COUNTS, values)
    ]


def find_open(views: Views, limit: int) -> OpenAlerts:
    """Return how many alerts are open, and the newest of them."""
    counts = dict.fromkeys((severity.value for severity in SEVERITIES), 0)
    for level, count in views.main.execute(_OPEN_COUNTS):
        counts[SEVERITIES[level].value] = count
    newest = find_alerts(views, AlertFilter(state=AlertState.OPEN, limit=limit))
    return OpenAlerts(counts=counts, newest=newest.data)


def find_incidents(views: Views, where: AlertFilter) -> Page:
    """Return a page of Incidents; `incident` of the filter means nothing here."""
    conditions = _conditions(where, "first_seen")
    if where.kind:
        kind = _known(KINDS, where.kind, "kind")
        conditions.append(Condition("instr(' ' || kinds || ' ', ?)", (f" {kind} ",)))
    if where.text:
        conditions.append(Condition("words LIKE ? ESCAPE '\\'", (like_pattern(where.text),)))
    connection = views.main
    numbers, following = _select(connection, "incident", conditions, where)
    query = "SELECT body FROM incident WHERE number = ?"
    bodies = (connection.execute(query, (number,)).fetchone() or ("",) for number in numbers)
    found = decode(bodies, Incident)
    return Page(count=len(found), data=found, next=following)


def find_incident(views: Views, incident_id: str) -> Incident | None:
    """Return an incident by its id."""
    rows = views.main.execute("SELECT body FROM incident WHERE id = ?", (incident_id,))
    return next(iter(decode(rows, Incident)), None)


def find_mutes(views: Views) -> list[Mute]:
    """Return all mutes by id."""
    return load_mutes(views.main)


def _conditions(where: AlertFilter, raised: str) -> list[Condition]:
    """Return what alerts and incidents have in common. raised : name of the column."""
    conditions = []
    if where.since is not None:
        conditions.append(Condition("last_seen >= ?", (where.since,)))
    if where.until is not None:
        conditions.append(Condition(f"{raised} < ?", (where.until,)))
    if where.severity:
        level = LEVELS[_known(LEVELS, where.severity, "severity")]
        conditions.append(Condition("severity >= ?", (level,)))
    if where.state:
        states = [state.value for state in AlertState]
        conditions.append(Condition("state = ?", (_known(states, where.state, "state"),)))
    if "/" in where.host:
        ipaddress.ip_network(where.host, strict=False)  # it says itself what is wrong
        conditions.append(Condition("lies_in(host, ?)", (where.host,)))
    elif where.host:
        conditions.append(Condition("host = ?", (str(ipaddress.ip_address(where.host)),)))
    if where.device:
        conditions.append(Condition("device = ? COLLATE NOCASE", (where.device,)))
    return conditions


def _select(
    connection: apsw.Connection, table: str, conditions: list[Condition], where: AlertFilter
) -> tuple[list[int], str]:
    """Return the numbers of a page's rows and the cursor of the next."""
    limit = max(1, min(MAX_LIMIT, where.limit))
    connection.create_scalar_function("lies_in", _lies_in, 2, deterministic=True)
    clause = " AND ".join(["t.number < ?", *(condition.sql for condition in conditions)])
    query = f"SELECT t.number FROM {table} AS t WHERE {clause} ORDER BY t.number DESC LIMIT ?"  # noqa: S608 - constants
    values = (value for condition in conditions for value in condition.values)
    rows = connection.execute(query, (_parse_cursor(where.cursor), *values, limit + 1))
    numbers = [number for (number,) in rows]
    return numbers[:limit], str(numbers[limit - 1]) if len(numbers) > limit else ""


def _lies_in(*values: Any) -> bool:
    host, network = values
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _known(names: Iterable[str], name: str, what: str) -> str:
    if name not in names:
        raise ValueError(f"unknown {what} {name!r}; known are {', '.join(names)}")
    return name


def _parse_cursor(text: str) -> int:
    if not text:
        return _MAX_NUMBER
    if not (text.isascii() and text.isdecimal() and int(text) <= _MAX_NUMBER):
        raise ValueError(f"not a cursor: {text!r}")
    return int(text)
