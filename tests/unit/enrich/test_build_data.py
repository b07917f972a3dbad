import json

import numpy as np
import pytest

from appliance.enrich.ranges import DTYPES as RANGES
from appliance.enrich.vendors import DTYPES as VENDORS


@pytest.fixture
def modules(tmp_path, build_data, monkeypatch):
    """A node_modules folder as npm would leave it, and no lower bound on rows."""
    monkeypatch.setattr(build_data, "FEWEST", dict.fromkeys(build_data.FEWEST, 1))
    folder = tmp_path / "node_modules"
    first, last = 0x2001 << 112, (0x2002 << 112) - 1
    files = {
        f"{build_data.COUNTRY}/dbip-country-ipv4-num.csv": (
            "16777216,16777471,AU\n16777472,16777727,DE\n"
        ),
        f"{build_data.COUNTRY}/dbip-country-ipv6-num.csv": f"{first},{last},FR\n",
        f"{build_data.ASN}/asn-ipv4-num.csv": (
            '16777216,16777471,13335,"Cloudflare, Inc."\n16777472,16777500,65001,AS65001\n'
            "16777501,16777600,77,AS77\n"
        ),
        f"{build_data.ASN}/asn-ipv6-num.csv": f"{first},{first + 5},77,AS77\n",
        f"{build_data.VENDORS}/index.json": json.dumps({"00000A": "OMRON\u00a0CORP\nKyoto\nJapan"}),
        f"{build_data.COUNTRY}/package.json": '{"version": "2.3.2026060120"}',
        f"{build_data.ASN}/package.json": '{"version": "2.3.2026061719"}',
        f"{build_data.VENDORS}/package.json": '{"version": "2.1.9"}',
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def build_from(build_data, modules, target, monkeypatch):
    def fetch(folder):
        modules.parent.joinpath("fetched").touch()
        (folder / "node_modules").symlink_to(modules)

    monkeypatch.setattr(build_data, "fetch", fetch)
    build_data.build(target)


def test_arrays(build_data, modules):
    arrays = build_data.read_addresses(modules)
    assert {name: array.dtype.str for name, array in arrays.items()} == RANGES
    au, de = 1 << 24, 2 << 24
    steps = list(zip(arrays["v4_start"].tolist(), arrays["v4_value"].tolist(), strict=True))
    assert steps == [
        (0, 0), (16777216, au | 1), (16777472, de),
        (16777501, de | 2), (16777601, de), (16777728, 0),
    ]  # fmt: skip
    assert arrays["as_number"].tolist() == [0, 13335, 77]  # RFC 6996 numbers are nobody's
    vendors = build_data.read_vendors(modules)
    assert {name: array.dtype.str for name, array in vendors.items()} == VENDORS


def test_overlapping_ranges_and_gaps(data_format):
    assert data_format.flatten([]) == [(0, 0)]
    assert data_format.flatten([(0, 4, 1)]) == [(0, 1), (5, 0)]
    assert data_format.flatten([(2, 9, 1), (4, 12, 2), (20, 20, 3)]) == [
        (0, 0), (2, 1), (4, 2), (13, 0), (20, 3), (21, 0),
    ]  # fmt: skip
    with pytest.raises(data_format.BuildError, match="not in order"):
        data_format.flatten([(5, 9, 1), (4, 5, 2)])
    with pytest.raises(data_format.BuildError, match="not in order"):
        data_format.flatten([(5, 4, 1)])


def test_same_sources_give_the_same_bytes(build_data, modules, tmp_path, monkeypatch):
    names = ("addresses.bin", "vendors.bin", "attribution.json")
    for target in (tmp_path / "a", tmp_path / "b"):
        build_from(build_data, modules, target, monkeypatch)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(names)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_second_build_does_nothing_and_another_lock_builds_again(
    build_data, modules, tmp_path, monkeypatch
):
    target, fetched = tmp_path / "a", tmp_path / "fetched"
    for expected in (True, False):
        fetched.unlink(missing_ok=True)
        build_from(build_data, modules, target, monkeypatch)
        assert fetched.exists() == expected
    monkeypatch.setattr(build_data, "stamp_of_inputs", lambda: "another lock")
    build_from(build_data, modules, target, monkeypatch)
    assert fetched.exists()


def test_attribution(build_data, modules):
    sources = build_data.list_sources(modules)
    assert {source["use"] for source in sources} == {"country", "asn", "vendor"}
    assert any(s["link"] == "https://db-ip.com" and s["date"] == "2026-06-01" for s in sources)
    for source in sources:
        assert all(isinstance(value, str) for value in source.values())
        assert source["licence"]
        assert source["notice"]


def test_shrunken_or_changed_source_is_refused(build_data, data_format, modules, monkeypatch):
    (modules / build_data.COUNTRY / "dbip-country-ipv4-num.csv").write_text("1,2,Germany\n")
    with pytest.raises(data_format.BuildError, match="Germany"):
        build_data.read_addresses(modules)
    monkeypatch.undo()
    with pytest.raises(data_format.BuildError, match="only 1 vendor rows"):
        build_data.read_vendors(modules)


def test_lock_pins_everything_by_hash_and_names_no_registry(build_data):
    text = (build_data.LOCK_FOLDER / "package-lock.json").read_text()
    assert "http" not in text
    assert "resolved" not in text
    packages = json.loads(text)["packages"]
    wanted = packages.pop("")["dependencies"]
    assert wanted == {n.removeprefix("node_modules/"): p["version"] for n, p in packages.items()}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    manifest = json.loads((build_data.LOCK_FOLDER / "package.json").read_text())
    assert manifest["dependencies"] == wanted


def test_vendor_prefix_of_another_length_is_refused(data_format):
    with pytest.raises(data_format.BuildError, match="prefix"):
        data_format.pack_vendors({"00000": "X"})


def test_long_names_are_cut(data_format):
    offsets, text = data_format.pack_names(["", "a" * 300, "ü" * 96])
    raw = text.tobytes()
    assert raw[offsets[1]] == 255
    assert raw[offsets[2] + 1 :][: raw[offsets[2]]].decode() == "ü" * 96
    assert offsets.dtype == np.uint32
