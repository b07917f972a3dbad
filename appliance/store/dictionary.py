"""A segment's dictionaries: addresses, places, metadata and links become small ids.

Rows are only ever appended; what is known already is looked up in bounded memory alone, never on
disk. Something forgotten meanwhile simply gets a second row, which readers expect.
"""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeVar

import apsw
import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.address import Address
from appliance.model.flow import FlowBatch
from appliance.model.meta import FlowMeta
from appliance.store.columns import References

K = TypeVar("K", bound=Hashable)

MAX_KNOWN = 16_384  # addresses; twice that is kept at most, about 7 MB
MAX_METAS = 8_192  # likewise, about 5 MB; of the other dictionaries a fraction suffices
MAX_TEXT = 4_096  # characters of one string; metadata's own caps are lower

META_FIELDS = (
    "service", "name", "sni", "alpn", "ja4", "dns_query", "dns_type", "dns_rcode", "dns_answers",
    "http_host", "user_agent", "ssh_client", "ssh_server",
)  # fmt: skip
_meta_values: Callable[[FlowMeta | None], tuple[Any, ...]] = attrgetter(*META_FIELDS)
_encode = msgspec.msgpack.Encoder().encode  # a cheaper key than the tuple of values
_NAME = META_FIELDS.index("name")
_ANSWERS = META_FIELDS.index("dns_answers")
_place_key: Callable[[Address], tuple[Any, ...]] = attrgetter(
    "country", "asn", "org", "city", "latitude", "longitude", "local"
)

# Address.row is shared by all segments, so it says which one gave it: generation << 32 | id.
_generations = itertools.count(1)
_ID_MASK = 0xFFFFFFFF


class Recent(Generic[K]):
    """A map that keeps at least the last `limit` keys put and at most twice as many."""

    __slots__ = ("_limit", "_new", "_old")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._new: dict[K, int] = {}
        self._old: dict[K, int] = {}

    def get(self, key: K) -> int:
        """Return the id of a key; 0 if it is not known."""
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return 0
            self.put(key, found)
        return found

    @property
    def at_hand(self) -> Mapping[K, int]:
        """What was put last, for looking up many keys; until the next put. Others need `get`."""
        return self._new

    def put(self, key: K, value: int) -> None:
        """Remember a key; the half put longest ago may be forgotten."""
        if len(self._new) >= self._limit:
            self._old = self._new
            self._new = {}
        self._new[key] = value


class Dictionary:
    """Ids of one segment, and the rows that must be inserted for them."""

    def __init__(self, connection: apsw.Connection) -> None:
        """Continue after the rows that are there."""
        self._generation = next(_generations)
        self._addresses: Recent[tuple[str, int]] = Recent(MAX_KNOWN)
        self._places: Recent[tuple[Any, ...]] = Recent(MAX_METAS // 4)
        self._metas: Recent[bytes] = Recent(MAX_METAS)
        self._stored: Recent[tuple[Any, ...]] = Recent(MAX_METAS // 4)
        self._links: Recent[tuple[Any, ...]] = Recent(MAX_METAS // 4)
        self._addr_id = _last(connection, "addr")
        self._place_id = _last(connection, "place")
        self._meta_id = _last(connection, "meta")
        self._link_id = _last(connection, "link")
        self.addr_rows: list[tuple[Any, ...]] = []  # to be inserted; cleared by the owner
        self.place_rows: list[tuple[Any, ...]] = []
        self.meta_rows: list[tuple[Any, ...]] = []
        self.link_rows: list[tuple[Any, ...]] = []

    @property
    def addresses(self) -> int:
        """The highest address id given."""
        return self._addr_id

    def refer(self, batch: FlowBatch) -> References:
        """Return the ids of a batch; sets Address.row."""
        first_s = batch.flows["first_ns"] // 1_000_000_000
        return References(
            src=self._refer_addresses(batch.orig, first_s),
            dst=self._refer_addresses(batch.resp, first_s),
            meta=self._refer_metas(batch.meta),
            link=self._refer_links(batch),
        )

    def insert(self, connection: apsw.Connection) -> None:
        """Insert the new rows, in the caller's transaction."""
        for rows, statement in (
            (self.place_rows, "INSERT INTO place VALUES(?,?,?,?,?,?,?,?)"),
            (self.addr_rows, "INSERT INTO addr VALUES(?,?,?,?)"),
            (self.meta_rows, "INSERT INTO meta VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
            (self.link_rows, "INSERT INTO link VALUES(?,?,?,?,?)"),
        ):
            if rows:
                connection.executemany(statement, rows)

    def settle(self) -> None:
        """Forget the rows that `insert` has brought to disk."""
        for rows in (self.place_rows, self.addr_rows, self.meta_rows, self.link_rows):
            rows.clear()

    def _refer_addresses(
        self, addresses: Sequence[Address], first_s: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        rows = np.array([address.row for address in addresses], np.int64)
        for index in np.flatnonzero(rows >> 32 != self._generation).tolist():
            address = addresses[index]
            if address.row >> 32 != self._generation:  # it may occur twice in the batch
                row = self._add_address(address, int(first_s[index]))
                address.row = self._generation << 32 | row
            rows[index] = address.row
        return rows & _ID_MASK

    def _add_address(self, address: Address, first_s: int) -> int:
        place = self._refer_place(_place_key(address))
        key = (address.ip, place)
        row = self._addresses.get(key)
        if not row:
            self._addr_id = row = self._addr_id + 1
            self._addresses.put(key, row)
            self.addr_rows.append((row, address.packed, place, first_s))
        return row

    def _refer_place(self, key: tuple[Any, ...]) -> int:
        row = self._places.get(key)
        if not row:
            self._place_id = row = self._place_id + 1
            self._places.put(key, row)
            self.place_rows.append((row, *key))
        return row

    def _refer_metas(self, metas: Sequence[FlowMeta | None]) -> NDArray[np.int64]:
        keys = [None if meta is None else _encode(meta) for meta in metas]
        known = self._metas.at_hand.get
        rows = [0 if key is None else known(key) for key in keys]
        for index, row in enumerate(rows):
            if row is None:
                rows[index] = self._add_meta(keys[index], metas[index])
        return np.array(rows, np.int64)

    def _add_meta(self, key: bytes | None, meta: FlowMeta | None) -> int:
        """Return the id: even if the metadata has a name, odd if it has not, 0 if it is empty."""
        assert key is not None
        row = self._metas.get(key)
        if row:
            return row
        values = list(_meta_values(meta))
        values[_ANSWERS] = " ".join(values[_ANSWERS])
        stored = tuple(value[:MAX_TEXT] for value in values)
        row = self._stored.get(stored)
        if not row and any(stored):
            row = self._meta_id + 1
            row += row & 1 != (not stored[_NAME])
            self._meta_id = row
            self._stored.put(stored, row)
            self.meta_rows.append((row, *stored))
        self._metas.put(key, row)
        return row

    def _refer_links(self, batch: FlowBatch) -> NDArray[np.int64]:
        flows, names = batch.flows, batch.interfaces
        keys = list(
            zip(
                [
                    names[index] if index < len(names) else ""
                    for index in flows["interface"].tolist()
                ],
                flows["vlan"].tolist(),
                flows["orig_mac"].tolist(),
                flows["resp_mac"].tolist(),
                strict=True,
            )
        )
        known = self._links.at_hand.get
        rows = [known(key) for key in keys]
        for index, row in enumerate(rows):
            if row is None:
                rows[index] = self._links.get(keys[index]) or self._add_link(keys[index])
        return np.array(rows, np.int64)

    def _add_link(self, key: tuple[Any, ...]) -> int:
        self._link_id = row = self._link_id + 1
        self._links.put(key, row)
        self.link_rows.append((row, *key))
        return row


def _last(connection: apsw.Connection, table: str) -> int:
    query = {
        "addr": "SELECT max(id) FROM addr",
        "place": "SELECT max(id) FROM place",
        "meta": "SELECT max(id) FROM meta",
        "link": "SELECT max(id) FROM link",
    }[table]
    return int(connection.execute(query).get or 0)
