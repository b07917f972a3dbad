"""From sources to the store in the daemon's threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Capture, Config, Flows, Metadata, Network, Store
from appliance.daemon import sensor as module
from appliance.daemon.sensor import Sensor, open_interfaces, resolve_interfaces
from appliance.errors import CaptureError
from appliance.model.flow import FlowBatch
from appliance.model.frame import FrameBlock
from appliance.model.views import FlowFilter, FlowRow
from appliance.runtime.clock import ManualClock, SystemClock
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter

pytestmark = pytest.mark.timeout(300)  # the first test may have to compile

PATIENCE_S = 10.0
CONFIG = Config(flows=Flows(max_flows=2_048))


@contextmanager
def running(
    folder: Path, sources: list[Any], config: Config = CONFIG, sinks: Any = ()
) -> Iterator[Sensor]:
    """Run a sensor until its sources have said that they are through."""
    writer = StoreWriter(folder, Store())
    sensor = Sensor(config, SystemClock(), writer, sources, sinks)
    sensor.start(lambda: None)
    try:
        yield sensor
    finally:
        assert sensor.stop() == ()
        writer.close()


def stored(folder: Path) -> list[FlowRow]:
    reader = StoreReader(folder)
    rows = reader.flows(FlowFilter(limit=1_000)).data
    reader.close()
    return rows


def test_every_flow_reaches_the_store_and_the_sinks(tmp_path: Path, wire_of: Any) -> None:
    through = threading.Event()
    taken: list[FlowBatch] = []
    with running(tmp_path, [wire_of(then=through.set)], sinks=[taken.append]) as sensor:
        assert through.wait(PATIENCE_S)
    health = sensor.health()
    rows = stored(tmp_path)
    assert len(rows) == health.flows_ended == sum(map(len, taken)) > 50
    assert health.state == "stopping"
    assert (health.flows_active, health.dropped_queue, health.packets) == (
        0, 0, health.interfaces[0]["frames"],
    )  # fmt: skip
    assert sum(row.packets_out + row.packets_in for row in rows) + sum(
        health.rejected.values()
    ) == (health.packets)
    assert any(row.sni for row in rows)
    assert len(sensor.latest.recent()) == 50


def test_two_sources_keep_their_names_and_have_tables_of_their_own(
    tmp_path: Path, wire_of: Any
) -> None:
    both = threading.Barrier(3)
    wires = [wire_of("east", seed=1, then=both.wait), wire_of("west", seed=2, then=both.wait)]
    with running(tmp_path, wires) as sensor:
        both.wait(PATIENCE_S)
        assert sensor.interfaces == ("east", "west")
        assert sensor.health().flows_capacity == 2 * 2_048
    names = Counter(row.interface for row in stored(tmp_path))
    assert set(names) == {"east", "west"}
    assert names.total() == sensor.health().flows_ended
    ids = [row.flow_id for row in stored(tmp_path)]
    assert len(set(ids)) == len(ids), "each worker marks its own"


def test_threads_of_one_interface_share_its_name(tmp_path: Path, wire_of: Any) -> None:
    both = threading.Barrier(3)
    with running(tmp_path, [wire_of(then=both.wait), wire_of(seed=2, then=both.wait)]) as sensor:
        both.wait(PATIENCE_S)
        assert sensor.interfaces == ("wire0",)
        assert [entry["name"] for entry in sensor.health().interfaces] == ["wire0"]
    assert {row.interface for row in stored(tmp_path)} == {"wire0"}


def test_without_metadata_no_payload_is_looked_at(tmp_path: Path, wire_of: Any) -> None:
    through = threading.Event()
    config = Config(flows=CONFIG.flows, metadata=Metadata(enabled=False))
    with running(tmp_path, [wire_of(then=through.set)], config):
        assert through.wait(PATIENCE_S)
    assert not any(row.sni or row.dns_query or row.name for row in stored(tmp_path))


def test_home_networks_decide_the_direction(tmp_path: Path, wire_of: Any) -> None:
    through = threading.Event()
    config = Config(flows=CONFIG.flows, network=Network(home=("203.0.113.0/24",)))
    with running(tmp_path, [wire_of(then=through.set)], config) as sensor:
        assert through.wait(PATIENCE_S)
        home = sensor.health().home_networks
    assert "203.0.113.0/24" in home
    assert "192.168.0.0/16" not in home
    unicast = [row for row in stored(tmp_path) if row.proto == "tcp"]
    assert {row.direction for row in unicast} == {"external"}


def test_the_networks_of_the_interface_are_home(tmp_path: Path, wire_of: Any) -> None:
    with running(tmp_path, [wire_of("lo")]) as sensor:
        assert "127.0.0.0/8" in sensor.health().home_networks


def test_the_second_shows_what_came_in_it(tmp_path: Path, wire_of: Any) -> None:
    through = threading.Event()
    with running(tmp_path, [wire_of(then=through.set)]) as sensor:
        assert through.wait(PATIENCE_S)
    tick = sensor.tick()
    assert tick.packets == sensor.health().packets
    assert tick.dropped == 0
    assert sensor.tick().packets == 0


def test_frames_before_a_time_are_left_to_another_sensor(
    tmp_path: Path, wire_of: Any, start_ns: int
) -> None:
    through = threading.Event()
    since_ns = start_ns + 4_000_000_000
    writer = StoreWriter(tmp_path, Store())
    sensor = Sensor(CONFIG, SystemClock(), writer, [wire_of(then=through.set)])
    sensor.start(lambda: None, since_ns)
    assert through.wait(PATIENCE_S)
    assert sensor.stop() == ()
    writer.close()
    assert 0 < sensor.health().packets < sensor.health().interfaces[0]["frames"]
    assert since_ns < sensor.seen_ns < start_ns + 10_000_000_000
    rows = stored(tmp_path)
    assert len(rows) > 10
    assert min(row.start for row in rows) >= since_ns / 1e9


class DyingWire:
    """Ends with an error nobody expected."""

    def __init__(self, wire: Any, where: str) -> None:
        self._wire = wire
        self._where = where

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wire, name)

    def blocks(self) -> Iterator[FrameBlock]:
        yield from self._wire.blocks()
        raise AssertionError(self._where)


def test_a_capture_thread_that_dies_is_told(
    tmp_path: Path, wire_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()
    wire = wire_of()
    wire.close()  # after the traffic it ends, and dies
    writer = StoreWriter(tmp_path, Store())
    sensor = Sensor(CONFIG, SystemClock(), writer, [DyingWire(wire, "in the capture")])
    sensor.start(failed.set)
    assert failed.wait(PATIENCE_S)
    assert sensor.stop() == ()
    writer.close()
    assert "thread capture wire0 died" in caplog.text
    assert "in the capture" in caplog.text
    caplog.clear()  # the traceback holds the sensor


def test_a_pipeline_that_dies_is_told(
    tmp_path: Path, wire_of: Any, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()

    def refuse(batch: FlowBatch) -> None:
        raise AssertionError("in a sink")

    writer = StoreWriter(tmp_path, Store())
    sensor = Sensor(CONFIG, SystemClock(), writer, [wire_of()], [refuse])
    sensor.start(failed.set)
    assert failed.wait(PATIENCE_S)
    assert sensor.stop() == ()
    writer.close()
    assert "thread pipeline died" in caplog.text
    caplog.clear()


@pytest.fixture
def default_route(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    return lambda name: monkeypatch.setattr(module, "default_interface", lambda: name)


def test_auto_is_the_interface_of_the_default_route(
    default_route: Callable[[str | None], None],
) -> None:
    default_route("eth7")
    assert resolve_interfaces(Capture()) == ("eth7",)
    assert resolve_interfaces(Capture(interfaces=("lo", "auto"))) == ("lo", "eth7")
    assert resolve_interfaces(Capture(interfaces=("eth7", "auto"))) == ("eth7",)


def test_auto_without_a_default_route_says_what_to_do(
    default_route: Callable[[str | None], None],
) -> None:
    default_route(None)
    assert resolve_interfaces(Capture(interfaces=("lo",))) == ("lo",)
    with pytest.raises(CaptureError, match=r"capture\.interfaces"):
        resolve_interfaces(Capture())


def test_each_interface_has_a_fanout_group_of_its_own(
    monkeypatch: pytest.MonkeyPatch, wire_of: Any
) -> None:
    asked: list[tuple[Any, ...]] = []

    def open_fake(name: str, config: Capture, group: int | None, member: int) -> Any:
        asked.append((name, group, member))
        return wire_of(name)

    monkeypatch.setattr(module, "open_interface", open_fake)
    capture = Capture(interfaces=("one", "two"), threads=2)
    assert len(open_interfaces(Config(capture=capture), ManualClock())) == 4
    groups = {name: {group for other, group, _ in asked if other == name} for name, *_ in asked}
    assert [member for _, _, member in asked] == [0, 1, 0, 1]
    assert len(groups["one"]) == len(groups["two"]) == 1
    assert groups["one"] != groups["two"]
    asked.clear()
    open_interfaces(Config(capture=Capture(interfaces=("one",))), ManualClock())
    assert asked == [("one", None, 0)]


def test_what_was_opened_is_closed_if_the_next_cannot_be(
    monkeypatch: pytest.MonkeyPatch, wire_of: Any
) -> None:
    wire = wire_of("one")

    def open_fake(name: str, *_: Any) -> Any:
        if name != "one":
            raise CaptureError(f"not permitted to listen on {name}")
        return wire

    monkeypatch.setattr(module, "open_interface", open_fake)
    with pytest.raises(CaptureError, match="listen on two"):
        open_interfaces(Config(capture=Capture(interfaces=("one", "two"))), ManualClock())
    assert wire.closed.is_set()
