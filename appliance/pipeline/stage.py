"""READ THIS FIRST: what happens to the output of a flow table, in order.

One thread owns a pipeline. A replay runs the same steps on packet time, so that the same capture
gives the same rows every time.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.enrich.stage import Enricher
from appliance.flows.table import TableOutput
from appliance.metadata.stage import MetadataStage
from appliance.model.flow import FlowBatch
from appliance.model.meta import DeviceFact
from appliance.model.observation import Observation
from appliance.pipeline.detection import News


class Store(Protocol):
    """What the pipeline asks of the store's writer."""

    def write(self, batch: FlowBatch) -> None:
        """Take flows; never raises for bad luck of the disk."""

    def write_traffic(self, seconds: NDArray[Any]) -> None:
        """Take closed seconds, TRAFFIC_DTYPE."""

    def write_facts(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        """Take what packets said about devices."""


class Judge(Protocol):
    """Who is told of everything that came, to judge it."""

    def take(self, news: News, now_s: float, /) -> None:
        """Take what came up to a packet time."""


Sink = Callable[[FlowBatch], None]


class Pipeline:
    """Brings names, places and storage to flows.

    metadata : None where it is switched off
    store : None where nothing is kept
    sinks : called with every enriched batch, in order: export, forward, live
    detection : None where it is switched off
    """

    def __init__(
        self,
        metadata: MetadataStage | None,
        enricher: Enricher,
        store: Store | None,
        sinks: Iterable[Sink] = (),
        detection: Judge | None = None,
    ) -> None:
        self._metadata = metadata
        self._enricher = enricher
        self._store = store
        self._sinks = tuple(sinks)
        self.detection = detection
        self.flows = 0  # taken so far

    def take(self, output: TableOutput, interfaces: tuple[str, ...]) -> None:
        """Bring one output of a table through every step."""
        observations: list[Observation] = []
        facts: list[DeviceFact] = []
        batch = FlowBatch(output.flows, interfaces)
        if self._metadata is not None:
            self._metadata.absorb(output.samples)  # before its flows: they may have ended already
            facts, observations = self._metadata.facts(), self._metadata.observations()
            if len(batch):
                batch.meta = self._metadata.take(batch.flows)
        self._pass_on(batch, facts)
        if self.detection is not None:
            attempts = FlowBatch(output.attempts, interfaces)
            if len(attempts):
                self._enricher.enrich(attempts)
            news = News(batch, attempts, observations, facts)
            self.detection.take(news, output.now_ns / 1e9)
        if len(output.traffic) and self._store is not None:
            self._store.write_traffic(output.traffic)

    def take_log(self, news: News, now_s: float) -> None:
        """Bring flows that somebody else measured, names included, through the other steps.

        now_s : packet time
        """
        self._pass_on(news.batch, news.facts)
        if self.detection is not None:
            self.detection.take(news, now_s)

    def _pass_on(self, batch: FlowBatch, facts: Sequence[DeviceFact]) -> None:
        """Name, store and hand on."""
        if facts and self._store is not None:
            self._store.write_facts(list(facts), self._enricher.vendor)
        if not len(batch):
            return
        self._enricher.enrich(batch)
        self.flows += len(batch)
        if self._store is not None:
            self._store.write(batch)
        for sink in self._sinks:
            sink(batch)


def shift_interfaces(output: TableOutput, by: int) -> TableOutput:
    """Make a worker's interface numbers the appliance's."""
    if by:
        output.flows["interface"] += np.uint16(by)
        output.attempts["interface"] += np.uint16(by)
        output.samples.headers["interface"] += np.uint16(by)
    return output
