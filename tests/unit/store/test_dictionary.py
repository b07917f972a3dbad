"""Dictionaries: what gets an id, and that memory is bounded."""

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.meta import FlowMeta
from appliance.store import dictionary as module
from appliance.store.dictionary import META_FIELDS, Dictionary, Recent
from appliance.store.schema import SEGMENT, migrate
from tests.support.flowbatches import address, batch, flow


@pytest.fixture
def connection():
    made = apsw.Connection(":memory:")
    migrate(made, SEGMENT, "test.db")
    yield made
    made.close()


def stored(connection, table):
    return [row[1:] for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]


def test_one_address_has_one_id_however_often_it_occurs(connection):
    known = Dictionary(connection)
    a, b = address("10.0.0.1"), address("2001:db8::1", "DE", asn=7, org="Seven", city="Bonn",
                                        latitude=50.7, longitude=7.1)  # fmt: skip
    references = known.refer(batch([flow(a, b), flow(b, a), flow(a, a)]))
    assert references.src.tolist() == [1, 2, 1]
    assert references.dst.tolist() == [2, 1, 1]
    known.insert(connection)
    assert stored(connection, "addr") == [(b"\x0a\0\0\x01", 1, 1_760_000_400),
                                          (b.packed, 2, 1_760_000_400)]  # fmt: skip
    assert stored(connection, "place") == [
        ("", 0, "", "", None, None, 1),
        ("DE", 7, "Seven", "Bonn", 50.7, 7.1, 0),
    ]


def test_an_address_made_anew_is_recognised(connection):
    known = Dictionary(connection)
    known.refer(batch([flow("10.0.0.1", "192.0.2.1")]))
    again = known.refer(batch([flow("192.0.2.1", "10.0.0.1")]))
    assert (again.src.tolist(), again.dst.tolist()) == ([2], [1])


def test_an_address_whose_geography_changed_gets_a_second_row(connection):
    known = Dictionary(connection)
    known.refer(batch([flow("10.0.0.1", address("192.0.2.1", "DE"))]))
    references = known.refer(batch([flow("10.0.0.1", address("192.0.2.1", "FR"))]))
    assert references.dst.tolist() == [3]
    assert [place[1] for place in known.place_rows] == ["", "DE", "FR"]


def test_ids_of_another_segment_are_not_taken(connection):
    """Address.row outlives the day: the next day's dictionary must not believe it."""
    first, second = Dictionary(connection), Dictionary(connection)
    shared = address("10.0.0.1")
    for number in range(3):
        first.refer(batch([flow(f"192.0.2.{number}", shared)]))
    assert second.refer(batch([flow(shared, "198.51.100.1")])).src.tolist() == [1]
    assert first.refer(batch([flow(shared, "198.51.100.1")])).src.tolist() == [2]


def test_ids_go_on_after_a_restart(connection):
    known = Dictionary(connection)
    known.refer(batch([flow("10.0.0.1", "10.0.0.2", meta=FlowMeta(service="dns"))]))
    known.insert(connection)
    later = Dictionary(connection)
    references = later.refer(batch([flow("10.0.0.3", "10.0.0.4", meta=FlowMeta(service="ssh"))]))
    assert references.src.tolist() == [3]
    assert references.meta[0] > 1
    later.insert(connection)
    assert connection.execute("SELECT count(*) FROM addr").get == 4


metas = st.builds(
    FlowMeta,
    service=st.sampled_from(["", "dns", "tls"]),
    name=st.sampled_from(["", "a.example", "b.example"]),
    dns_answers=st.sampled_from([(), ("192.0.2.1",), ("192.0.2.1", "a b")]),
    user_agent=st.sampled_from(["", "x", "é" * 5_000]),
    http_path=st.text(max_size=3),
)


@given(st.lists(st.none() | metas, max_size=20))
def test_metadata_comes_back_and_its_id_tells_of_a_name(found):
    connection = apsw.Connection(":memory:")
    migrate(connection, SEGMENT, "test.db")
    known = Dictionary(connection)
    made = batch([flow(meta=meta) for meta in found])
    ids = known.refer(made).meta.tolist()
    assert known.refer(made).meta.tolist() == ids
    known.insert(connection)
    for meta, number in zip(found, ids, strict=True):
        values = [getattr(meta or FlowMeta(), name) for name in META_FIELDS]
        expected = [" ".join(value) if isinstance(value, tuple) else value for value in values]
        expected = tuple(value[: module.MAX_TEXT] for value in expected)
        if not any(expected):
            assert number == 0
            continue
        row = connection.execute("SELECT * FROM meta WHERE id = ?", (number,)).fetchone()
        assert row[1:] == expected
        assert (number % 2 == 0) == bool(meta.name)
    rows = stored(connection, "meta")
    assert len(rows) == len(set(rows))
    connection.close()


def test_links_differ_by_interface_vlan_and_macs(connection):
    known = Dictionary(connection)
    rows = [flow(), flow(vlan=5), flow(orig_mac=1), flow(resp_mac=1), flow(interface=1),
            flow(interface=9), flow(vlan=5)]  # fmt: skip
    links = known.refer(batch(rows, ("eth0", "eth1"))).link.tolist()
    assert links == [1, 2, 3, 4, 5, 6, 2]
    assert known.link_rows[4] == (5, "eth1", 0, 0, 0)
    assert known.link_rows[5][1] == ""
    # another worker numbers its interfaces differently
    assert known.refer(batch([flow()], ("eth1",))).link.tolist() == [5]


def test_a_flood_of_addresses_plateaus(connection, monkeypatch):
    """A sweep from forged addresses: memory stays, every flow still has its ids."""
    monkeypatch.setattr(module, "MAX_KNOWN", 64)
    monkeypatch.setattr(module, "MAX_METAS", 64)
    known = Dictionary(connection)
    seen = set()
    for number in range(40):
        made = batch(
            [flow(f"172.16.{number}.{host}", "10.0.0.1", orig_mac=number * 50 + host,
                  meta=FlowMeta(name=f"{number}.{host}")) for host in range(50)]
        )  # fmt: skip
        seen.update(known.refer(made).src.tolist())
        known.insert(connection)
        known.settle()
    assert len(seen) == 2_000
    for cache in (known._addresses, known._places, known._metas, known._stored, known._links):
        assert len(cache._new) + len(cache._old) <= 2 * cache._limit
    assert known.addr_rows == known.meta_rows == known.link_rows == known.place_rows == []


@given(st.lists(st.integers(0, 30), max_size=200))
def test_recent_keeps_the_newest_and_never_lies(keys):
    recent: Recent[int] = Recent(8)
    for key in keys:
        assert recent.get(key) in {0, key + 1}
        recent.put(key, key + 1)
        assert recent.get(key) == key + 1
        assert len(recent._new) + len(recent._old) <= 16
    newest = list(dict.fromkeys(reversed(keys)))[:8]
    assert all(recent.get(key) == key + 1 for key in newest)


def test_an_empty_batch_refers_to_nothing(connection):
    references = Dictionary(connection).refer(batch([]))
    assert [column.tolist() for column in references] == [[], [], [], []]
    assert all(column.dtype == np.int64 for column in references)
