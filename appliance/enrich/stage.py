"""The enrichment stage: the two addresses of every flow become records of what is known."""

import logging
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import GeoIP
from appliance.enrich.geography import Geography
from appliance.enrich.interned import AddressTable
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.owners import make_marks
from appliance.enrich.vendors import Vendors, describe_mac
from appliance.model.address import Address
from appliance.model.flow import FlowBatch

log = logging.getLogger(__name__)

DATA_FOLDER = Path(__file__).resolve().parent.parent / "data"
CHECK_S = 10.0  # between looks at the user's files
RENEWED_AT_ONCE = 512  # addresses looked up again per refresh after a reload: 15-45 ms


class EnrichStatistics(msgspec.Struct, kw_only=True, frozen=True):
    """The stage's counters since start."""

    addresses: int = 0  # interned now
    created: int = 0
    evicted: int = 0
    unknown: int = 0  # created, not local, and no country was known
    reloads: int = 0
    failed_reloads: int = 0  # a changed file could not be used; the old one stayed
    damaged_records: int = 0  # look-ups that met damage in a user's file


class Enricher:
    """Fills FlowBatch.orig and .resp. One thread; DataError at start if a file is damaged.

    Addresses that are home, private or multicast are local and get no geography. Addresses are
    interned and updated in place when a database changes, so who holds one sees the change.
    """

    def __init__(self, geoip: GeoIP, home: HomeNetworks, data_dir: Path | None = None) -> None:
        folder = data_dir or DATA_FOLDER
        vendors = folder / "vendors.bin"
        self._home = home
        self._geography = Geography(geoip, folder)
        self._vendors = Vendors(vendors) if vendors.exists() else None
        self._table = AddressTable(self._create)
        self._unknown = 0
        self._checked_s = float("-inf")
        self._outdated: list[Address] = []
        missing = [
            name for name in ("addresses.bin", "vendors.bin") if not (folder / name).exists()
        ]
        if missing:
            log.warning("%s not in %s: what they tell is unknown", " and ".join(missing), folder)

    def enrich(self, batch: FlowBatch) -> None:
        """Fill batch.orig and batch.resp: one interned Address a flow.

        cost : 0.2 us a flow of known addresses, 2-3 us a new IPv4 address, twice that for IPv6,
            and 27 us more for each database of the user's
        """
        count = len(batch)
        words = np.empty((2 * count, 2), "<u8")
        for side, rows in (("orig", words[:count]), ("resp", words[count:])):
            rows[:, 0] = batch.flows[side]["addr_hi"]
            rows[:, 1] = batch.flows[side]["addr_lo"]
        found = self._table.resolve(words.view("V16").ravel().tolist())
        batch.orig, batch.resp = found[:count], found[count:]

    def address(self, hi: int, lo: int) -> Address:
        """Return the interned address."""
        return self._table.resolve([hi.to_bytes(8, "little") + lo.to_bytes(8, "little")])[0]

    def vendor(self, mac: int) -> str:
        """Return who made a network card; "" unknown, "Randomised" if the address is made up."""
        return describe_mac(mac, self._vendors)

    def refresh(self, now_s: float) -> None:
        """Look for changed files every CHECK_S and look known addresses up again, a few a call.

        Call it about once a second, on any clock, but always the same.
        """
        if not self._checked_s <= now_s < self._checked_s + CHECK_S:
            self._checked_s = now_s
            if self._geography.reload():
                self._outdated = self._table.everyone()
        if self._outdated:
            renewed = self._outdated[-RENEWED_AT_ONCE:]
            del self._outdated[-RENEWED_AT_ONCE:]
            self._locate(renewed, np.array([(a.hi, a.lo) for a in renewed], np.uint64))
            for address in renewed:
                address.row = 0  # what the store wrote about it is no longer true

    def close(self) -> None:
        """Let go of all files; Addresses stay valid, but nothing new is learnt."""
        self._geography.close()
        self._vendors = None

    def sources(self) -> list[dict[str, str]]:
        """Return what the data is made of and who must be named for it.

        Each: use (country, asn, city, vendor), name, and where known date, version, licence, link,
        notice (to be shown), file (the user's own).
        """
        return self._geography.sources()

    def statistics(self) -> EnrichStatistics:
        """Return the counters."""
        return EnrichStatistics(
            addresses=len(self._table),
            created=self._table.created,
            evicted=self._table.evicted,
            unknown=self._unknown,
            reloads=self._geography.reloads,
            failed_reloads=self._geography.failed_reloads,
            damaged_records=self._geography.damaged_records,
        )

    def _create(self, keys: list[bytes]) -> list[Address]:
        words = np.frombuffer(b"".join(keys), "<u8").reshape(-1, 2)
        addresses = [Address(hi, lo) for hi, lo in words.tolist()]
        self._unknown += self._locate(addresses, words)
        return addresses

    def _locate(self, addresses: list[Address], words: NDArray[np.uint64]) -> int:
        """Set what is known about addresses; return how many are neither local nor known."""
        local = self._home.find_local(words[:, 0], words[:, 1])
        for i in np.flatnonzero(local).tolist():
            addresses[i].local = True
        far = np.flatnonzero(~local)
        remote = [addresses[i] for i in far.tolist()]
        self._geography.fill(remote, words[far, 0], words[far, 1])
        for address in addresses:
            address.marks = make_marks(address)
        return sum(not address.country for address in remote)
