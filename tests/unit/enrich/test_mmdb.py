import os

import geoip2.database
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.enrich.mmdb import NOTHING, Database, Record, clean, read_record
from appliance.errors import DataError

CITY = {
    "city": {"names": {"en": "Köln", "de": "Köln"}},
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "registered_country": {"iso_code": "FR"},
    "location": {"latitude": 50.9375, "longitude": 6.9603},
}
ASN = {"autonomous_system_number": 15169, "autonomous_system_organization": "Google LLC"}
FLAT = {"country_code": "FR", "city": "Lyon", "latitude": 45.75, "longitude": 4.85, "state1": "ARA"}


@pytest.fixture(scope="module")
def sample(tmp_path_factory, write_mmdb):
    path = tmp_path_factory.mktemp("mmdb") / "sample.mmdb"
    return write_mmdb(path, {"1.2.3.0/24": CITY, "2001:db8::/32": FLAT})


@pytest.fixture
def open_database():
    opened = []

    def open_one(path):
        opened.append(Database(path))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


def test_nested_schema_equals_geoip2(write_mmdb, open_database, tmp_path):
    city = write_mmdb(tmp_path / "c.mmdb", {"1.2.3.0/24": CITY, "2001:db8::/32": CITY})
    asn = write_mmdb(tmp_path / "a.mmdb", {"1.2.0.0/16": ASN}, "GeoLite2-ASN")
    database, networks = open_database(city), open_database(asn)
    with geoip2.database.Reader(city) as oracle:
        for ip in ("1.2.3.4", "2001:db8:1::5"):
            theirs, ours = oracle.city(ip), database.look_up(ip)
            assert ours.country == theirs.country.iso_code == "DE"
            assert ours.city == theirs.city.name == "Köln"
            assert ours.latitude == theirs.location.latitude
            assert ours.longitude == theirs.location.longitude
    with geoip2.database.Reader(asn) as oracle:
        theirs, ours = oracle.asn("1.2.200.1"), networks.look_up("1.2.200.1")
        assert (ours.asn, ours.org) == (
            theirs.autonomous_system_number,
            theirs.autonomous_system_organization,
        )
    assert database.look_up("9.9.9.9") == networks.look_up("9.9.9.9") == NOTHING


def test_flat_schema(write_mmdb, open_database, tmp_path):
    path = write_mmdb(tmp_path / "f.mmdb", {"5.6.0.0/16": FLAT}, "city ipv4", 4)
    database = open_database(path)
    assert database.look_up("5.6.7.8") == Record("FR", 0, "", "Lyon", 45.75, 4.85)
    assert database.describe()[0] == "city ipv4"


def test_database_of_ipv4_alone_knows_nothing_of_ipv6(write_mmdb, open_database, tmp_path):
    database = open_database(write_mmdb(tmp_path / "f.mmdb", {"5.6.0.0/16": FLAT}, "x", 4))
    assert database.look_up("2001:db8::1") == NOTHING
    assert database.damaged_records == 0


@pytest.mark.parametrize(
    ("found", "record"),
    [
        ({"asn": "AS15169", "as_name": "Google", "country": "us"}, Record("US", 15169, "Google")),
        ({"as_number": 7, "organization": " x\n y "}, Record(asn=7, org="x  y")),
        ({"autonomous_system_number": "64500", "org": 5}, Record(asn=64500)),
        ({"country": {}, "city": {}, "location": {}}, NOTHING),
        ({"country": {"iso_code": None}, "city": {"names": {"de": "K"}}}, NOTHING),
        ({"country_code": "ZZ"}, NOTHING),
        ({"country_code": "D"}, NOTHING),
        ({"country_code": "ÄÖ"}, NOTHING),
        ({"latitude": "45.5", "longitude": "4"}, Record(latitude=45.5, longitude=4.0)),
        ({"latitude": 91, "longitude": 4}, NOTHING),
        ({"latitude": float("nan"), "longitude": 4}, NOTHING),
        ({"latitude": 4}, NOTHING),
        ({"asn": -5}, NOTHING),
        ({"asn": 1 << 33}, NOTHING),
        ({"asn": "AS9" * 50}, NOTHING),
        ({"location": {"latitude": [], "longitude": {}}}, NOTHING),
    ],
)
def test_records(found, record):
    assert read_record(found) == record


def test_names_are_one_printable_line():
    assert clean("a\u202eb\tc" + "d" * 500) == "ab c" + "d" * 92
    assert clean(b"bytes") == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
KEYS = ("country", "country_code", "city", "location", "latitude", "longitude", "asn", "org")


@given(st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_record_is_read(found):
    record = read_record(found)
    assert record.country == "" or (len(record.country) == 2 and record.country.isupper())
    assert 0 <= record.asn < 1 << 32
    assert (record.latitude is None) == (record.longitude is None)


def test_missing_empty_and_foreign_files_are_refused(tmp_path):
    for name, raw in (("empty", b""), ("text", b"not a database" * 100), ("folder", None)):
        path = tmp_path / name
        path.mkdir() if raw is None else path.write_bytes(raw)
        with pytest.raises(DataError, match=name):
            Database(path)
    with pytest.raises(DataError, match="nowhere"):
        Database(tmp_path / "nowhere")


def test_cut_short_is_refused_or_harmless(sample, tmp_path):
    raw = sample.read_bytes()
    lengths = [*range(0, len(raw), 29), *range(len(raw) - 12, len(raw))]
    refused = 0
    for length in lengths:
        path = tmp_path / "cut.mmdb"
        path.write_bytes(raw[:length])
        try:
            database = Database(path)
        except DataError:
            refused += 1
        else:
            database.look_up("1.2.3.4")
            database.close()
    assert refused >= len(lengths) - 4  # the end of the last metadata field is dispensable


@given(at=st.integers(0, 10_000), flip=st.integers(1, 255))
def test_damage_anywhere_never_ends_the_process(sample, at, flip):
    raw = bytearray(sample.read_bytes())
    raw[at % len(raw)] ^= flip
    path = sample.with_name("damaged.mmdb")
    path.write_bytes(raw)
    try:
        database = Database(path)
    except DataError:
        return
    for ip in ("1.2.3.4", "2001:db8::1"):
        assert isinstance(database.look_up(ip), Record)
    database.describe()
    database.close()


def test_flipped_bit_that_crashes_the_c_reader(sample, tmp_path, open_database):
    path = tmp_path / "flipped.mmdb"
    whole = sample.read_bytes()
    flipped = whole.replace(b"Dcity", b"\xc4city")  # a key that is a number
    assert flipped != whole
    path.write_bytes(flipped)
    assert open_database(path).look_up("1.2.3.4").city == ""


def test_damaged_record_is_counted(write_mmdb, tmp_path, open_database):
    path = write_mmdb(tmp_path / "c.mmdb", {"1.2.3.0/24": CITY})
    raw = path.read_bytes()
    path.write_bytes(raw.replace("Köln".encode(), b"\xff\xfe\xff\xfe\xff"))
    database = open_database(path)
    assert database.look_up("1.2.3.4") == NOTHING
    assert database.damaged_records == 1


def test_reload_takes_the_new_file_only_when_it_changed(write_mmdb, open_database, tmp_path):
    path = write_mmdb(tmp_path / "c.mmdb", {"1.2.3.0/24": CITY})
    database = open_database(path)
    assert database.reload() is None
    write_mmdb(path, {"1.2.3.0/24": FLAT}, ip_version=4)
    assert database.look_up("1.2.3.4").country == "DE"
    assert database.reload() == ""
    assert database.look_up("1.2.3.4").country == "FR"
    assert database.look_up("2001:db8::1") == NOTHING
    assert database.reload() is None


def test_reload_keeps_the_old_file_when_the_new_one_is_bad(write_mmdb, open_database, tmp_path):
    path = write_mmdb(tmp_path / "c.mmdb", {"1.2.3.0/24": CITY})
    database = open_database(path)
    bad = tmp_path / "bad"
    bad.write_bytes(b"half")
    bad.rename(path)
    assert "c.mmdb" in (database.reload() or "")
    assert database.reload() is None  # said once
    path.unlink()
    assert "cannot read" in (database.reload() or "")
    assert database.reload() is None
    assert database.look_up("1.2.3.4").country == "DE"
    assert database.failed_reloads == 2
    write_mmdb(path, {"1.2.3.0/24": FLAT})
    assert database.reload() == ""
    assert database.look_up("1.2.3.4").country == "FR"


def test_a_touched_file_is_reopened(write_mmdb, open_database, tmp_path):
    path = write_mmdb(tmp_path / "c.mmdb", {"1.2.3.0/24": CITY})
    database = open_database(path)
    os.utime(path, ns=(1, 1))
    assert database.reload() == ""
