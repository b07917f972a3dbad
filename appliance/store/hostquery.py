"""Hosts and countries, from the ten-minute rollup. A range is widened to whole buckets."""

from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.model.address import format_mac, pack_address, parse_address
from appliance.model.views import CountryRow, HostRow, Page, Talker
from appliance.store.files import SegmentKey
from appliance.store.flowfilter import like_pattern, microseconds
from appliance.store.flowrow import address_text, country_text
from appliance.store.hostsums import Buckets, Sums, iter_views, rank_hosts, sum_hosts
from appliance.store.names import DeviceName, load_names
from appliance.store.rollup import BUCKET_US
from appliance.store.view import View, Views

BUCKET_S = BUCKET_US // 1_000_000
MAX_LIMIT = 1_000
MAX_RANKED = 10_000  # hosts that can be paged through; a search finds the others

_FOUND = """SELECT id FROM addr WHERE shows(ip) OR place IN
(SELECT id FROM place WHERE org LIKE ?1 ESCAPE '\\' OR city LIKE ?1 ESCAPE '\\')"""
_PLACE = """SELECT p.country, p.asn, p.org, p.city, p.latitude, p.longitude, p.local
FROM addr AS a JOIN place AS p ON p.id = a.place WHERE a.id = ?"""


def to_buckets(since: float, until: float) -> Buckets:
    """Return the buckets of the range [since, until), s since the epoch."""
    return Buckets(microseconds(since) // BUCKET_US, (microseconds(until) - 1) // BUCKET_US)


def find_talkers(views: Views, buckets: Buckets, limit: int, local: bool | None) -> list[Talker]:
    """Return the addresses with most bytes."""
    limit = max(1, min(MAX_LIMIT, limit))

    def mask(view: View) -> NDArray[np.bool_] | None:
        return None if local is None else _local_places(view)[view.places()] == local

    hosts = rank_hosts(views, buckets, limit, mask)[:limit]
    return [
        Talker(
            ip=row.ip,
            name=row.name,
            country=row.country,
            org=row.org,
            local=row.local,
            flows=row.flows,
            bytes_out=row.bytes_out,
            bytes_in=row.bytes_in,
        )
        for row in _describe(views, hosts)
    ]


def find_hosts(views: Views, buckets: Buckets, limit: int, cursor: str, search: str) -> Page:
    """Return a page of HostRows, busiest first. search : part of an address, a name or a place.

    Raises ValueError for a cursor that means nothing.
    """
    limit = max(1, min(MAX_LIMIT, limit))
    start = min(_parse_offset(cursor), MAX_RANKED)
    end = min(start + limit, MAX_RANKED)
    mask = _Search(views, buckets, search) if search else _everything
    hosts = rank_hosts(views, buckets, end + 1, mask)
    data = _describe(views, hosts[start:end])
    return Page(
        count=len(data), data=data, next=str(end) if end < min(len(hosts), MAX_RANKED) else ""
    )


def find_host(views: Views, ip: str, buckets: Buckets) -> HostRow | None:
    """Return one address, None if it was not seen in the range. Raises ValueError."""
    hosts = sum_hosts(views, buckets, {pack_address(*parse_address(ip))})
    return next(iter(_describe(views, list(hosts.values()))), None)


def find_history(views: Views, ip: str, buckets: Buckets) -> list[dict[str, int]]:
    """Return {t, flows, bytes_out, bytes_in} of each bucket with traffic, oldest first.

    Raises ValueError for a text that is no address.
    """
    packed = pack_address(*parse_address(ip))
    points: dict[int, dict[str, int]] = {}
    for view in iter_views(views, buckets):
        found = view.connection.execute("SELECT id FROM addr WHERE ip = ? ORDER BY id", (packed,))
        ids = np.fromiter((number for (number,) in found), np.uint32)
        if not len(ids):
            continue
        for part in view.hosts(ids, *buckets):
            time_s = part.span.bucket * BUCKET_S
            point = points.setdefault(
                time_s, {"t": time_s, "flows": 0, "bytes_out": 0, "bytes_in": 0}
            )
            for name in ("flows", "bytes_out", "bytes_in"):
                point[name] += int(part.sums[name].sum())
    return [points[time_s] for time_s in sorted(points)]


def find_countries(views: Views, buckets: Buckets, limit: int) -> list[CountryRow]:
    """Return the countries of addresses that are not local, those with most bytes first."""
    found: dict[str, CountryRow] = {}
    for view in iter_views(views, buckets):
        places = view.places()
        rows = view.connection.execute("SELECT id, country FROM place WHERE NOT local ORDER BY id")
        countries = {number: country_text(country, 0) for number, country in rows}
        size = int(places.max()) + 1
        flows, total = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for part in view.parts(*buckets):
            where = places[part.addr]
            np.add.at(flows, where, part.sums["flows"].astype(np.int64))
            np.add.at(total, where, part.sums["bytes_out"] + part.sums["bytes_in"])
        for number, name in countries.items():
            if number < size and flows[number] + total[number]:
                row = found.setdefault(name, CountryRow(country=name, flows=0, bytes=0))
                row.flows += int(flows[number])
                row.bytes += int(total[number])
    return sorted(found.values(), key=lambda row: (-row.bytes, row.country))[:limit]


class _Search:
    """Which addresses show a text: in the address, a name, the maker, the organisation, the city.

    An address that shows it in one segment is meant in all.
    """

    def __init__(self, views: Views, buckets: Buckets, text: str) -> None:
        self._text = text.lower()
        self._pattern = like_pattern(text)
        self._names = load_names(views.main)
        self._ips: set[bytes] = set()
        for view in iter_views(views, buckets):
            self._collect(view, buckets)

    def __call__(self, view: View) -> NDArray[np.bool_]:
        """Return by addr.id whether the address is meant."""
        mask = np.zeros(len(view.places()), bool)
        for number, ip in view.connection.execute("SELECT id, ip FROM addr"):
            mask[number] = ip in self._ips
        return mask

    def _collect(self, view: View, buckets: Buckets) -> None:
        connection = view.connection
        connection.create_scalar_function("shows", self._shows, 1)
        rows = connection.execute(_FOUND, (self._pattern,))
        ids = {number for (number,) in rows}
        rows = connection.execute(
            "SELECT id FROM meta WHERE name LIKE ? ESCAPE '\\'", (self._pattern,)
        )
        metas = np.fromiter((number for (number,) in rows), np.uint32)
        if len(metas):
            for part in view.parts(*buckets):
                ids.update(part.addr[np.isin(part.sums["meta"], metas)].tolist())
        for number in ids:
            row = connection.execute("SELECT ip FROM addr WHERE id = ?", (number,))
            self._ips.add(row.get)

    def _shows(self, *values: Any) -> bool:
        (ip,) = values
        device = self._names.get(ip)
        return self._text in address_text(ip) or (
            device is not None and self._text in f"{device.name} {device.vendor}".lower()
        )


def _everything(view: View) -> None:
    """Leave nobody out."""


def _local_places(view: View) -> NDArray[np.bool_]:
    """Return by place.id whether the place is local."""
    local = np.zeros(int(view.places().max()) + 1, bool)
    for number, is_local in view.connection.execute("SELECT id, local FROM place"):
        if number < len(local):
            local[number] = is_local
    return local


def _describe(views: Views, hosts: list[Sums]) -> list[HostRow]:
    """Return rows for the sums, in their order."""
    names = load_names(views.main)
    rows = [_row(sums, names.get(sums.ip)) for sums in hosts]
    keys = {place.key for sums in hosts for place in (sums.newest, sums.oldest) if place}
    for key in sorted(keys):
        with views.reading(key) as view:
            if view is None:
                continue
            for sums, row in zip(hosts, rows, strict=True):
                _complete(view.connection, key, sums, row)
    return rows


def _row(sums: Sums, device: DeviceName | None) -> HostRow:
    last = sums.last_id / 1e6
    return HostRow(
        ip=address_text(sums.ip),
        name=device.name if device else "",
        mac=format_mac(device.mac) if device else "",
        vendor=device.vendor if device else "",
        country=country_text("", 0),
        asn=0,
        org="",
        city="",
        latitude=None,
        longitude=None,
        local=False,
        first_seen=min(last, float(device.first_s)) if device else last,
        last_seen=max(last, float(device.last_s)) if device else last,
        flows=sums.flows,
        bytes_out=sums.bytes_out,
        bytes_in=sums.bytes_in,
    )


def _complete(connection: apsw.Connection, key: SegmentKey, sums: Sums, row: HostRow) -> None:
    """Fill in what one segment knows about an address."""
    if sums.oldest and sums.oldest.key == key:
        query = "SELECT first_s FROM addr WHERE id = ?"
        row.first_seen = min(
            row.first_seen, float(connection.execute(query, (sums.oldest.addr,)).get)
        )
    if sums.newest and sums.newest.key == key:
        place: Any = connection.execute(_PLACE, (sums.newest.addr,)).fetchone()
        country, row.asn, row.org, row.city, row.latitude, row.longitude, local = place
        row.country = country_text(country, local)
        row.local = bool(local)
    if sums.meta and sums.meta[0] == key and not row.name:
        found = connection.execute("SELECT name FROM meta WHERE id = ?", (sums.meta[1],)).get
        row.name = found or ""


def _parse_offset(cursor: str) -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise ValueError(f"not a cursor: {cursor!r}")
    return int(cursor)
