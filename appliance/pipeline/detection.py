"""From enriched flows to alerts, and on to whoever keeps or shows them.

The pipeline's thread owns all of it. People's decisions come in through `desk`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from appliance.cases.casebook import Casebook
from appliance.detect.stage import Detector, Findings
from appliance.model.alert import AlertChange, Mute, Signal
from appliance.model.flow import FlowBatch
from appliance.model.meta import DeviceFact
from appliance.model.observation import Observation
from appliance.model.window import WindowBatch
from appliance.pipeline.sight import Sight
from appliance.pipeline.slices import slice_both

_time_of = attrgetter("ts_ns")

AlertSink = Callable[[list[AlertChange]], None]
WindowSink = Callable[[WindowBatch], None]


class Keeper(Protocol):
    """What detection asks of the store's writer."""

    def write_alerts(self, changes: Iterable[AlertChange]) -> None:
        """Take alerts with their incidents."""

    def write_windows(self, batch: WindowBatch) -> None:
        """Take fingerprints."""

    def write_mutes(self, mutes: Iterable[Mute], removed: Iterable[int] = ()) -> None:
        """Take mutes that changed, and the ids of those that are no more."""


class Scorer(Protocol):
    """Learnt models: they rank, and say what is unusual."""

    def score_flows(self, batch: FlowBatch, now_s: float) -> list[Signal]:
        """Score every flow at once; return what stands out."""

    def score_windows(self, batch: WindowBatch, now_s: float) -> tuple[WindowBatch, list[Signal]]:
        """Return the batch with the model's columns filled, and what stands out."""


class News(NamedTuple):
    """What came at once. Flows and attempts are enriched; observations are in order of time."""

    batch: FlowBatch
    attempts: FlowBatch | None = None  # open flows that nobody has answered
    observations: Sequence[Observation] = ()  # what single packets or log lines said
    facts: Sequence[DeviceFact] = ()
    by_start: bool = False  # the clock is the latest start of a flow, as of logs


class Outlets(NamedTuple):
    """Where it goes. Sinks are told of everything that is new, in order."""

    keeper: Keeper | None = None  # None where nothing is kept
    alerts: tuple[AlertSink, ...] = ()
    windows: tuple[WindowSink, ...] = ()


class Detection:
    """Runs the detector, the models and the casebook on what the pipeline hands it.

    scorer : None without models
    """

    def __init__(
        self,
        detector: Detector,
        casebook: Casebook,
        outlets: Outlets = Outlets(),  # noqa: B008 - immutable
        *,
        sight: Sight | None = None,
        scorer: Scorer | None = None,
    ) -> None:
        self.detector = detector
        self.casebook = casebook
        self._outlets = outlets
        self._sight = sight or Sight()
        self._scorer = scorer
        self._quiet = False
        self.now_s = 0.0

    def take(self, news: News, now_s: float) -> None:
        """Judge what came up to a packet time, in the order in which it happened."""
        if news.facts:
            self._settle(self.detector.learn_devices(news.facts))
        seen = news.observations
        done = 0
        for part, part_s in slice_both(news.batch, news.attempts, now_s, by_start=news.by_start):
            until = bisect_right(seen, part_s * 1e9, done, key=_time_of)
            self._observe(seen[done:until], part_s)
            done = until
            self._judge(part, part_s)
        self._observe(seen[done:], now_s)

    def tick(self, now_s: float) -> None:
        """Let time pass where no flows come: close windows, let evidence fade."""
        if now_s > self.now_s:
            self.now_s = now_s
            self._settle(self.detector.observe((), now_s))

    def remember(self, batches: Iterable[FlowBatch]) -> int:
        """Go through stored flows without saying anything; return how many there were."""
        count = 0
        self._quiet = True
        try:
            for batch in batches:
                count += len(batch)
                newest_s = float(batch.flows["last_ns"].max()) / 1e9
                self.take(News(batch), max(self.now_s, newest_s))
        finally:
            self._quiet = False
        return count

    def flush(self) -> None:
        """Close every window and pass on the last counts: nothing more will come."""
        self._settle(self.detector.flush(self.now_s))
        self.publish(self.casebook.flush())

    def hear(self, signals: list[Signal]) -> None:
        """Take evidence that somebody else found."""
        if signals:
            self.publish(self.casebook.take(signals, self._sight.visibility()))

    def publish(self, changes: list[AlertChange]) -> None:
        """Pass on what happened to alerts."""
        if not changes or self._quiet:
            return
        if self._outlets.keeper is not None:
            self._outlets.keeper.write_alerts(changes)
        for sink in self._outlets.alerts:
            sink(changes)

    def _observe(self, seen: Sequence[Observation], now_s: float) -> None:
        if seen:
            self.now_s = max(self.now_s, now_s)
            self._settle(self.detector.observe(seen, self.now_s))

    def _judge(self, part: FlowBatch, now_s: float) -> None:
        self.now_s = max(self.now_s, now_s)
        self._sight.look(part.flows, self.now_s)
        findings = self.detector.take(part, self.now_s)
        if self._scorer is not None:
            findings.signals.extend(self._scorer.score_flows(part, self.now_s))
        self._settle(findings)

    def _settle(self, findings: Findings) -> None:
        signals = findings.signals
        for window in findings.windows:
            signals = signals + self._keep_window(window)
        if signals:
            visibility = self._sight.visibility()
            self.publish(self.casebook.take(signals, visibility, quiet=self._quiet))
        self.publish(self.casebook.tick(self.now_s))

    def _keep_window(self, window: WindowBatch) -> list[Signal]:
        signals: list[Signal] = []
        if self._scorer is not None:
            window, signals = self._scorer.score_windows(window, self.now_s)
        if not self._quiet:
            if self._outlets.keeper is not None:
                self._outlets.keeper.write_windows(window)
            for sink in self._outlets.windows:
                sink(window)
        return signals
