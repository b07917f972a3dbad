"""Replay: capture files and logs through the whole pipeline, on packet time.

The same files give the same flows, byte for byte, every time and on every machine.
"""

import logging
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from appliance.capture.files import open_file
from appliance.capture.merge import merge
from appliance.capture.pace import paced
from appliance.config.options import ReplayOptions
from appliance.config.schema import Config
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ApplianceError
from appliance.flows.table import FlowTable, TableStatistics
from appliance.metadata.names import PassiveDns
from appliance.metadata.stage import MetadataStage
from appliance.model.alert import Alert, AlertChange
from appliance.model.flow import FlowBatch
from appliance.model.frame import PacketSource
from appliance.model.window import WindowBatch
from appliance.pipeline.assembly import Parts, make_detection, save_memory
from appliance.pipeline.detection import AlertSink, Detection, News, Outlets, WindowSink
from appliance.pipeline.export import NdjsonWriter, ZeekWriter
from appliance.pipeline.stage import Pipeline, Sink
from appliance.runtime.clock import SystemClock
from appliance.runtime.process import calm_collector
from appliance.runtime.progress import Progress
from appliance.sources.recognise import is_log
from appliance.sources.stage import Logs, open_logs
from appliance.store.writer import StoreWriter

_log = logging.getLogger(__name__)

MAX_ALERTS = 100_000  # written of one replay


def replay(config: Config, inputs: tuple[str, ...], options: ReplayOptions) -> int:
    """Replay files merged by time; return the exit code.

    Raises CaptureError for an input that cannot be opened, ApplianceError if the flows cannot be
    written. What is damaged further in is counted, and what came before it is kept.
    """
    with ExitStack() as stack:
        source = _open(config, inputs, options.speed)
        stack.callback(source.close)
        stack.enter_context(_stopping(source))
        sinks: list[Sink] = []
        if options.flows is not None:
            sinks.append(stack.enter_context(_export(options.flows, options.flows_format)))
        writer = None
        if options.store is not None:
            writer = StoreWriter(options.store, config.store, config.alerts)
            stack.callback(writer.close)
        alerts = None
        if options.alerts is not None:
            alerts = stack.enter_context(_export_alerts(options.alerts))
        progress = Progress(_total_bytes(inputs), sys.stderr)
        stack.callback(progress.close)
        receivers = Receivers(writer, sinks, alerts)
        engine = _make_engine(config, source, receivers, timely=options.speed is not None)
        calm_collector()
        clock = SystemClock()
        began_ns = clock.monotonic_ns()
        for _ in engine.run():
            progress.update(*engine.progress())
        progress.close()
        engine.report((clock.monotonic_ns() - began_ns) / 1e9)
        return 0


class Receivers(NamedTuple):
    """Who is given what a replay finds out.

    alerts, windows : told as it happens.  score : models, if there are
    """

    writer: StoreWriter | None = None
    flows: Sequence[Sink] = ()
    alerts: AlertSink | None = None
    windows: WindowSink | None = None


class Listener(Protocol):
    """Who hears what a replay finds."""

    def begin(self, detection: Detection) -> None:
        """Take what will find it, before anything has come."""

    def take_flows(self, batch: FlowBatch) -> None:
        """Take an enriched batch."""

    def take_alert(self, change: AlertChange) -> None:
        """Take what became of an alert."""

    def take_windows(self, batch: WindowBatch) -> None:
        """Take the fingerprints of a closed window."""


def judge(config: Config, inputs: tuple[str, ...], listener: Listener) -> None:
    """Replay without keeping anything, and tell a listener all that is found.

    Raises as `replay` does.
    """

    def hear(changes: list[AlertChange]) -> None:
        for change in changes:
            listener.take_alert(change)

    with ExitStack() as stack:
        source = _open(config, inputs, None)
        stack.callback(source.close)
        stack.enter_context(_stopping(source))
        progress = Progress(_total_bytes(inputs), sys.stderr)
        stack.callback(progress.close)
        receivers = Receivers(None, [listener.take_flows], hear, listener.take_windows)
        engine = _make_engine(config, source, receivers)
        if isinstance(engine.pipeline.detection, Detection):
            listener.begin(engine.pipeline.detection)
        for _ in engine.run():
            progress.update(*engine.progress())


class Replay:
    """One replay, ready to run: a source, a flow table, a pipeline.

    timely : hand flows on as they end, not only when many have gathered; for paced replays
    """

    def __init__(
        self,
        config: Config,
        source: PacketSource,
        receivers: Receivers,
        *,
        timely: bool = False,
    ) -> None:
        home = HomeNetworks(config.network.home)
        metadata = MetadataStage(config.metadata) if config.metadata.enabled else None
        self._source = source
        self._writer = receivers.writer
        self._timely = timely
        self._table = FlowTable(
            config.flows,
            home.array(),
            samples_per_s=config.metadata.samples_per_s if config.metadata.enabled else 0,
        )
        name_of = metadata.name_of if metadata is not None else _no_name
        self.pipeline = _make_pipeline(config, home, metadata, receivers, name_of)

    def run(self) -> Iterator[None]:
        """Take every frame; yields after each block."""
        for block in self._source.blocks():
            for output in self._table.absorb(block):
                self._take(output)
            if self._timely:
                self._take(self._table.drain())
            yield
        for output in self._table.flush():
            self._take(output)
        _finish(self.pipeline, self._writer)

    def progress(self) -> tuple[int, int, int]:
        """Return the bytes and frames read so far, and what was damaged."""
        statistics = self._source.statistics()
        return statistics.bytes, statistics.frames, statistics.damaged

    def statistics(self) -> TableStatistics:
        """Return the flow table's counters."""
        return self._table.statistics()

    def report(self, elapsed_s: float) -> None:
        """Say what became of the packets."""
        table = self._table.statistics()
        damaged = self._source.statistics().damaged
        rejected = ", ".join(f"{name} {count}" for name, count in table.rejected.items())
        _log.info(
            "%d packets became %d flow records in %.1f s (%.0f packets/s)%s%s%s",
            table.packets,
            self.pipeline.flows,
            elapsed_s,
            table.packets / max(elapsed_s, 1e-9),
            f"; in no flow: {rejected}" if rejected else "",
            f"; evicted early: {table.evicted}" if table.evicted else "",
            f"; damaged records: {damaged}" if damaged else "",
        )

    def _take(self, output: Any) -> None:
        self.pipeline.take(output, self._source.interfaces)
        if self._writer is not None:
            self._writer.tick(self._table.now_s)


class LogReplay:
    """A replay of logs: their flows go through the pipeline without a flow table."""

    def __init__(self, config: Config, source: Logs, receivers: Receivers) -> None:
        self._source = source
        names = source.names
        name_of = names.name_of if isinstance(names, PassiveDns) else _no_name
        self._writer = receivers.writer
        home = HomeNetworks(config.network.home)
        self.pipeline = _make_pipeline(config, home, None, receivers, name_of)

    def run(self) -> Iterator[None]:
        """Take every flow; yields after each batch."""
        for batch, observations, facts, now_s in self._source.batches():
            self.pipeline.take_log(News(batch, None, observations, facts, by_start=True), now_s)
            if self._writer is not None:
                self._writer.tick(now_s)
            yield
        _finish(self.pipeline, self._writer)

    def progress(self) -> tuple[int, int, int]:
        """Return the bytes and flows read so far, and what was damaged."""
        statistics = self._source.statistics()
        return statistics.bytes, statistics.flows, sum(statistics.damaged.values())

    def report(self, elapsed_s: float) -> None:
        """Say what was read, and what could not be."""
        statistics = self._source.statistics()
        damaged = ", ".join(f"{name} {count}" for name, count in statistics.damaged.items())
        _log.info(
            "%d flows from %d logs in %.1f s (%.0f flows/s)%s",
            statistics.flows,
            statistics.files,
            elapsed_s,
            statistics.flows / max(elapsed_s, 1e-9),
            f"; left out: {damaged}" if damaged else "",
        )


def _make_engine(
    config: Config,
    source: PacketSource | Logs,
    receivers: Receivers,
    *,
    timely: bool = False,
) -> Replay | LogReplay:
    if isinstance(source, Logs):
        return LogReplay(config, source, receivers)
    return Replay(config, source, receivers, timely=timely)


def _make_pipeline(
    config: Config,
    home: HomeNetworks,
    metadata: MetadataStage | None,
    receivers: Receivers,
    name_of: Callable[[int, int], str],
) -> Pipeline:
    enricher = Enricher(config.geoip, home)
    writer = receivers.writer
    detection = None
    if config.detect.enabled:
        outlets = Outlets(
            writer,
            () if receivers.alerts is None else (receivers.alerts,),
            () if receivers.windows is None else (receivers.windows,),
        )
        detection = make_detection(config, Parts(enricher, name_of), outlets, writer)
    return Pipeline(metadata, enricher, writer, receivers.flows, detection)


def _finish(pipeline: Pipeline, writer: StoreWriter | None) -> None:
    """Bring to an end what waits for more."""
    detection = pipeline.detection
    if isinstance(detection, Detection):
        detection.flush()
    if writer is not None:
        if isinstance(detection, Detection):
            save_memory(detection, writer)
        writer.flush()


def _no_name(_hi: int, _lo: int) -> str:
    return ""


def _open(config: Config, inputs: tuple[str, ...], speed: float | None) -> PacketSource | Logs:
    logs = [path for path in inputs if is_log(path)]
    if not logs:
        return _open_captures(inputs, speed)
    if len(logs) < len(inputs):
        other = next(path for path in inputs if path not in logs)
        raise ApplianceError(f"logs and captures cannot be mixed: {logs[0]} and {other}")
    if speed is not None:
        raise ApplianceError(f"--speed is for captures; {logs[0]} is a log")
    names = PassiveDns(config.metadata.names) if config.metadata.enabled else None
    return open_logs(inputs, HomeNetworks(config.network.home).array(), names)


def _open_captures(inputs: tuple[str, ...], speed: float | None) -> PacketSource:
    with ExitStack() as undo:
        sources = []
        for path in inputs:
            sources.append(open_file(path))
            undo.callback(sources[-1].close)
        source = merge(sources)
        undo.pop_all()
    return source if speed is None else paced(source, speed, SystemClock())


def _total_bytes(inputs: tuple[str, ...]) -> int:
    """Return 0, unknown, as soon as there is a folder among them."""
    paths = [Path(path) for path in inputs]
    if any(path.is_dir() for path in paths):
        return 0
    return sum(path.stat().st_size for path in paths if path.is_file())


@contextmanager
def _export(path: Path, form: str) -> Iterator[Sink]:
    try:
        with ExitStack() as stack:
            stream = sys.stdout.buffer if str(path) == "-" else stack.enter_context(path.open("wb"))
            writer = ZeekWriter(stream) if form == "zeek" else NdjsonWriter(stream)
            yield writer
            writer.close()
            stream.flush()
    except BrokenPipeError:
        raise  # who reads our stdout has seen enough
    except OSError as error:
        raise ApplianceError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _export_alerts(path: Path) -> Iterator[AlertSink]:
    """Write every alert as it stands at the end, one JSON object a line, in order of raising."""
    found: dict[str, Alert] = {}

    def take(changes: list[AlertChange]) -> None:
        for change in changes:
            if change.what != "muted" and (change.alert.id in found or len(found) < MAX_ALERTS):
                found[change.alert.id] = msgspec.structs.replace(change.alert)

    yield take
    lines = msgspec.json.Encoder().encode_lines(sorted(found.values(), key=_raised))
    try:
        if str(path) == "-":
            sys.stdout.buffer.write(lines)
            sys.stdout.buffer.flush()
        else:
            path.write_bytes(lines)
    except BrokenPipeError:
        raise  # who reads our stdout has seen enough
    except OSError as error:
        raise ApplianceError(f"cannot write {path}: {error.strerror or error}") from error


def _raised(alert: Alert) -> tuple[float, str]:
    return alert.ts, alert.id


@contextmanager
def _stopping(source: PacketSource | Logs) -> Iterator[None]:
    """End the replay in order on SIGINT and SIGTERM: what was read is kept."""
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: source.close()) for number in wanted}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
