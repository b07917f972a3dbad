"""Where an address is: the packaged data, and the user's databases before it."""

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import GeoIP
from appliance.enrich.mmdb import Database
from appliance.enrich.ranges import Ranges
from appliance.errors import DataError
from appliance.model.address import Address

log = logging.getLogger(__name__)

CITY_PLACES = (  # where geoipupdate and distributions put MaxMind's free city database
    Path("/var/lib/GeoIP/GeoLite2-City.mmdb"),
    Path("/usr/share/GeoIP/GeoLite2-City.mmdb"),
)
MAXMIND = {
    "notice": "This product includes GeoLite2 data created by MaxMind",
    "link": "https://www.maxmind.com",
    "licence": "GeoLite2 End User License Agreement",
}

Words = NDArray[np.uint64]
Source = dict[str, str]


class Geography:
    """Country, AS and city of addresses; DataError at start if a file is damaged.

    The country comes from country_db, else city_db, else the package; the AS from asn_db, else
    the package; city and coordinates from city_db. What one does not know, the next may.
    Without the packaged files everything they would know is unknown.
    """

    def __init__(self, geoip: GeoIP, folder: Path) -> None:
        packaged = folder / "addresses.bin"
        self._ranges = Ranges(packaged) if packaged.exists() else None
        self._attribution = _read_attribution(folder / "attribution.json")
        self._country_db = Database(Path(geoip.country_db)) if geoip.country_db else None
        self._asn_db = Database(Path(geoip.asn_db)) if geoip.asn_db else None
        self._city_db = Database(Path(geoip.city_db)) if geoip.city_db else _find_city_database()
        self._databases = {
            use: database
            for use, database in (
                ("country", self._country_db),
                ("asn", self._asn_db),
                ("city", self._city_db),
            )
            if database
        }
        self.reloads = 0

    @property
    def failed_reloads(self) -> int:
        """Times a changed file could not be used."""
        return sum(database.failed_reloads for database in self._databases.values())

    @property
    def damaged_records(self) -> int:
        """Look-ups that met a damaged record."""
        return sum(database.damaged_records for database in self._databases.values())

    def fill(self, addresses: Sequence[Address], high: Words, low: Words) -> None:
        """Set all geographic fields of addresses whose words are `high` and `low`."""
        if self._ranges is None:
            for address in addresses:
                address.country, address.asn, address.org = "", 0, ""
        else:
            codes = self._ranges.countries
            countries, networks = self._ranges.look_up(high, low)
            known = map(self._ranges.network, networks.tolist())
            for address, country, network in zip(addresses, countries.tolist(), known, strict=True):
                address.country = codes[country]
                address.asn, address.org = network
        if self._databases:
            for address in addresses:
                self._ask_databases(address)

    def reload(self) -> bool:
        """Reopen the user's files that changed; tell whether any did."""
        changed = False
        for database in self._databases.values():
            reason = database.reload()
            if reason:
                log.warning("keeping the old %s: %s", database.path, reason)
            elif reason is not None:
                log.info("reloaded %s", database.path)
                self.reloads += 1
                changed = True
        return changed

    def close(self) -> None:
        """Let go of all files; from now on everything is unknown."""
        self._ranges = self._country_db = self._asn_db = self._city_db = None
        for database in self._databases.values():
            database.close()
        self._databases.clear()

    def sources(self) -> list[Source]:
        """Return what is in use: use, name, date, version, licence, link, notice, and the file."""
        own = [_describe(use, database) for use, database in self._databases.items()]
        return own + self._attribution

    def _ask_databases(self, address: Address) -> None:
        ip = address.ip
        if self._city_db:
            record = self._city_db.look_up(ip)
            address.country = record.country or address.country
            address.city = record.city
            address.latitude, address.longitude = record.latitude, record.longitude
        if self._country_db:
            address.country = self._country_db.look_up(ip).country or address.country
        if self._asn_db:
            record = self._asn_db.look_up(ip)
            if record.asn:
                address.asn, address.org = record.asn, record.org


def _find_city_database() -> Database | None:
    """Open the first usable city database in the usual places; a damaged one is passed over."""
    for path in CITY_PLACES:
        try:
            path.stat()
        except OSError:
            continue
        try:
            return Database(path)
        except DataError as error:
            reason = str(error)  # the error itself would keep the file alive in the record
            log.warning("passing over a city database: %s", reason)
    return None


def _read_attribution(path: Path) -> list[Source]:
    """Return the packaged data's sources, or one record that says they are missing."""
    try:
        sources = json.loads(path.read_text(encoding="utf-8"))["sources"]
        return [{str(key): str(value) for key, value in source.items()} for source in sources]
    except OSError:
        return [{"use": "country, asn, vendor", "name": "packaged data", "notice": "not there"}]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} is damaged: {error}") from error


def _describe(use: str, database: Database) -> Source:
    name, built_s = database.describe()
    date = datetime.fromtimestamp(built_s, UTC).date().isoformat() if 0 < built_s < 1 << 33 else ""
    source = {"use": use, "name": name, "date": date, "version": "", "file": str(database.path)}
    return source | (MAXMIND if name.startswith("GeoLite2") else {})
