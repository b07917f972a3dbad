"""The process from the inside: signals, reload, failure, what is left behind."""

import json
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.config.schema import Api, Capture, Config, Flows, Forward, GeoIP, Log, Store
from appliance.daemon import service as module
from appliance.daemon.service import Service
from appliance.errors import CaptureError, ConfigError, DataError
from appliance.model.frame import FrameBlock
from appliance.model.views import FlowFilter, FlowRow
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter

pytestmark = pytest.mark.timeout(300)  # the first test may have to compile

CONFIG = Config(api=Api(port=0), flows=Flows(max_flows=2_048))


@pytest.fixture(autouse=True)
def _quick_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TICK_S", 0.02)


@pytest.fixture(autouse=True)
def _level() -> Iterator[None]:
    """Put back what a reload sets."""
    level = logging.getLogger().level
    yield
    logging.getLogger().setLevel(level)


Serve = Callable[..., int]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that runs a service with its store in tmp_path."""
    made: list[Service] = []

    def run(
        open_sources: Callable[[Config, Any], list[Any]],
        reload: Callable[[], module.Settings] | None = None,
        config: Config = CONFIG,
    ) -> int:
        made.append(Service((config, {}), open_sources, tmp_path))
        return made[-1].serve(reload)

    yield run
    # the routes belong to the process: they hold the last application, which holds the service
    for service in made:
        vars(service).clear()


def send(number: signal.Signals) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


def stored(folder: Path) -> list[FlowRow]:
    reader = StoreReader(folder)
    rows = reader.flows(FlowFilter(limit=1_000)).data
    reader.close()
    return rows


def test_sigterm_ends_it_with_every_flow_stored(
    tmp_path: Path, wire_of: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wires = []

    def open_sources(*_: Any) -> list[Any]:
        wires.append(wire_of(start_ns=time.time_ns(), then=send(signal.SIGTERM)))
        return wires

    assert serve(open_sources) == 0
    rows = stored(tmp_path)
    assert len(rows) > 50
    assert "shutdown" in {row.reason for row in rows}
    assert "watching wire0; the dashboard is at http://127.0.0.1:" in caplog.text
    assert wires[0].closed.is_set()
    StoreWriter(tmp_path, Store()).close()  # the lock is free again


class DyingWire:
    """Delivers everything, then ends with an error nobody expected."""

    interfaces = ("wire0",)

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self.statistics = wire.statistics
        self.close = wire.close

    def blocks(self) -> Iterator[FrameBlock]:
        self._wire.close()
        yield from self._wire.blocks()
        raise AssertionError("the cable melted")


def test_a_dead_capture_thread_ends_it_with_1(
    tmp_path: Path, wire_of: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    assert serve(lambda *_: [DyingWire(wire_of())]) == 1
    assert "the cable melted" in caplog.text
    caplog.clear()  # the traceback holds the sensor
    StoreWriter(tmp_path, Store()).close()


def test_a_thread_that_hangs_is_named_and_counts_as_failure(
    tmp_path: Path,
    wire_of: Any,
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("appliance.daemon.sensor._STOP_S", 0.05)
    release = threading.Event()

    class HangingWire(DyingWire):
        def blocks(self) -> Iterator[FrameBlock]:
            send(signal.SIGTERM)()
            release.wait(10)
            yield from ()

    assert serve(lambda *_: [HangingWire(wire_of())]) == 1
    assert "did not end: capture wire0" in caplog.text
    release.set()


@pytest.mark.parametrize("starts_s", [(0, 3_600), (3_600, 60)], ids=["", "clock-set-back"])
def test_sighup_makes_the_sensor_anew_with_the_new_settings(
    tmp_path: Path,
    wire_of: Any,
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    starts_s: tuple[int, int],
) -> None:
    caplog.set_level(logging.INFO)
    seen: list[Config] = []

    def open_sources(config: Config, _: Any) -> list[Any]:
        seen.append(config)
        number = (signal.SIGHUP, signal.SIGTERM)[len(seen) - 1]
        start_ns = time.time_ns() + starts_s[len(seen) - 1] * 1_000_000_000
        return [wire_of(f"wire{len(seen)}", start_ns=start_ns, then=send(number))]

    changed = msgspec.structs.replace(
        CONFIG,
        capture=Capture(bpf_filter="tcp"),
        api=Api(port=9),
        store=Store(retain_days=1),
        log=Log(level="debug"),
    )
    assert serve(open_sources, lambda: (changed, {})) == 0
    assert [config.capture.bpf_filter for config in seen] == ["", "tcp"]
    # what cannot change while it runs is not said to have changed
    assert (seen[1].api, seen[1].store) == (CONFIG.api, CONFIG.store)
    assert "api and store take effect at the next start" in caplog.text
    assert "configuration reloaded" in caplog.text
    assert logging.getLogger().level == logging.DEBUG
    assert {row.interface for row in stored(tmp_path)} == {"wire1", "wire2"}


@pytest.mark.slow
def test_reloads_leave_nothing_behind(tmp_path: Path, wire_of: Any, serve: Serve) -> None:
    opened: list[int] = []

    def open_sources(*_: Any) -> list[Any]:
        opened.append(len(list(Path("/proc/self/fd").iterdir())))
        last = len(opened) == 7
        return [wire_of(then=send(signal.SIGTERM if last else signal.SIGHUP))]

    assert serve(open_sources, lambda: (CONFIG, {})) == 0
    assert len(set(opened[3:])) == 1  # the first ones come before all of the store is open


def test_a_broken_configuration_changes_nothing(
    tmp_path: Path, wire_of: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    opened = []

    def open_sources(*_: Any) -> list[Any]:
        opened.append(wire_of(then=send(signal.SIGHUP)))
        return opened

    def reload() -> module.Settings:
        send(signal.SIGTERM)()
        raise ConfigError("capture.snaplen = 1 (FILE line 2): must be more")

    assert serve(open_sources, reload) == 0
    assert len(opened) == 1
    assert "not reloaded: capture.snaplen = 1 (FILE line 2): must be more" in caplog.text


def test_settings_that_do_not_work_change_nothing(
    tmp_path: Path, wire_of: Any, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wires = []

    def open_sources(config: Config, _: Any) -> list[Any]:
        if config.capture.bpf_filter:
            send(signal.SIGTERM)()
            assert not wires[0].closed.is_set()
            raise CaptureError("cannot compile the filter")
        wires.append(wire_of(then=send(signal.SIGHUP)))
        return wires

    bad = msgspec.structs.replace(
        CONFIG, capture=Capture(bpf_filter="x"), forward=Forward(endpoint_url="http://192.0.2.1/")
    )
    assert serve(open_sources, lambda: (bad, {})) == 0
    assert "the old configuration stays: cannot compile the filter" in caplog.text
    assert "configuration reloaded" not in caplog.text
    assert wires[0].closed.is_set()
    assert len(stored(tmp_path)) > 50


def test_data_that_is_missing_closes_what_was_opened(
    tmp_path: Path, wire_of: Any, serve: Serve
) -> None:
    wire = wire_of()
    config = msgspec.structs.replace(CONFIG, geoip=GeoIP(city_db="/nowhere/city.mmdb"))
    with pytest.raises(DataError, match=r"/nowhere/city\.mmdb"):
        serve(lambda *_: [wire], config=config)
    assert wire.closed.is_set()
    StoreWriter(tmp_path, Store()).close()


def test_a_port_in_use_is_said_before_anything_is_captured(
    tmp_path: Path, wire_of: Any, serve: Serve
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = msgspec.structs.replace(CONFIG, api=Api(port=port))
        with pytest.raises(ConfigError, match=f"{port} on 127.0.0.1 is used"):
            serve(lambda *_: [wire_of()], config=config)
    StoreWriter(tmp_path, Store()).close()


class BackEnd(ThreadingHTTPServer):
    """Takes flow events."""

    daemon_threads = False

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Ingest)


class _Ingest(BaseHTTPRequestHandler):
    server: BackEnd
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 5

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.events.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    with BackEnd() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_ended_flow_is_told_to_the_back_end_before_the_end(
    tmp_path: Path, wire_of: Any, serve: Serve, back_end: BackEnd, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://127.0.0.1:{back_end.server_port}/ingest"
    config = msgspec.structs.replace(CONFIG, forward=Forward(endpoint_url=url))
    wire = wire_of(then=send(signal.SIGTERM))
    assert serve(lambda *_: [wire], config=config) == 0
    rows = [row for row in stored(tmp_path) if row.proto in {"tcp", "udp"}]
    told = sorted((e["src_ip"], e["src_port"], e["byte_count"]) for e in back_end.events)
    assert told == sorted((r.src_ip, str(r.src_port), r.bytes_out + r.bytes_in) for r in rows)
    assert "did not end" not in caplog.text


def test_the_service_manager_hears_of_every_step(
    tmp_path: Path, wire_of: Any, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def open_sources(*_: Any) -> list[Any]:
        number = (signal.SIGHUP, signal.SIGTERM)[len(opened)]
        opened.append(wire_of(then=send(number)))
        return opened[-1:]

    said: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)

        def listen() -> None:
            while not said or "STOPPING" not in said[-1]:
                said.append(manager.recv(4_096).decode())

        listener = threading.Thread(target=listen)
        listener.start()
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        assert serve(open_sources, lambda: (CONFIG, {})) == 0
        listener.join()
    steps = [line for text in said for line in text.splitlines() if line.endswith("=1")]
    assert [step for step in steps if step != "WATCHDOG=1"] == [
        "READY=1", "RELOADING=1", "READY=1", "STOPPING=1",
    ]  # fmt: skip
    assert "WATCHDOG=1" in steps
    assert "STATUS=watching wire0" in "\n".join(said)
    assert " flows active" in "\n".join(said)
