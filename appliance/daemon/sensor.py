"""One run of the sensor: sources, their threads, the pipeline's thread."""

import itertools
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from appliance.capture.afpacket import open_interface
from appliance.capture.interfaces import default_interface, interface_prefixes, offload_warnings
from appliance.config.schema import Capture, Config
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import CaptureError
from appliance.flows.table import FlowTable
from appliance.metadata.stage import MetadataStage
from appliance.model.address import is_ipv4
from appliance.model.frame import PacketSource
from appliance.model.health import DetectionStatistics, Health, Tick
from appliance.pipeline.monitor import Identity, LatestFlows, Monitor
from appliance.pipeline.stage import Pipeline, Sink
from appliance.pipeline.watch import Bearings, Watch
from appliance.pipeline.worker import CaptureWorker, Parcel, weigh
from appliance.runtime.channel import Channel, Overflow
from appliance.runtime.clock import Clock
from appliance.runtime.tasks import Threads
from appliance.store.writer import StoreWriter

_QUEUED_FLOWS = 65_536  # between capture and pipeline; 256 bytes each
_PATIENCE_S = 0.25  # longest wait of the pipeline's thread without a sign of life
_STOP_S = 10.0
# Fanout groups; a reload needs another, or old and new rings would share the packets.
_groups = itertools.count(os.getpid())

Sources = Callable[[Config, Clock], list[PacketSource]]


def open_interfaces(config: Config, clock: Clock) -> list[PacketSource]:
    """Open what capture.interfaces names, several threads each if wanted.

    Raises CaptureError if there is no default interface or no right to capture.
    """
    sources: list[PacketSource] = []
    with ExitStack() as undo:
        for name in resolve_interfaces(config.capture):
            group = next(_groups) & 0xFFFF if config.capture.threads > 1 else None
            for member in range(config.capture.threads):
                sources.append(open_interface(name, config.capture, group, member))
                undo.callback(sources[-1].close)
        undo.pop_all()
    return sources


def resolve_interfaces(capture: Capture) -> tuple[str, ...]:
    """Return interface names, "auto" replaced; each once."""
    names = []
    for name in capture.interfaces:
        found = default_interface() if name == "auto" else name
        if found is None:
            raise CaptureError(
                "Name the interface in capture.interfaces: this machine has no default route, "
                'so "auto" finds none'
            )
        names.append(found)
    return tuple(dict.fromkeys(names))


class Sensor:
    """Everything between the wire and the store; `start` once, then `stop`.

    sources : closed by `stop`
    sinks : further receivers of every batch
    watch : who detects, None nobody; of this sensor's pipeline from `start` to the end of `stop`
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        writer: StoreWriter,
        sources: Sequence[PacketSource],
        sinks: Sequence[Sink] = (),
        watch: Watch | None = None,
    ) -> None:
        self._clock = clock
        self._writer = writer
        self._sources = sources
        home = HomeNetworks(config.network.home, _own_prefixes(self._sources))
        self.enricher = Enricher(config.geoip, home)
        self.latest = LatestFlows()
        self._watch = watch
        metadata = MetadataStage(config.metadata) if config.metadata.enabled else None
        self._name_of = metadata.name_of if metadata is not None else _no_name
        sinks = [*sinks, self.latest]
        self._pipeline = Pipeline(metadata, self.enricher, writer, sinks, watch)
        self._channel: Channel[Parcel] = Channel(_QUEUED_FLOWS, Overflow.DROP_OLDEST, weigh)
        self._interfaces = _names(self._sources)
        samples = config.metadata.samples_per_s if config.metadata.enabled else 0
        self._workers = [
            CaptureWorker(
                source,
                FlowTable(
                    config.flows,
                    home.array(),
                    samples_per_s=samples,
                    worker=number & 15,
                    seed=secrets.randbits(63),
                ),
                self._channel,
                clock,
                self._interfaces.index(source.interfaces[0]),
            )
            for number, source in enumerate(self._sources)
        ]
        self.monitor = Monitor(
            Identity(
                config.sensor.name or socket.gethostname(), home.names(), clock.wall_ns() / 1e9
            ),
            self._workers,
            self._channel.statistics,
            writer.statistics,
            self.enricher.sources,
            self._detection_figures,
        )
        self.alive_ns = clock.monotonic_ns()  # last sign of life of the pipeline
        self._pipeline_thread: Threads
        self._capture_threads: Threads

    @property
    def interfaces(self) -> tuple[str, ...]:
        """Names of all interfaces."""
        return self._interfaces

    def warnings(self) -> list[str]:
        """Return sentences about what will make the sensor see less than there is."""
        return [line for name in self._interfaces for line in offload_warnings(name)]

    def start(self, on_failure: Callable[[], None], since_ns: int = 0) -> None:
        """Start the threads; `on_failure` is called in a thread that dies.

        since_ns : frames before this time are left out; another sensor has them
        """
        self._pipeline_thread = Threads(on_failure, self._clock)
        self._capture_threads = Threads(on_failure, self._clock)
        self._pipeline_thread.start(self._run_pipeline, name="pipeline")
        for worker in self._workers:
            self._capture_threads.start(
                worker.run, since_ns, name=f"capture {worker.source.interfaces[0]}"
            )

    def stop(self) -> tuple[str, ...]:
        """End in order: sources, tables flushed, pipeline drained. Returns threads that hang."""
        self.monitor.stopping = True
        for source in self._sources:
            source.close()
        hanging = self._capture_threads.join(_STOP_S)
        self._channel.close()
        return hanging + self._pipeline_thread.join(_STOP_S)

    @property
    def seen_ns(self) -> int:
        """Time of the last packet taken, ns since the epoch; final after `stop`."""
        return max((worker.seen_ns for worker in self._workers), default=0)

    def tick(self) -> Tick:
        """Return the last second's traffic."""
        return self.monitor.tick(self._clock.wall_ns() / 1e9, self._clock.monotonic_ns())

    def health(self) -> Health:
        """Return the state of everything."""
        return self.monitor.health(self._clock.wall_ns() / 1e9)

    def _detection_figures(self) -> DetectionStatistics:
        return DetectionStatistics() if self._watch is None else self._watch.statistics

    def _run_pipeline(self) -> None:
        channel, clock, watch = self._channel, self._clock, self._watch
        if watch is not None:
            bearings = Bearings(self.enricher, self._name_of, lambda: self.monitor.losses)
            watch.open(bearings, clock.wall_ns() / 1e9)
        while not channel.drained:
            parcel = channel.get(0.0 if watch is not None and watch.busy else _PATIENCE_S)
            now_ns = clock.monotonic_ns()
            if parcel is not None:
                self.monitor.lag_s = (now_ns - parcel.sent_ns) / 1e9
                self._pipeline.take(parcel.output, self._interfaces)
            now_s = clock.wall_ns() / 1e9
            if watch is not None:
                watch.turn(now_s, silent=parcel is None)
            self._writer.tick(now_s)
            self.enricher.refresh(now_s)
            self.alive_ns = clock.monotonic_ns()
        if watch is not None:
            watch.save()
        self._writer.flush()


def _no_name(_hi: int, _lo: int) -> str:
    return ""


def _names(sources: Sequence[PacketSource]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for source in sources for name in source.interfaces))


def _own_prefixes(sources: Sequence[PacketSource]) -> list[tuple[int, int, int]]:
    """Return the networks of the interfaces, lengths as written after the slash."""
    return [
        (high, low, length - 96 if is_ipv4(high, low) else length)
        for name in _names(sources)
        for high, low, length in interface_prefixes(name)
    ]
