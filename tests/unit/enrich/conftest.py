"""Tiny data files: packed by the real build, MMDB by the mmdb_writer package."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from appliance.model.address import parse_address

PACKAGING = Path(__file__).resolve().parents[3] / "packaging"


def _import(name):
    sys.path.insert(0, str(PACKAGING))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(PACKAGING))


@pytest.fixture(scope="session")
def data_format():
    return _import("data_format")


@pytest.fixture(scope="session")
def build_data():
    return _import("build_data")


@pytest.fixture(scope="session")
def words():
    """Return words(*texts): high and low words of addresses in text form."""

    def split(*texts):
        pairs = [parse_address(text) for text in texts]
        array = np.array(pairs, np.uint64).reshape(-1, 2)
        return array[:, 0], array[:, 1]

    return split


@pytest.fixture(scope="session")
def packed_folder(tmp_path_factory, data_format):
    """Return a data folder: 8.8.8.0/24 US AS15169, 2001:4860::/32 DE AS64999, Intel and Acme."""
    folder = tmp_path_factory.mktemp("data")
    countries, networks = data_format.Names(""), data_format.Names(0)
    us, de = (countries.add(code, code) << 24 for code in ("US", "DE"))
    google, cafe = networks.add(15169, "Google LLC"), networks.add(300, "Café GmbH")
    v4 = [(0x08080800, 0x080808FF, us | google)]
    v6 = [(0x20014860 << 96, (0x20014861 << 96) - 1, de | cafe)]
    arrays = data_format.pack_addresses(
        data_format.flatten(v4), data_format.flatten(v6), countries, networks
    )
    data_format.write_packed(folder / "addresses.bin", arrays)
    vendors = {
        "001B21": "Intel Corporate",
        "70B3D5": "IEEE Registration Authority",
        "70B3D5001": "Acme\u00a0Small ",
        "8C1F641": "Acme Medium",
        "AA0004": "DEC",
    }
    data_format.write_packed(folder / "vendors.bin", data_format.pack_vendors(vendors))
    (folder / "attribution.json").write_text(
        '{"built_from": "x", "sources": [{"use": "country", "name": "Somebody", "link": "l"}]}'
    )
    return folder


@pytest.fixture(scope="session")
def write_mmdb():
    """Return write(path, {network: record}, kind, ip_version): an MMDB file, put by renaming."""

    def write(path, records, kind="GeoLite2-City", ip_version=6):
        writer = MMDBWriter(ip_version, kind, languages=["en"], ipv4_compatible=ip_version == 6)
        for network, record in records.items():
            writer.insert_network(IPSet([network]), record)
        new = path.with_suffix(".new")
        writer.to_db_file(str(new))
        new.rename(path)
        return path

    return write
