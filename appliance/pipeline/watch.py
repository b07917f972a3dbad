"""Detection in an appliance that runs: it may outlive a sensor, and remembers, listens and tells.

Everything here belongs to the pipeline's thread, but for what says otherwise. A sensor that takes
over a watch calls `open` once the thread of the sensor before it has ended.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from appliance.config.schema import Config
from appliance.detect.weights import load_weights
from appliance.model.address import Address
from appliance.model.alert import AlertChange, Signal
from appliance.model.flow import FlowBatch
from appliance.model.health import DetectionStatistics
from appliance.model.window import WindowBatch
from appliance.pipeline.assembly import Parts, make_detection, save_memory
from appliance.pipeline.detection import AlertSink, Detection, Keeper, News, Outlets
from appliance.pipeline.figures import collect_figures
from appliance.pipeline.learning import Learning
from appliance.pipeline.memory import MemoryStore
from appliance.pipeline.muting import Muting
from appliance.pipeline.past import read_past
from appliance.pipeline.sight import Losses
from appliance.runtime.mailbox import Mailbox

SAVE_S = 600.0
FIGURES_S = 1.0
BEHIND_S = 1.0  # silence is believed only so much later: packets may be on their way
MOST_HELD = 65_536  # flows that wait while the past is gone through; 30 MB

_log = logging.getLogger(__name__)


class Store(Keeper, MemoryStore, Protocol):
    """What is asked of the store's writer."""


class Enricher(Protocol):
    """What is asked of a sensor's enricher."""

    def enrich(self, batch: FlowBatch, /) -> None:
        """Fill in who the ends of the flows are."""

    def address(self, hi: int, lo: int, /) -> Address:
        """Return the interned address."""

    def vendor(self, mac: int, /) -> str:
        """Return who made a network card."""


class Bearings(NamedTuple):
    """What a watch is given by the sensor that runs it."""

    enricher: Enricher
    name_of: Callable[[int, int], str]  # passive DNS
    losses: Callable[[], Losses]


class _Book:
    """The address book of whichever sensor runs."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch

    def address(self, hi: int, lo: int) -> Address:
        """Return the interned address."""
        return self._watch.bearings.enricher.address(hi, lo)

    def vendor(self, mac: int) -> str:
        """Return who made a network card."""
        return self._watch.bearings.enricher.vendor(mac)


class Watch:
    """Judges what the pipeline hands it, and all that belongs to that while time passes.

    mailbox : what other threads ask for.  sinks : told of every change of an alert, in this thread.
    folder : of the store.  Raises ConfigError for weights that cannot be used.
    """

    bearings: Bearings
    _detection: Detection

    def __init__(
        self,
        config: Config,
        store: Store,
        folder: Path,
        mailbox: Mailbox,
        sinks: tuple[AlertSink, ...] = (),
    ) -> None:
        load_weights(config.detect.weights)
        self.config = config
        self.learning = Learning(config, self._find) if config.learn.enabled else None
        self.muting: Muting
        self.statistics = DetectionStatistics(enabled=True)  # for any thread; replaced as a whole
        self._store = store
        self._folder = folder
        self._mailbox = mailbox
        self._outlets = Outlets(store, (self._note, *sinks))
        self._raised: Counter[str] = Counter()
        self._opened = False
        self._past: Iterator[FlowBatch] | None = None
        self._past_flows = 0
        self._held: deque[tuple[News, float]] = deque()
        self._held_flows = 0
        self._saved_s = self._figured_s = 0.0

    @property
    def detection(self) -> Detection:
        """Who judges; only once it is open."""
        return self._detection

    @property
    def busy(self) -> bool:
        """Whether there is work although nothing comes in."""
        return self._past is not None

    def open(self, bearings: Bearings, now_s: float) -> None:
        """Begin, or go on for another sensor. Raises StoreError."""
        self.bearings = bearings
        if self._opened:
            return
        self._opened = True
        self._saved_s = now_s
        self._detection = make_detection(
            self.config,
            Parts(
                _Book(self),
                lambda hi, lo: self.bearings.name_of(hi, lo),  # noqa: PLW0108 - it changes
                lambda: self.bearings.losses(),  # noqa: PLW0108
                self.learning,
            ),
            self._outlets,
            self._store,
        )
        self.muting = Muting(self._detection, self._store)
        if self.config.detect.warm_start:
            self._past = read_past(self._folder, now_s)

    def take(self, news: News, now_s: float) -> None:
        """Judge what came up to a packet time; later, if the past has not been gone through."""
        if self._past is None:
            self._detection.take(news, now_s)
            return
        self._held.append((news, now_s))
        self._held_flows += len(news.batch) + len(news.attempts or ())
        if self._held_flows > MOST_HELD:
            self._end_past()

    def turn(self, now_s: float, *, silent: bool) -> None:
        """Do what else there is to do; call it several times a second.

        now_s : wall time.  silent : nothing waits to be taken
        """
        self._mailbox.serve()
        if self._past is not None:
            self._go_through(self._past)
        elif silent:
            self._detection.tick(now_s - BEHIND_S)
        if not 0 <= now_s - self._figured_s < FIGURES_S:
            self._figured_s = now_s
            self._figure()
        if not 0 <= now_s - self._saved_s < SAVE_S:
            self._saved_s = now_s
            self.save()

    def save(self) -> None:
        """Write down what should outlive the process."""
        if self._opened:
            self.muting.save_used()
            save_memory(self._detection, self._store)

    def close(self) -> None:
        """End for good: what is open is told and kept. The pipeline's thread must have ended."""
        if not self._opened:
            return
        if self._past is not None:
            self._end_past()
        self._detection.flush()
        self.save()

    def judge_again(self, window: WindowBatch) -> int:
        """Ask the models about a window once more; return how much stands out."""
        if self.learning is None:
            return 0
        signals: list[Signal] = self.learning.judge(window)
        self._detection.hear(signals)
        return len(signals)

    def _find(self, hi: int, lo: int) -> Address:
        return self.bearings.enricher.address(hi, lo)

    def _go_through(self, past: Iterator[FlowBatch]) -> None:
        batch = next(past, None)
        if batch is None:
            self._end_past()
            return
        self.bearings.enricher.enrich(batch)
        self._past_flows += self._detection.remember([batch])

    def _end_past(self) -> None:
        self._past = None
        if self._past_flows:
            _log.info("went through %d stored flows of the last day", self._past_flows)
        while self._held:
            self._detection.take(*self._held.popleft())
        self._held_flows = 0

    def _note(self, changes: list[AlertChange]) -> None:
        for change in changes:
            if change.what == "raised":
                self._raised[change.alert.severity] += 1

    def _figure(self) -> None:
        casebook = self._detection.casebook
        since_s, now_s = casebook.learning_since, self._detection.now_s
        self.statistics = collect_figures(
            self._detection.detector,
            casebook,
            self._raised,
            learning=not since_s or now_s - since_s < self.config.learn.learning_s,
            model=self.learning.version if self.learning is not None else 0,
        )
