"""A FlowFilter as SQL over one segment: names become ids first, values are always bound."""

import ipaddress
from typing import NamedTuple

import apsw

from appliance.flows.connstate import STATE_NAMES
from appliance.model.flow import Direction
from appliance.model.views import FlowFilter
from appliance.store.columns import (
    DIRECTION_MASK,
    DIRECTION_SHIFT,
    PROTO_MASK,
    STATE_MASK,
    STATE_SHIFT,
)
from appliance.store.protocols import protocol_number

LOCAL, UNKNOWN = "Local", "Unknown"

_BY_RANGE = "SELECT id FROM addr WHERE ip BETWEEN ? AND ? AND length(ip) = ?"
_BY_COUNTRY = "SELECT id FROM addr WHERE place IN (SELECT id FROM place WHERE country = ?)"
_BY_NO_COUNTRY = (
    "SELECT id FROM addr WHERE place IN (SELECT id FROM place WHERE country = '' AND local = ?)"
)
_BY_ASN = "SELECT id FROM addr WHERE place IN (SELECT id FROM place WHERE asn = ?)"
_BY_NAME = """SELECT id FROM meta WHERE name LIKE ?1 ESCAPE '\\' OR sni LIKE ?1 ESCAPE '\\'
OR dns_query LIKE ?1 ESCAPE '\\' OR http_host LIKE ?1 ESCAPE '\\'"""

# kind -> (its temporary table, condition on flow AS f)
_EITHER = "(f.src IN temp.{0} OR f.dst IN temp.{0})"
_PICKS = {
    "address": ("pick_address", _EITHER.format("pick_address")),
    "src": ("pick_src", "f.src IN temp.pick_src"),
    "dst": ("pick_dst", "f.dst IN temp.pick_dst"),
    "country": ("pick_country", _EITHER.format("pick_country")),
    "asn": ("pick_asn", _EITHER.format("pick_asn")),
    "name": ("pick_name", "f.meta IN temp.pick_name"),
}


class Pick(NamedTuple):
    """Dictionary ids to be found in a segment before its rows are looked at."""

    kind: str  # key of _PICKS
    query: str
    values: tuple[bytes | str | int, ...]


class Condition(NamedTuple):
    """What a flow row must meet."""

    sql: str
    values: tuple[int, ...]


class Plan(NamedTuple):
    """A filter without what differs between segments."""

    picks: tuple[Pick, ...]
    conditions: tuple[Condition, ...]
    since_us: int | None
    until_us: int | None


def parse_filter(where: FlowFilter) -> Plan:
    """Translate a filter. Raises ValueError for a value that means nothing."""
    conditions = []
    if where.port is not None:
        sql = "(f.ports >> 16 = ? OR f.ports & 65535 = ?)"
        conditions.append(Condition(sql, (where.port, where.port)))
    if where.proto:
        number = protocol_number(where.proto)
        conditions.append(Condition("f.bits & ? = ?", (PROTO_MASK, number)))
    if where.state:
        code = _index(STATE_NAMES, where.state.upper(), "state")
        conditions.append(
            Condition("f.bits & ? = ?", (STATE_MASK << STATE_SHIFT, code << STATE_SHIFT))
        )
    if where.direction:
        code = _index([d.name for d in Direction], where.direction.upper(), "direction")
        mask = DIRECTION_MASK << DIRECTION_SHIFT
        conditions.append(Condition("f.bits & ? = ?", (mask, code << DIRECTION_SHIFT)))
    since = None if where.since is None else microseconds(where.since)
    until = None if where.until is None else microseconds(where.until)
    if since is not None:
        conditions.append(Condition("f.id - f.lag >= ?", (since,)))
    if until is not None:
        conditions.append(Condition("f.id - f.lag < ?", (until,)))
    return Plan(tuple(_picks(where)), tuple(conditions), since, until)


def fill(connection: apsw.Connection, picks: tuple[Pick, ...]) -> dict[str, int] | None:
    """Look the picks up in a segment; return how many ids each has, None if one has none."""
    counts = {}
    for pick in picks:
        table = _PICKS[pick.kind][0]
        connection.execute(f"DELETE FROM temp.{table}")  # noqa: S608 - a constant
        connection.execute(
            f"INSERT INTO temp.{table} {pick.query}",
            pick.values,
        )
        counts[table] = connection.changes()
        if not counts[table]:
            return None
    return counts


def where_clause(plan: Plan) -> Condition:
    """Return everything a row must meet, the picks' tables being filled."""
    parts = [_PICKS[pick.kind][1] for pick in plan.picks]
    parts += [condition.sql for condition in plan.conditions]
    values = [value for condition in plan.conditions for value in condition.values]
    return Condition(" AND ".join(parts) or "1", tuple(values))


def address_range(text: str) -> tuple[bytes, bytes, int]:
    """Return first and last packed address of an address or prefix, and their length.

    Raises ValueError.
    """
    network = ipaddress.ip_network(text.strip(), strict=False)
    return (
        network.network_address.packed,
        network.broadcast_address.packed,
        network.max_prefixlen // 8,
    )


def microseconds(seconds: float) -> int:
    """Return us since the epoch, bounded to what SQLite can hold."""
    return int(max(-9e12, min(9e12, seconds)) * 1e6)


def like_pattern(text: str) -> str:
    """Return a LIKE pattern (escape character backslash) for a part of a text.

    Raises ValueError for a text with a NUL character, at which LIKE would stop.
    """
    if "\0" in text:
        raise ValueError("a name has no NUL character")
    for special in "\\%_":
        text = text.replace(special, "\\" + special)
    return f"%{text}%"


def _picks(where: FlowFilter) -> list[Pick]:
    picks = []
    for kind, text in (("src", where.src), ("dst", where.dst), ("address", where.address)):
        if text:
            picks.append(Pick(kind, _BY_RANGE, address_range(text)))
    if where.country in {LOCAL, UNKNOWN}:
        picks.append(Pick("country", _BY_NO_COUNTRY, (int(where.country == LOCAL),)))
    elif where.country:
        picks.append(Pick("country", _BY_COUNTRY, (where.country.upper(),)))
    if where.asn is not None:
        picks.append(Pick("asn", _BY_ASN, (where.asn,)))
    if where.name:
        picks.append(Pick("name", _BY_NAME, (like_pattern(where.name),)))
    return picks


def _index(names: list[str] | tuple[str, ...], name: str, what: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise ValueError(f"unknown {what} {name!r}; known are {', '.join(names)}") from None
