import logging

import numpy as np
import pytest

from appliance.config.schema import GeoIP
from appliance.enrich import geography
from appliance.enrich.geography import Geography
from appliance.errors import DataError
from appliance.model.address import Address, parse_address

CITY = {
    "country": {"iso_code": "CH"},
    "city": {"names": {"en": "Bern"}},
    "location": {"latitude": 46.9, "longitude": 7.4},
}


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(geography, "CITY_PLACES", (tmp_path / "places" / "city.mmdb",))


def locate(where, *texts):
    addresses = [Address(*parse_address(text)) for text in texts]
    high = np.array([address.hi for address in addresses], np.uint64)
    where.fill(addresses, high, np.array([address.lo for address in addresses], np.uint64))
    return addresses


def test_packaged_data(packed_folder):
    known, other, v6 = locate(
        Geography(GeoIP(), packed_folder), "8.8.8.8", "8.8.9.8", "2001:4860:4860::8888"
    )
    assert (known.country, known.asn, known.org) == ("US", 15169, "Google LLC")
    assert (other.country, other.asn, other.org) == ("", 0, "")
    assert (v6.country, v6.asn, v6.org) == ("DE", 300, "Café GmbH")
    assert known.city == ""
    assert known.latitude is None


def test_without_packaged_data_all_is_unknown_and_said(tmp_path):
    where = Geography(GeoIP(), tmp_path)
    (address,) = locate(where, "8.8.8.8")
    assert (address.country, address.asn, address.org) == ("", 0, "")
    assert where.sources()[0]["notice"] == "not there"


def test_users_files_go_before_the_package(packed_folder, write_mmdb, tmp_path):
    country = write_mmdb(tmp_path / "co.mmdb", {"8.8.8.0/25": {"country_code": "AT"}}, "x", 4)
    asn = write_mmdb(tmp_path / "as.mmdb", {"8.8.8.0/25": {"asn": "AS77", "as_name": "Own"}}, "y")
    config = GeoIP(country_db=str(country), asn_db=str(asn))
    inside, outside = locate(Geography(config, packed_folder), "8.8.8.8", "8.8.8.200")
    assert (inside.country, inside.asn, inside.org) == ("AT", 77, "Own")
    assert (outside.country, outside.asn, outside.org) == ("US", 15169, "Google LLC")


def test_country_of_the_city_database_goes_before_the_package(packed_folder, write_mmdb, tmp_path):
    city = write_mmdb(tmp_path / "ci.mmdb", {"8.8.8.0/24": CITY})
    country = write_mmdb(tmp_path / "co.mmdb", {"8.8.8.0/25": {"country_code": "AT"}}, "x")
    (address,) = locate(Geography(GeoIP(city_db=str(city)), packed_folder), "8.8.8.8")
    assert (address.country, address.city) == ("CH", "Bern")
    assert (address.latitude, address.longitude) == (46.9, 7.4)
    both = Geography(GeoIP(city_db=str(city), country_db=str(country)), packed_folder)
    (address,) = locate(both, "8.8.8.8")
    assert (address.country, address.city) == ("AT", "Bern")


def test_installed_city_database_is_found_and_named(packed_folder, write_mmdb):
    path = geography.CITY_PLACES[0]
    path.parent.mkdir()
    write_mmdb(path, {"8.8.8.0/24": CITY})
    where = Geography(GeoIP(), packed_folder)
    assert locate(where, "8.8.8.8")[0].city == "Bern"
    source = where.sources()[0]
    assert source["use"] == "city"
    assert source["name"] == "GeoLite2-City"
    assert source["file"] == str(path)
    assert "MaxMind" in source["notice"]
    assert source["date"].startswith("20")
    assert where.sources()[1]["name"] == "Somebody"


def test_damaged_installed_city_database_is_passed_over(packed_folder, caplog):
    path = geography.CITY_PLACES[0]
    path.parent.mkdir()
    path.write_bytes(b"half")
    with caplog.at_level(logging.WARNING):
        where = Geography(GeoIP(), packed_folder)
    assert "passing over" in caplog.text
    assert locate(where, "8.8.8.8")[0].country == "US"


def test_damaged_file_that_was_asked_for_ends_the_start(packed_folder, tmp_path):
    path = tmp_path / "bad.mmdb"
    path.write_bytes(b"half")
    for config in (GeoIP(country_db=str(path)), GeoIP(asn_db=str(path)), GeoIP(city_db=str(path))):
        with pytest.raises(DataError, match=r"bad\.mmdb"):
            Geography(config, packed_folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"sources": 5}', '{"sources": [5]}'])
def test_damaged_attribution_ends_the_start(tmp_path, text):
    (tmp_path / "attribution.json").write_text(text)
    with pytest.raises(DataError, match="attribution"):
        Geography(GeoIP(), tmp_path)


def test_reload_and_what_a_new_file_no_longer_knows(tmp_path, write_mmdb, caplog):
    path = write_mmdb(tmp_path / "ci.mmdb", {"8.8.8.0/24": CITY})
    where = Geography(GeoIP(city_db=str(path)), tmp_path)
    (address,) = locate(where, "8.8.8.8")
    assert not where.reload()
    write_mmdb(path, {"9.9.9.0/24": CITY})
    assert where.reload()
    words = np.array([address.hi], np.uint64), np.array([address.lo], np.uint64)
    where.fill([address], *words)
    assert (address.country, address.city, address.latitude) == ("", "", None)
    path.unlink()
    with caplog.at_level(logging.WARNING):
        assert not where.reload()
        assert not where.reload()
    assert caplog.text.count("keeping the old") == 1
    assert (where.reloads, where.failed_reloads) == (1, 1)
