"""The user's own databases: any MMDB file, MaxMind's nested records or the flat ones.

Replace such a file by renaming a new one over it, as geoipupdate does: it is mapped, and one that
is cut short in place takes its pages away from the process.
"""

import math
import struct
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from appliance.errors import DataError

# The C reader takes 4 us a look-up instead of 27, but one flipped bit in the file can make it end
# the process; the Python one raises. Only the user's own files are read here, once an address.
READER = maxminddb.MODE_MMAP
DAMAGE = (
    maxminddb.InvalidDatabaseError, ValueError, TypeError, LookupError, ArithmeticError,
    RecursionError, struct.error,
)  # fmt: skip

MAX_NAME_CHARS = 96
PROBES = 64  # addresses looked up before a file is trusted

NUMBER_KEYS = ("autonomous_system_number", "asn", "as_number")
ORGANISATION_KEYS = (
    "autonomous_system_organization", "autonomous_system_organisation", "as_organization",
    "as_name", "as_org", "organization", "organisation", "org",
)  # fmt: skip

Stamp = tuple[int, int, int]  # mtime in ns, size, inode


class Record(NamedTuple):
    """What one database says about one address; fields it does not know are empty."""

    country: str = ""  # ISO 3166-1 alpha-2
    asn: int = 0
    org: str = ""
    city: str = ""
    latitude: float | None = None  # degrees, both or none
    longitude: float | None = None


NOTHING = Record()


class Database:
    """One MMDB file, reopened when it changes. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        """Open the file; DataError if it is missing or damaged."""
        self.path = path
        self.damaged_records = 0
        self.failed_reloads = 0
        self._stamp = _stamp_of(path)
        self._reader = _open_checked(path)
        self._knows_ipv6 = self._reader.metadata().ip_version == 6

    def look_up(self, ip: str) -> Record:
        """Return what is known about an address in text form; a damaged record is counted."""
        if not self._knows_ipv6 and ":" in ip:
            return NOTHING
        try:
            found = self._reader.get(ip)
        except DAMAGE:
            self.damaged_records += 1
            return NOTHING
        return read_record(found) if isinstance(found, dict) else NOTHING

    def reload(self) -> str | None:
        """Reopen the file if it changed. None: it did not; "": done; else why it could not be.

        A file that cannot be used leaves the old one in place and is tried again once it changes.
        """
        try:
            stamp = _stamp_of(self.path)
        except DataError as error:
            stamp, reason = (0, 0, 0), str(error)
        else:
            reason = ""
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            reader = None if reason else _open_checked(self.path)
        except DataError as error:
            reader, reason = None, str(error)
        if reader is None:
            self.failed_reloads += 1
            return reason
        self._reader.close()
        self._reader = reader
        self._knows_ipv6 = reader.metadata().ip_version == 6
        return ""

    def describe(self) -> tuple[str, int]:
        """Return the database's type and when it was built, s since the epoch."""
        metadata = self._reader.metadata()
        built_s = metadata.build_epoch
        return clean(metadata.database_type), built_s if isinstance(built_s, int) else 0

    def close(self) -> None:
        """Close the file; no look-up may follow."""
        self._reader.close()


def read_record(found: dict[str, Any]) -> Record:
    """Return a record of either schema; values of the wrong type or out of range are left out."""
    country, city, place = found.get("country"), found.get("city"), found.get("location")
    if isinstance(country, dict):
        country = country.get("iso_code")
    if isinstance(city, dict):
        names = city.get("names")
        city = names.get("en") if isinstance(names, dict) else ""
    latitude, longitude = _position(place if isinstance(place, dict) else found)
    return Record(
        country=_country(found.get("country_code", country)),
        asn=_number(_first(found, NUMBER_KEYS)),
        org=clean(_first(found, ORGANISATION_KEYS)),
        city=clean(city),
        latitude=latitude,
        longitude=longitude,
    )


def clean(text: object) -> str:
    """Return a name as one printable line, "" for anything but text."""
    if not isinstance(text, str):
        return ""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return text.strip()[:MAX_NAME_CHARS]


def _first(found: dict[str, Any], keys: tuple[str, ...]) -> object:
    return next((found[key] for key in keys if found.get(key)), None)


def _country(code: object) -> str:
    good = isinstance(code, str) and len(code) == 2 and code.isascii() and code.isalpha()
    code = str(code).upper() if good else ""
    return "" if code in {"XX", "ZZ"} else code


def _number(value: object) -> int:
    """Return an AS number from 15169, "15169" or "AS15169"."""
    if isinstance(value, str):
        digits = value.upper().removeprefix("AS")
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else 0
    return value if isinstance(value, int) and 0 < value < 1 << 32 else 0


def _position(found: dict[str, Any]) -> tuple[float | None, float | None]:
    try:
        latitude, longitude = float(found["latitude"]), float(found["longitude"])
    except (KeyError, TypeError, ValueError):
        return None, None
    if math.isfinite(latitude + longitude) and abs(latitude) <= 90 and abs(longitude) <= 180:
        return latitude, longitude
    return None, None


def _stamp_of(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    return status.st_mtime_ns, status.st_size, status.st_ino


def _open_checked(path: Path) -> maxminddb.Reader:
    """Open a file and look a few addresses up; DataError if either fails."""
    try:
        reader = maxminddb.open_database(path, READER)
    except (OSError, *DAMAGE) as error:
        raise DataError(f"cannot use {path} as an MMDB database: {error}") from error
    try:
        _probe(reader)
    except DAMAGE as error:
        reader.close()
        raise DataError(f"{path} is damaged: {error}") from error
    return reader


def _probe(reader: maxminddb.Reader) -> None:
    for i in range(PROBES):
        reader.get(ip_address(i << 26))
        if reader.metadata().ip_version == 6:
            reader.get(ip_address(0x20 << 120 | i << 115))
