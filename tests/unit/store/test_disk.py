"""A disk that is full or breaks while the writer runs, and the limits of the store."""

import ctypes
import logging

import pytest

from appliance.config.schema import Store
from appliance.errors import StoreError
from appliance.model.meta import DeviceFact
from appliance.model.views import FlowFilter
from appliance.store import writer as module
from appliance.store.files import list_segments
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, Network, batch, flow, seconds

EVER = (0.0, 4e9)
DAY = 86_400


def fill_disk(writer, full=True):
    """Let the current segment grow no further, or grow again."""
    connection = writer._pool.newest_first()[0]._connection
    pages = connection.pragma("page_count")
    assert connection.pragma("max_page_count", pages if full else 1_000_000) >= pages


def test_a_full_disk_makes_rows_wait_and_loses_none(bench, caplog):
    writer = bench.writer()
    network = Network(remotes=300)
    writer.write(network.flows(200, T0_S, T0_S + 5))
    writer.tick(T0_S)
    writer.flush()
    fill_disk(writer)
    with caplog.at_level(logging.WARNING):
        for second in range(5, 40, 5):
            writer.write(network.flows(200, T0_S + second, T0_S + second + 5))
            writer.write_traffic(seconds((T0_S + second, 1, 1)))
            writer.tick(T0_S + second)
        assert writer.failure
        assert writer.statistics().flows == 200
        fill_disk(writer, full=False)
        writer.tick(T0_S + 40)
    assert not writer.failure
    assert writer.statistics().flows == 200 * 8
    assert writer.statistics().refused == 0
    reader = bench.reader(writer)
    assert reader.stats().flows == 200 * 8
    assert reader.traffic(T0_S, T0_S + 60, 60)[0].packets == 7
    # said once when it began and once when it ended
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING"]


def test_a_disk_that_stays_full_makes_the_store_refuse_and_count(bench, monkeypatch):
    monkeypatch.setattr(module, "MAX_ROWS", 500)
    writer = bench.writer()
    network = Network(remotes=300)
    writer.write(network.flows(10, T0_S, T0_S + 1))
    writer.flush()
    fill_disk(writer)
    for second in range(0, 100, 5):
        writer.write(network.flows(100, T0_S + second, T0_S + second + 5))
        writer.tick(T0_S + second)
    assert writer._pool.pending == 500
    assert writer.statistics().refused == 20 * 100 - 500
    fill_disk(writer, full=False)
    writer.flush()
    assert writer.statistics().flows == 510
    assert bench.reader(writer).stats().flows == 510


def test_what_a_broken_disk_does_not_take_at_the_end_is_counted(bench):
    writer = bench.writer()
    writer.write(Network(remotes=300).flows(300, T0_S, T0_S + 1))
    writer.flush()
    fill_disk(writer)
    writer.write(Network(remotes=300).flows(300, T0_S, T0_S + 1))
    bench.close(writer)
    assert writer.statistics().flows == 300
    assert writer.statistics().refused == 300


def test_a_full_disk_costs_old_segments_but_not_all_of_them(bench):
    """If something else fills the disk, history must not be deleted to the last day."""
    writer = bench.writer()
    for day in range(8):
        writer.write(batch([flow(start_s=T0_S + day * DAY)]))
        writer.flush()
    newest = writer._pool.current
    fill_disk(writer)
    network = Network(remotes=100)
    for second in range(0, 50, 5):
        writer.write(network.flows(50, T0_S + 7 * DAY + second, T0_S + 7 * DAY + second + 5))
        writer.tick(T0_S + second)
    assert writer.failure
    keys = list_segments(bench.path)
    assert len(keys) == 8 - module.MAX_DROPS
    assert keys[-1] == newest


@pytest.mark.privileged
def test_a_real_file_system_that_is_full(tmp_path):
    """A tmpfs of 400 KiB: as many flows as fit, then waiting and refusing, never an exception."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"tmpfs", str(mounted).encode(), b"tmpfs", 0, b"size=400k"):
        pytest.skip("cannot mount a tmpfs here")
    try:
        writer = StoreWriter(mounted / "store", Store())
        network = Network(remotes=300)
        for second in range(0, 50, 5):
            writer.write(network.flows(400, T0_S + second, T0_S + second + 5))
            writer.tick(T0_S + second)
        assert writer.failure
        writer.close()
        stats = writer.statistics()
        assert stats.flows > 0
        assert stats.flows + stats.refused == 10 * 400
        reader = StoreReader(mounted / "store")
        assert reader.stats().flows == stats.flows
        reader.close()
    finally:
        libc.umount(str(mounted).encode())


def test_damage_while_running_costs_a_segment_not_the_program(bench):
    writer = bench.writer()
    network = Network(remotes=300)
    writer.write(network.flows(500, T0_S, T0_S + 5))
    writer.flush()
    (segment,) = writer._pool.newest_first()
    segment._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    last_id = segment.last_id
    raw = bytearray(segment.path.read_bytes())
    raw[4_096:] = b"\xee" * (len(raw) - 4_096)
    segment.path.write_bytes(raw)
    segment._connection.pragma("shrink_memory")
    writer.write(network.flows(100, T0_S + 5, T0_S + 10))
    writer.flush()
    assert writer.statistics().damaged == ("flow-20251009.db.damaged-1",)
    assert writer.statistics().refused == 100
    writer.write(network.flows(50, T0_S + 10, T0_S + 15))
    writer.flush()
    found = bench.reader(writer).flows(FlowFilter()).data
    assert len(found) == 50
    assert min(row.id for row in found) > last_id


def test_a_damaged_main_file_is_replaced_while_running(bench):
    writer = bench.writer()
    fact = DeviceFact(
        ts_ns=T0_S * 10**9, mac=5, addr_lo=0xFFFF0A000001, hostname="x", source="dhcp"
    )
    writer.write_facts([fact], str)
    writer.write(batch([flow()]))
    writer.flush()
    connection = writer._main.connection
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    path = bench.path / "main.db"
    path.write_bytes(path.read_bytes()[:4_096] + b"\xee" * (path.stat().st_size - 4_096))
    connection.pragma("shrink_memory")
    writer.write_traffic(seconds((T0_S, 3, 300)))
    writer.flush()
    writer.flush()
    assert writer.statistics().damaged == ("main.db.damaged-1",)
    reader = bench.reader(writer)
    assert reader.traffic(T0_S, T0_S + 60, 60)[0].packets == 3
    assert reader.host("10.0.0.1", *EVER).name == "x"


def test_days_beyond_the_limit_go(bench):
    writer = bench.writer(retain_days=3)
    for day in (0, 5, 6, 9, 11):
        writer.write(batch([flow(start_s=T0_S + day * DAY)]))
        writer.flush()
    assert [key.day - T0_S // DAY for key in list_segments(bench.path)] == [6, 9, 11]
    stats = writer.statistics()
    assert (stats.days, stats.oldest) == (3, T0_S // DAY * DAY + 6 * DAY)
    assert not list(bench.path.glob("*-wal.*"))
    assert len(bench.reader(writer).flows(FlowFilter()).data) == 3


def test_the_budget_holds_within_one_day(bench, monkeypatch):
    """A flood that would fill the disk in a day: the day is written in parts, the oldest go."""
    writer = bench.writer(budget_mib=16)
    monkeypatch.setattr(writer._retention, "segment_bytes", 100_000)
    monkeypatch.setattr(writer._retention, "_budget_bytes", 600_000)
    network = Network(remotes=300)
    most = 0
    for second in range(0, 300, 20):
        writer.write(network.flows(600, T0_S + second, T0_S + second + 20))
        writer.flush()
        most = max(most, writer.statistics().bytes_on_disk)
        assert sum(file.stat().st_size for file in bench.path.iterdir()) < 800_000
    assert most <= 600_000
    keys = list_segments(bench.path)
    assert {key.day for key in keys} == {T0_S // DAY}
    assert keys[0].part > 0
    found = bench.reader(writer).flows(FlowFilter(limit=1_000))
    assert len({row.id for row in found.data}) == 1_000
    assert found.data[0].id > found.data[-1].id
    last = writer._pool.newest_first()[0].last_id
    bench.close(writer)
    writer = bench.writer(budget_mib=16)
    writer.write(network.flows(10, T0_S + 280, T0_S + 300))
    assert writer._pool.newest_first()[0].last_id > last
    assert writer._pool.current == keys[-1]


def test_files_set_aside_go_first_when_room_is_needed(bench, monkeypatch):
    writer = bench.writer()
    (bench.path / "flow-20250101.db.damaged-1").write_bytes(b"x" * 100_000)
    writer.write(batch([flow()]))
    writer.flush()
    assert writer.statistics().bytes_on_disk > 100_000
    monkeypatch.setattr(writer._retention, "_budget_bytes", 100_000)
    writer.write(batch([flow(start_s=T0_S + DAY)]))
    writer.flush()
    assert not list(bench.path.glob("*.damaged-*"))


def test_the_newest_day_is_never_removed(bench, monkeypatch):
    writer = bench.writer()
    monkeypatch.setattr(writer._retention, "_budget_bytes", 1)
    for _ in range(3):
        writer.write(batch([flow(start_s=T0_S + DAY)]))
        writer.write(batch([flow(start_s=T0_S)]))
        writer.flush()
    assert T0_S // DAY + 1 in {key.day for key in list_segments(bench.path)}


def test_a_programming_error_is_said(bench):
    writer = bench.writer()
    writer.write(batch([flow()]))
    writer._pool.newest_first()[0]._connection.execute("DROP TABLE flow")
    with pytest.raises(StoreError, match="flows cannot be stored"):
        writer.flush()
    writer._pool.drop(writer._pool.current)


def test_a_file_of_something_else_in_the_place_of_a_day(bench):
    writer = bench.writer()
    writer.flush()
    (bench.path / "flow-20251009.db").write_bytes(b"no database " * 1_000)
    writer.write(batch([flow()]))
    writer.flush()
    assert writer.statistics().damaged == ("flow-20251009.db.damaged-1",)
    assert writer.statistics().flows == 1
