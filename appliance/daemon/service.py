"""The process: store, sensor, API, signals, readiness, watchdog. One loop, uvloop's."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec
import uvloop

from appliance.api.app import create_app
from appliance.api.live import LiveFeed
from appliance.api.queries import QueryPool
from appliance.api.server import ApiServer
from appliance.api.services import Services
from appliance.config.render import render
from appliance.config.schema import Config
from appliance.daemon.alarms import make_alarms
from appliance.daemon.sensor import Sensor, Sources, open_interfaces
from appliance.demo.devices import HOME_NETWORKS
from appliance.demo.routine import start_habits
from appliance.demo.source import DemoSource
from appliance.detect import warmup as detect_warmup
from appliance.errors import ApplianceError
from appliance.flows import warmup as flows_warmup
from appliance.forward.tracer import FlowEventForwarder
from appliance.learn import warmup as learn_warmup
from appliance.model.alert import AlertChange
from appliance.model.frame import PacketSource
from appliance.pipeline.desk import CaseDesk
from appliance.pipeline.training import TrainingRoom
from appliance.pipeline.watch import Watch
from appliance.runtime.clock import Clock, SystemClock
from appliance.runtime.mailbox import Mailbox
from appliance.runtime.paths import find_store
from appliance.runtime.process import calm_collector
from appliance.runtime.systemd import Notifier
from appliance.runtime.tasks import Threads
from appliance.simulate.trouble import start_trouble
from appliance.store.reader import StoreReader
from appliance.store.writer import StoreWriter

_log = logging.getLogger(__name__)
_TICK_S = 1.0
_FORWARD_S = 2.0  # for events that wait when the sensor ends
# what a detection hangs on: while none of it changes, it goes on over a reload
_WATCHED = ("sensor", "network", "detect", "intel", "learn", "alerts")
_TRAINING_S = 5.0  # for the thread that trains to end
_SEED = 1  # of the demonstration
_STALL_S = 20.0  # without a sign of life of the pipeline the watchdog is not fed

Settings = tuple[Config, dict[str, str]]


def run(
    config: Config, origins: dict[str, str], *, reload: Callable[[], Settings] | None = None
) -> int:
    """Capture on interfaces until SIGTERM; return the exit code.

    reload : reads the configuration again, for SIGHUP
    """
    service = Service((config, origins), open_interfaces, find_store(config.store.path, os.environ))
    return service.serve(reload)


def demo(config: Config) -> int:
    """Show the built-in network until SIGTERM; its store is kept apart from the real one."""
    path = find_store(config.store.path, os.environ) / "demo"
    network = msgspec.structs.replace(config.network, home=HOME_NETWORKS)
    config = msgspec.structs.replace(config, network=network)
    return Service((config, {}), _open_demo, path).serve(None)


def _open_demo(config: Config, clock: Clock) -> list[PacketSource]:
    talks = [*start_habits(_SEED), *start_trouble(_SEED)]
    return [DemoSource(clock.wall_ns, talks=talks)]


class Service:
    """One process of the appliance.

    path : folder of the store
    """

    def __init__(self, settings: Settings, open_sources: Sources, path: Path) -> None:
        self._config, self._origins = settings
        self._open_sources = open_sources
        self._path = path
        self._clock = SystemClock()
        self._notifier = Notifier(os.environ)
        self._stop = asyncio.Event()
        self._reload_wanted = False
        self._local = threading.local()
        self._writer: StoreWriter
        self._sensor: Sensor
        self._forwarder: FlowEventForwarder | None = None
        self._mailbox = Mailbox()
        self._desk = CaseDesk(self._mailbox, self._current_watch, self._now)
        self._watch: Watch | None = None
        self._room: TrainingRoom | None = None
        self._loop: asyncio.AbstractEventLoop
        self._live: LiveFeed
        self._failed = False  # a thread has died

    def serve(self, reload: Callable[[], Settings] | None) -> int:
        """Run until told to stop; 0, or 1 if a part died."""
        code: int = uvloop.run(self._main(reload))
        return code

    async def _main(self, reload: Callable[[], Settings] | None) -> int:
        for warm_up in (flows_warmup, detect_warmup, learn_warmup):
            await asyncio.to_thread(warm_up.warm_up)
        self._writer = StoreWriter(self._path, self._config.store, self._config.alerts)
        self._loop = asyncio.get_running_loop()
        try:
            self._watch = self._make_watch()
            self._sensor, self._forwarder = self._make_sensor(self._watch)
            return await self._run(reload)
        finally:
            self._writer.close()

    async def _run(self, reload: Callable[[], Settings] | None) -> int:
        queries = QueryPool(self._reader)
        live = self._live = LiveFeed(
            queries,
            self._now,
            self._attribution,
            lambda: self._sensor.latest.recent(),  # noqa: PLW0108
        )
        if self._watch is not None and self._watch.learning is not None:
            self._room = TrainingRoom(
                self._path, self._open_reader, self._mailbox, self._current_watch, self._now
            )
        services = Services(
            queries=queries,
            live=live,
            health=lambda: self._sensor.health(),  # noqa: PLW0108 - a reload replaces it
            metrics=lambda: "",
            attribution=self._attribution,
            config_text=lambda: render(self._config, self._origins),
            now=self._now,
            alerts=None if self._watch is None else self._desk,
            training=self._room,
        )
        api = self._config.api
        server = ApiServer(create_app(services), api.host, api.port)
        await server.start()
        loop = self._loop
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._want_reload)
        self._start_sensor()
        training = Threads(self._fail, self._clock)
        if self._room is not None:
            training.start(self._room.run, name="training")
        calm_collector()
        names = ", ".join(self._sensor.interfaces)
        self._notifier.ready(f"watching {names}")
        _log.info("watching %s; the dashboard is at %s", names, server.url)
        try:
            await self._tick_until_stopped(live, reload)
        finally:
            self._notifier.stopping("ending flows")
            await asyncio.to_thread(self._end, training)
            await server.stop()
            queries.close()
        return int(self._failed)

    async def _tick_until_stopped(
        self, live: LiveFeed, reload: Callable[[], Settings] | None
    ) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._stop.is_set():
            due = max(due + _TICK_S, loop.time())
            await self._wait_until(due)
            if self._reload_wanted:
                self._reload_wanted = False
                await self._reload(reload)
            sensor = self._sensor
            flows, total = sensor.latest.collect(wanted=live.watched)
            health = sensor.health()
            live.publish(sensor.tick(), health, flows, total)
            if (self._clock.monotonic_ns() - sensor.alive_ns) / 1e9 < _STALL_S:
                self._notifier.watchdog()
            self._notifier.status(_status_line(health.packets, health.flows_active, health.reasons))

    async def _wait_until(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(max(due, loop.time())):
                await self._stop.wait()
        except TimeoutError:
            return

    def _want_reload(self) -> None:
        self._reload_wanted = True

    async def _reload(self, reload: Callable[[], Settings] | None) -> None:
        """Read the configuration again; keep the old one if it is bad."""
        if reload is None:
            return
        self._notifier.reloading(self._clock.monotonic_ns())
        try:
            settings = await asyncio.to_thread(reload)
        except ApplianceError as error:
            _log.error("the configuration was not reloaded: %s", error)
        else:
            await self._replace_sensor(settings)
        self._notifier.ready()

    async def _replace_sensor(self, settings: Settings) -> None:
        """Make the sensor anew; the old one goes on if the new settings do not work.

        Both listen while they change places, so that nothing is missed. The new one begins behind
        the last packet of the old one, so that nothing is counted twice.
        """
        before = self._config, self._origins
        self._config, self._origins = _keep_fixed(settings[0], self._config), settings[1]
        changed = any(getattr(self._config, name) != getattr(before[0], name) for name in _WATCHED)
        try:
            watch = self._make_watch() if changed else self._watch
            replacement = self._make_sensor(watch)
        except ApplianceError as error:
            self._config, self._origins = before
            _log.error("the old configuration stays: %s", str(error))  # not all it hangs on
            return
        former = self._sensor
        await asyncio.to_thread(self._stop_sensor)
        if watch is not self._watch:
            await asyncio.to_thread(self._close_watch)
            self._watch = watch
        # not in the future, where packets are if the clock has been set back
        since_ns = min(former.seen_ns + 1, self._clock.wall_ns())
        self._sensor, self._forwarder = replacement
        self._start_sensor(since_ns)
        del former  # with its files and tables
        calm_collector()
        logging.getLogger().setLevel(self._config.log.level.upper())
        _log.info("configuration reloaded")

    def _make_watch(self) -> Watch | None:
        """Return who detects under the configuration; not open yet. Raises ConfigError."""
        if not self._config.detect.enabled:
            return None
        alarms = make_alarms(self._config, self._publish)
        sinks = (self._desk.note, *alarms)
        return Watch(self._config, self._writer, self._path, self._mailbox, sinks)

    def _current_watch(self) -> Watch:
        assert self._watch is not None
        return self._watch

    def _publish(self, changes: list[AlertChange]) -> None:
        """Show alerts to whoever watches; for the pipeline's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended before a thread that hung
            self._loop.call_soon_threadsafe(self._live.publish_alerts, changes)

    def _make_sensor(self, watch: Watch | None) -> tuple[Sensor, FlowEventForwarder | None]:
        forward = self._config.forward
        forwarder = None
        if forward.endpoint_url:
            name = self._config.sensor.name or socket.gethostname()
            forwarder = FlowEventForwarder(forward, name)
        sinks = [] if forwarder is None else [forwarder.offer]
        with ExitStack() as undo:
            sources = self._open_sources(self._config, self._clock)
            for source in sources:
                undo.callback(source.close)
            sensor = Sensor(self._config, self._clock, self._writer, sources, sinks, watch)
            undo.pop_all()
        return sensor, forwarder

    def _start_sensor(self, since_ns: int = 0) -> None:
        for warning in self._sensor.warnings():
            _log.warning("%s", warning)
        self._sensor.start(self._fail, since_ns)
        if self._forwarder is not None:
            # not of the sensor: it is told to end when the last flow has come
            self._forwarder.start(Threads(self._fail, self._clock))

    def _fail(self) -> None:
        """End the process: a thread has died."""
        self._failed = True
        self._loop.call_soon_threadsafe(self._stop.set)

    def _end(self, training: Threads) -> None:
        """End everything but what answers questions."""
        if self._room is not None:
            self._room.stop()
        self._stop_sensor()
        self._mailbox.close()
        self._close_watch()
        for name in training.join(_TRAINING_S):
            _log.error("did not end: %s", name)

    def _close_watch(self) -> None:
        """End the detection of a sensor that has stopped; not if its thread may still run."""
        if self._watch is not None and not self._failed:
            self._watch.close()
            self._writer.flush()

    def _stop_sensor(self) -> None:
        hanging = self._sensor.stop()
        if hanging:
            self._fail()
            _log.error("did not end: %s", ", ".join(hanging))
        if self._forwarder is not None:
            self._forwarder.close(_FORWARD_S)
            self._forwarder = None

    def _reader(self) -> StoreReader:
        """Return this thread's own reader."""
        reader: StoreReader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = self._open_reader()
        return reader

    def _open_reader(self) -> StoreReader:
        return StoreReader(self._path, self._writer.open_buckets)

    def _now(self) -> float:
        return self._clock.wall_ns() / 1e9

    def _attribution(self) -> list[dict[str, str]]:
        return self._sensor.enricher.sources()


def _keep_fixed(config: Config, started: Config) -> Config:
    """Return a configuration with what cannot change while the process runs as it was."""
    replace = msgspec.structs.replace
    fixed = replace(
        config,
        api=started.api,
        store=started.store,
        detect=replace(config.detect, enabled=started.detect.enabled),
        learn=replace(config.learn, enabled=started.learn.enabled),
    )
    if (config.api, config.store) != (fixed.api, fixed.store):
        _log.warning("api and store take effect at the next start")
    if (config.detect, config.learn) != (fixed.detect, fixed.learn):
        _log.warning("detect.enabled and learn.enabled take effect at the next start")
    return fixed


def _status_line(packets: int, active: int, reasons: list[str]) -> str:
    line = f"{packets} packets, {active} flows active"
    return f"{line}; {reasons[0]}" if reasons else line
