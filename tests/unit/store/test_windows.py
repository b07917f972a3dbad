"""Fingerprints: what is written comes back, idle hosts cost nothing, floods are bounded."""

import sqlite3

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.address import parse_address
from appliance.model.contact import HOST_DTYPE
from appliance.model.window import CLASSIC, COLUMN, FEATURES, WindowBatch
from appliance.store import windows
from appliance.store.files import segment_path
from appliance.store.schema import SEGMENT, migrate
from appliance.store.windows import WindowRows, choose_hosts
from tests.support.flowbatches import T0_S, batch, flow

DAY = 86_400
EVER = (0.0, 4e9)


def window(hosts, start_s=T0_S, values=None, inside=1):
    made = np.zeros(len(hosts), HOST_DTYPE)
    for row, text in zip(made, hosts, strict=True):
        row["hi"], row["lo"] = parse_address(text)
    made["inside"] = inside
    if values is None:
        values = np.arange(len(hosts) * len(FEATURES), dtype=np.float32) + 1
    values = np.asarray(values, np.float32).reshape(len(hosts), len(FEATURES))
    scores = [np.linspace(0.1, 0.9, len(hosts), dtype=np.float32) * n for n in (1, -1, 0.5)]
    return WindowBatch(float(start_s), 600.0, made, values, *scores)


def test_what_is_written_comes_back_oldest_first(bench):
    writer = bench.writer()
    first, second = window(["10.0.0.2", "2001:db8::1"]), window(["10.0.0.2"], T0_S + 600)
    writer.write_windows(second)
    writer.write_windows(first)
    writer.flush()
    found = bench.reader(writer).windows(*EVER)
    assert found.hosts == ["10.0.0.2", "2001:db8::1", "10.0.0.2"]
    assert found.start_s.tolist() == [T0_S, T0_S, T0_S + 600]
    assert found.length_s.tolist() == [600.0] * 3
    np.testing.assert_array_equal(found.values, np.concatenate((first.values, second.values)))
    assert found.values.dtype == np.float32
    judged = np.stack((first.evidence, first.model, first.score), axis=1)
    np.testing.assert_array_equal(found.scores[:2], judged)
    assert writer.statistics().windows == 3


@given(
    st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False),
        min_size=len(FEATURES),
        max_size=len(FEATURES),
    )
)
def test_every_number_comes_back(values):
    connection = apsw.Connection(":memory:")
    migrate(connection, SEGMENT, "test.db")
    rows = WindowRows(connection)
    made = window(["10.0.0.1"], values=values)
    rows.add(made)
    rows.insert(connection)
    stored = connection.execute("SELECT * FROM host_window").fetchone()
    found = windows._to_arrays([stored], [list(windows._REST)])
    np.testing.assert_array_equal(found.values, made.values)
    connection.close()


def test_one_host_and_a_range(bench):
    writer = bench.writer()
    for step in range(-3, 4):  # over midnight: two segments
        start_s = T0_S // DAY * DAY + DAY + 600 * step
        writer.write_windows(window(["10.0.0.1", "10.0.0.2"], start_s))
    writer.flush()
    midnight = T0_S // DAY * DAY + DAY
    reader = bench.reader(writer)
    found = reader.host_windows("10.0.0.2", midnight - 1_200, midnight + 1_200, 100)
    assert [row.start - midnight for row in found] == [-1_200, -600, 0, 600]
    assert found[0].values["total_flows"] == len(FEATURES) + COLUMN["total_flows"] + 1
    newest = reader.host_windows("10.0.0.2", *EVER, 2)
    assert [row.start - midnight for row in newest] == [1_200, 1_800]
    assert reader.windows(midnight, midnight, "").hosts == []
    assert reader.host_windows("10.0.0.9", *EVER, 10) == []
    assert len(reader.windows(*EVER, limit=5).hosts) == 5


def test_other_programs_see_the_seven_under_their_names(bench):
    writer = bench.writer()
    writer.write_windows(window(["10.0.0.1"]))
    bench.close(writer)
    path = next(bench.path.glob("flow-*.db"))
    with sqlite3.connect(path) as connection:
        cursor = connection.execute("SELECT * FROM host_behavior_summary")
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
    connection.close()
    assert names == ["host_ip", "window_start", *CLASSIC]
    assert (row["host_ip"], row["window_start"]) == ("10.0.0.1", "2025-10-09 09:00:00")
    assert isinstance(row["total_flows"], int)
    assert row["total_flows"] == COLUMN["total_flows"] + 1


def test_idle_hosts_are_not_written(bench):
    writer = bench.writer()
    made = window(["10.0.0.1", "10.0.0.2", "10.0.0.3"])
    made.values[1] = 0
    writer.write_windows(made)
    writer.write_windows(window(["10.0.0.1"], T0_S + 600, np.zeros(len(FEATURES))))
    writer.flush()
    assert bench.reader(writer).windows(*EVER).hosts == ["10.0.0.1", "10.0.0.3"]


def test_a_flood_of_hosts_leaves_room_for_ours_and_for_what_stands_out(monkeypatch):
    monkeypatch.setattr(windows, "MAX_HOSTS", 4)
    made = window([f"10.0.0.{n}" for n in range(1, 9)])
    made.hosts["inside"] = [0, 1, 0, 1, 0, 0, 0, 0]
    made.score[:] = [0.1, 0.0, 0.9, 0.0, 0.2, 0.8, 0.3, 0.3]
    chosen, left_out = choose_hosts(made)
    assert left_out == 4
    assert (chosen.hosts["lo"] & 255).tolist() == [2, 3, 4, 6]
    assert len(chosen.values) == len(chosen.score) == 4
    whole = window(["10.0.0.1"])
    assert choose_hosts(whole) == (whole, 0)


def test_what_waits_is_bounded(bench, monkeypatch):
    monkeypatch.setattr(windows, "MAX_WAITING", 3)
    writer = bench.writer()
    for step in range(3):
        writer.write_windows(window(["10.0.0.1", "10.0.0.2"], T0_S + 600 * step))
    assert writer.statistics().refused == 4
    writer.flush()
    assert writer.statistics().windows == 2
    writer.write_windows(window(["10.0.0.1"]))  # there is room again
    assert writer.statistics().refused == 4


def test_damaged_numbers_do_no_harm(bench):
    writer = bench.writer()
    made = window(["10.0.0.1"])
    made.values[0, :3] = [np.nan, np.inf, -np.inf]
    made.score[:] = np.nan
    writer.write_windows(made)
    writer.flush()
    found = bench.reader(writer).windows(*EVER)
    assert found.values[0, :4].tolist() == [0, 0, 0, 4]
    assert found.scores[0, 2] == 0


def test_of_two_halves_of_a_window_the_fuller_one_stays(bench):
    writer = bench.writer()
    full, less = window(["10.0.0.1"]), window(["10.0.0.1"])
    less.values[0, COLUMN["total_flows"]] = 2
    for made in (full, less):
        writer.write_windows(made)
        writer.flush()
    np.testing.assert_array_equal(bench.reader(writer).windows(*EVER).values, full.values)


def test_features_are_found_by_name_when_another_version_wrote_them(bench):
    writer = bench.writer()
    writer.write_windows(window(["10.0.0.1"]))
    writer.flush()
    bench.close(writer)
    (path,) = bench.path.glob("flow-*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE layout SET names = 'gone icmp unheard_of night'")
        rest = np.array([5, 6, 7, 8], "<f4").tobytes()
        connection.execute("UPDATE host_window SET rest = ?", (rest,))
    connection.close()
    writer = bench.writer()
    writer.write_windows(window(["10.0.0.2"]))
    writer.flush()
    found = bench.reader(writer).windows(*EVER)
    assert found.values[0, COLUMN["icmp"]] == 6
    assert found.values[0, COLUMN["night"]] == 8
    assert np.count_nonzero(found.values[0]) == len(CLASSIC) + 2
    assert found.values[1, COLUMN["icmp"]] == COLUMN["icmp"] + 1


@pytest.fixture
def shipped(bench):
    """A segment with flows as the version before fingerprints left it."""
    writer = bench.writer()
    writer.write(batch([flow()]))
    bench.close(writer)
    (path,) = bench.path.glob("flow-*.db")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP VIEW host_behavior_summary")
        connection.execute("DROP TABLE host_window")
        connection.execute("DROP TABLE layout")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    main = bench.path / "main.db"
    with sqlite3.connect(main) as connection:
        for table in ("alert", "alert_body", "incident", "mute", "habit", "state"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    return path


def test_a_store_with_data_in_it_is_brought_up_to_date(bench, shipped):
    writer = bench.writer()
    writer.write_windows(window(["10.0.0.1"]))
    writer.flush()
    assert writer.statistics().damaged == ()
    reader = bench.reader(writer)
    assert reader.stats().flows == 1
    assert reader.windows(*EVER).hosts == ["10.0.0.1"]
    assert writer.load_open().alerts == []


def test_windows_of_a_day_without_flows_have_their_segment(bench):
    writer = bench.writer()
    writer.write_windows(window(["10.0.0.1"], T0_S + 3 * DAY))
    writer.flush()
    (key,) = bench.reader(writer)._views.segments()
    assert segment_path(bench.path, key).exists()
    assert key.day == T0_S // DAY + 3
    bench.close(writer)
    assert bench.reader().windows(*EVER).hosts == ["10.0.0.1"]
    assert bench.reader().stats().flows == 0
