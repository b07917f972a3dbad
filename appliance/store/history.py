"""Stored flows as enriched batches again, in the order of storing: for judging them anew."""

import logging
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import apsw
import numpy as np
from numpy.typing import NDArray

from appliance.errors import StoreError
from appliance.model.address import Address, is_ipv4, unpack_address
from appliance.model.flow import FLOW_IPV6, FlowBatch
from appliance.model.meta import FlowMeta
from appliance.store.columns import COLUMNS
from appliance.store.connection import DAMAGE, open_reader
from appliance.store.dictionary import META_FIELDS
from appliance.store.files import DAY_US, list_segments, segment_path
from appliance.store.flowfilter import microseconds
from appliance.store.records import restore
from appliance.store.schema import SEGMENT, version_of

MAX_KNOWN = 65_536  # addresses, and as many metadata, remembered while reading; 40 MB

T = TypeVar("T")

_FLOWS = f"""SELECT {", ".join(COLUMNS)} FROM flow WHERE id BETWEEN ? AND ?
ORDER BY id LIMIT ?"""  # noqa: S608 - constants
_NEWEST = "SELECT id FROM flow WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1 OFFSET ?"
_COUNT = "SELECT count(*) FROM flow WHERE id BETWEEN ? AND ?"
_ADDR = """SELECT a.ip, p.country, p.asn, p.org, p.city, p.latitude, p.longitude, p.local
FROM addr AS a JOIN place AS p ON p.id = a.place WHERE a.id = ?"""
_META = f"SELECT {', '.join(META_FIELDS)} FROM meta WHERE id = ?"  # noqa: S608 - constants
_LINK = "SELECT interface, vlan, src_mac, dst_mac FROM link WHERE id = ?"
_ID, _SRC, _DST, _META_ID, _LINK_ID = (
    COLUMNS.index(name) for name in ("id", "src", "dst", "meta", "link")
)
_ANSWERS = META_FIELDS.index("dns_answers")

_log = logging.getLogger(__name__)


def iterate_flows(
    path: Path, since_s: float, until_s: float, batch: int = 8_192
) -> Iterator[FlowBatch]:
    """Deliver the flows stored in [since_s, until_s), s since the epoch, at most `batch` at a time.

    What is not stored of a flow is 0 (see records.py). A flow that was reported while it went on is
    there once, as it was reported last; twice only if it is reported anew while this reads. A
    segment found damaged ends there, with a warning. May run beside the writer, also in another
    process. Raises StoreError if there is no store.
    """
    first_id, last_id = microseconds(since_s), microseconds(until_s) - 1
    try:
        keys = list_segments(path)
    except OSError as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error
    names = _Names()
    for key in keys:
        if key.day > last_id // DAY_US:
            break
        if (key.day + 1) * DAY_US > first_id - DAY_US:  # ids may run ahead of their day
            yield from _read_segment(segment_path(path, key), (first_id, last_id), batch, names)


def find_start(path: Path, since_s: float, until_s: float, most: int) -> float:
    """Return from when on there are at most `most` flows until `until_s`; not before `since_s`.

    Times in s since the epoch. A segment that cannot be read counts as empty. Raises StoreError if
    there is no store.
    """
    first_id, last_id = microseconds(since_s), microseconds(until_s) - 1
    left = most
    try:
        keys = list_segments(path)
    except OSError as error:
        raise StoreError(f"the store {path} cannot be read: {error}") from error
    for key in reversed(keys):
        if (key.day + 1) * DAY_US <= first_id - DAY_US:
            break
        try:
            connection = open_reader(segment_path(path, key))
        except (*DAMAGE, apsw.CantOpenError):
            continue
        try:
            beyond = connection.execute(_NEWEST, (first_id, last_id, left)).get
            if beyond is not None:
                return (int(beyond) + 1) / 1e6
            left -= int(connection.execute(_COUNT, (first_id, last_id)).get or 0)
        except DAMAGE:
            continue
        finally:
            connection.close()
    return since_s


def _read_segment(
    path: Path, ids: tuple[int, int], batch: int, names: "_Names"
) -> Iterator[FlowBatch]:
    try:
        connection = open_reader(path)
    except (*DAMAGE, apsw.CantOpenError) as error:  # removed meanwhile, or damaged
        _log.warning("%s is left out: %s", path.name, error)
        return
    low, high = ids
    try:
        if not 0 < version_of(connection) <= len(SEGMENT):
            return
        names.turn_to(connection)
        # a query is over before its batch is delivered: a reader that dawdles would keep the writer
        # from using its log anew
        while rows := list(connection.execute(_FLOWS, (low, high, batch))):
            yield _make_batch(rows, names)
            low = rows[-1][_ID] + 1
    except DAMAGE as error:
        _log.warning("%s is damaged, its rest is left out: %s", path.name, error)
    finally:
        connection.close()


def _make_batch(rows: list[tuple[Any, ...]], names: "_Names") -> FlowBatch:
    """Return rows, in the order of COLUMNS, as a batch."""
    flat = np.fromiter(chain.from_iterable(rows), np.int64, len(rows) * len(COLUMNS))
    table = flat.reshape(len(rows), len(COLUMNS))
    flows = restore(table)
    names.fill_links(flows, table[:, _LINK_ID])
    result = FlowBatch(flows, names.interfaces)
    result.orig = names.fill_addresses(flows, "orig", table[:, _SRC])
    result.resp = names.fill_addresses(flows, "resp", table[:, _DST])
    result.meta = names.find_metas(table[:, _META_ID])
    result.ids = table[:, _ID].tolist()
    return result


class _Names:
    """The dictionaries of the segment being read.

    Addresses stay the same objects from one segment to the next, as long as what is known about
    them is the same.
    """

    def __init__(self) -> None:
        self._connection: apsw.Connection
        self._numbers: dict[str, int] = {}  # interface -> place in `interfaces`
        self._interned: dict[tuple[Any, ...], Address] = {}
        self._addresses: dict[int, Address] = {}
        self._metas: dict[int, FlowMeta | None] = {}
        self._links: dict[int, tuple[int, int, int, int]] = {}

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of all interfaces met so far."""
        return tuple(self._numbers)

    def turn_to(self, connection: apsw.Connection) -> None:
        """Read another segment from now on."""
        self._connection = connection
        self._addresses.clear()
        self._metas.clear()
        self._links.clear()

    def fill_addresses(
        self, flows: NDArray[Any], side: str, ids: NDArray[np.int64]
    ) -> list[Address]:
        """Set the addresses of one side; return who they are."""
        found, places = _look_up(ids, self._addresses, self._address)
        flows[side]["addr_hi"] = np.array([end.hi for end in found], np.uint64)[places]
        flows[side]["addr_lo"] = np.array([end.lo for end in found], np.uint64)[places]
        six = np.array([not is_ipv4(end.hi, end.lo) for end in found])
        flows["bits"] |= np.where(six[places], FLOW_IPV6, 0).astype(np.uint16)
        return [found[place] for place in places.tolist()]

    def fill_links(self, flows: NDArray[Any], ids: NDArray[np.int64]) -> None:
        """Set interface, VLAN and MAC addresses."""
        found, places = _look_up(ids, self._links, self._link)
        table = np.array(found, np.int64)[places]
        for column, name in enumerate(("interface", "vlan", "orig_mac", "resp_mac")):
            flows[name] = table[:, column]

    def find_metas(self, ids: NDArray[np.int64]) -> list[FlowMeta | None]:
        """Return the metadata of flows; equal ones are one object."""
        found, places = _look_up(ids, self._metas, self._meta)
        return [found[place] for place in places.tolist()]

    def _address(self, number: int) -> Address:
        packed, *place = self._one(_ADDR, number)
        key = (packed, *place)
        address = self._interned.get(key)
        if address is None:
            address = Address(*unpack_address(packed))
            address.country, address.asn, address.org, address.city = place[:4]
            address.latitude, address.longitude = place[4:6]
            address.local = bool(place[6])
            if len(self._interned) >= MAX_KNOWN:
                self._interned.clear()
            self._interned[key] = address
        return address

    def _meta(self, number: int) -> FlowMeta | None:
        if not number:
            return None
        values = list(self._one(_META, number))
        values[_ANSWERS] = tuple(values[_ANSWERS].split())
        return FlowMeta(**dict(zip(META_FIELDS, values, strict=True)))

    def _link(self, number: int) -> tuple[int, int, int, int]:
        interface, vlan, src_mac, dst_mac = self._one(_LINK, number)
        place = self._numbers.setdefault(interface, len(self._numbers))
        return place, vlan, src_mac, dst_mac

    def _one(self, query: str, number: int) -> tuple[Any, ...]:
        row: Any = self._connection.execute(query, (number,)).fetchone()
        if row is None:
            raise apsw.CorruptError(f"dictionary entry {number} is missing")
        return tuple(row)


def _look_up(
    ids: NDArray[np.int64], known: dict[int, T], fetch: Callable[[int], T]
) -> tuple[list[T], NDArray[np.intp]]:
    """Return the entries of some ids, each once, and where each id's entry stands among them."""
    numbers, places = np.unique(ids, return_inverse=True)
    if len(known) > MAX_KNOWN:
        known.clear()
    found = []
    for number in numbers.tolist():
        entry = known.get(number)
        if entry is None:
            entry = known[number] = fetch(number)
        found.append(entry)
    return found, places
