import logging
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schema import GeoIP
from appliance.enrich import geography, stage
from appliance.enrich.interned import AddressTable
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import CHECK_S, Enricher
from appliance.model.address import format_address, parse_address
from appliance.model.flow import FLOW_DTYPE, FlowBatch


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch):
    monkeypatch.setattr(geography, "CITY_PLACES", ())


@pytest.fixture
def enricher(packed_folder):
    opened = Enricher(GeoIP(), HomeNetworks((), ()), packed_folder)
    yield opened
    opened.close()


def make_batch(pairs):
    flows = np.zeros(len(pairs), FLOW_DTYPE)
    for i, pair in enumerate(pairs):
        for side, text in zip(("orig", "resp"), pair, strict=True):
            flows[side]["addr_hi"][i], flows[side]["addr_lo"][i] = parse_address(text)
    return FlowBatch(flows, ("eth0",))


def test_every_flow_gets_its_two_addresses(enricher):
    pairs = [
        ("192.168.1.5", "8.8.8.8"),
        ("2001:4860::7", "fe80::1"),
        ("8.8.8.8", "224.0.0.251"),
        ("198.51.100.1", "192.168.1.5"),
    ]
    batch = make_batch(pairs)
    enricher.enrich(batch)
    found = list(zip(batch.orig, batch.resp, strict=True))
    assert [(orig.ip, resp.ip) for orig, resp in found] == pairs
    assert batch.orig[2] is batch.resp[0]
    assert batch.resp[3] is batch.orig[0]
    assert batch.orig[0] is enricher.address(*parse_address("192.168.1.5"))
    home, google = found[0]
    assert (home.local, home.country, home.asn) == (True, "", 0)
    assert (google.local, google.country, google.asn, google.org) == (
        False, "US", 15169, "Google LLC",
    )  # fmt: skip
    assert (batch.orig[1].country, batch.resp[1].local, batch.resp[2].local) == ("DE", True, True)
    assert enricher.statistics().unknown == 1  # 198.51.100.1
    assert enricher.statistics().addresses == enricher.statistics().created == 7 - 1


def test_empty_batch(enricher):
    batch = make_batch([])
    enricher.enrich(batch)
    assert (batch.orig, batch.resp) == ([], [])


@given(st.lists(st.tuples(st.integers(0, 1 << 128), st.integers(0, 1 << 128)), max_size=30))
def test_any_address(packed_folder, pairs):
    enricher = Enricher(GeoIP(), HomeNetworks((), ()), packed_folder)
    top = (1 << 64) - 1
    flows = np.zeros(len(pairs), FLOW_DTYPE)
    for i, pair in enumerate(pairs):
        for side, value in zip(("orig", "resp"), pair, strict=True):
            flows[side]["addr_hi"][i], flows[side]["addr_lo"][i] = value >> 64 & top, value & top
    for _ in range(2):
        batch = FlowBatch(flows, ())
        enricher.enrich(batch)
        for side, addresses in (("orig", batch.orig), ("resp", batch.resp)):
            words = zip(
                flows[side]["addr_hi"].tolist(), flows[side]["addr_lo"].tolist(), strict=True
            )
            assert [address.ip for address in addresses] == [format_address(*w) for w in words]


def test_home_network_with_public_addresses_is_local(packed_folder):
    enricher = Enricher(GeoIP(), HomeNetworks(("8.8.8.0/25",), ()), packed_folder)
    home, other, private = (
        enricher.address(*parse_address(t)) for t in ("8.8.8.8", "8.8.8.200", "10.0.0.1")
    )
    assert (home.local, home.country) == (True, "")
    assert (other.local, other.country) == (False, "US")
    assert private.local


def test_works_without_data_with_one_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        enricher = Enricher(GeoIP(), HomeNetworks((), ()), tmp_path)
    assert len(caplog.records) == 1
    batch = make_batch([("10.0.0.1", "8.8.8.8")])
    enricher.enrich(batch)
    assert (batch.orig[0].local, batch.resp[0].country, batch.resp[0].org) == (True, "", "")
    assert enricher.vendor(0x001B21000001) == ""
    assert enricher.sources()[0]["notice"] == "not there"


def test_vendor(enricher):
    assert enricher.vendor(0x001B21000001) == "Intel Corporate"
    assert enricher.vendor(0) == ""


def test_refresh_updates_known_addresses_in_place(packed_folder, write_mmdb, tmp_path, monkeypatch):
    monkeypatch.setattr(stage, "RENEWED_AT_ONCE", 2)
    path = write_mmdb(tmp_path / "co.mmdb", {"8.8.8.0/24": {"country_code": "AT"}}, "x")
    enricher = Enricher(GeoIP(country_db=str(path)), HomeNetworks((), ()), packed_folder)
    texts = [f"8.8.8.{i}" for i in range(5)]
    batch = make_batch([(text, "10.0.0.1") for text in texts])
    enricher.enrich(batch)
    enricher.refresh(100.0)
    assert {address.country for address in batch.orig} == {"AT"}

    write_mmdb(path, {"8.8.8.0/24": {"country_code": "FR"}}, "x")
    enricher.refresh(100.0 + CHECK_S / 2)
    assert {address.country for address in batch.orig} == {"AT"}
    for i in range(3):  # 6 addresses, 2 a call
        enricher.refresh(100.0 + CHECK_S + i)
    assert {address.country for address in batch.orig} == {"FR"}
    assert batch.resp[0].local
    again = make_batch([("8.8.8.0", "8.8.8.1")])
    enricher.enrich(again)
    assert again.orig[0] is batch.orig[0]
    assert enricher.statistics().reloads == 1


def test_refresh_keeps_the_old_database_and_counts(packed_folder, write_mmdb, tmp_path):
    path = write_mmdb(tmp_path / "co.mmdb", {"8.8.8.0/24": {"country_code": "AT"}}, "x")
    enricher = Enricher(GeoIP(country_db=str(path)), HomeNetworks((), ()), packed_folder)
    path.unlink()
    for now_s in (0.0, CHECK_S, 2 * CHECK_S, -CHECK_S):  # a clock that is set back does no harm
        enricher.refresh(now_s)
    assert enricher.address(*parse_address("8.8.8.9")).country == "AT"
    assert enricher.statistics().failed_reloads == 1


def test_flood_of_addresses_is_bounded(packed_folder, monkeypatch):
    monkeypatch.setattr(stage, "AddressTable", partial(AddressTable, limit=1_000))
    enricher = Enricher(GeoIP(), HomeNetworks((), ()), packed_folder)
    lows = np.arange(20_000, dtype=np.uint64) + np.uint64((0xFFFF << 32) + (11 << 24))
    for part in lows.reshape(-1, 200):
        flows = np.zeros(len(part), FLOW_DTYPE)
        flows["orig"]["addr_lo"] = part
        enricher.enrich(FlowBatch(flows, ()))
    statistics = enricher.statistics()
    assert statistics.created == 20_001  # and "::"
    assert statistics.addresses <= 1_000 + 2 * 200
    assert statistics.evicted == statistics.created - statistics.addresses


def test_after_closing_nothing_new_is_learnt(packed_folder):
    enricher = Enricher(GeoIP(), HomeNetworks((), ()), packed_folder)
    known = enricher.address(*parse_address("8.8.8.8"))
    enricher.close()
    assert enricher.address(*parse_address("8.8.8.8")) is known
    assert known.country == "US"
    assert enricher.address(*parse_address("8.8.8.9")).country == ""
    assert enricher.vendor(0x001B21000001) == ""


def test_the_same_batches_give_the_same_answers(packed_folder):
    def run():
        enricher = Enricher(GeoIP(), HomeNetworks((), ()), packed_folder)
        random = np.random.default_rng(7)
        answers = []
        for _ in range(3):
            flows = np.zeros(200, FLOW_DTYPE)
            for side in ("orig", "resp"):
                flows[side]["addr_lo"] = random.integers(0, 400, 200) + (0xFFFF << 32 | 0x08080700)
            batch = FlowBatch(flows, ())
            enricher.enrich(batch)
            answers += [(a.ip, a.country, a.asn, a.org, a.local) for a in batch.orig + batch.resp]
        return answers, enricher.statistics()

    assert run() == run()
