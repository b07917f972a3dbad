"""Training in an appliance: a thread that watches over the trainer, and the desk in front of it."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as TooLate
from functools import partial
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Learn
from appliance.enrich.networks import HomeNetworks
from appliance.errors import ApplianceError
from appliance.learn.flowmodel import KIND as FLOWS
from appliance.learn.hostmodel import KIND as HOSTS
from appliance.learn.shelf import ModelEntry, ModelShelf, ModelState
from appliance.learn.trainer import NewModels, State, Trainer
from appliance.learn.trainer import TrainingStatus as TrainerStatus
from appliance.model.views import ModelRow, TrainingStatus
from appliance.pipeline.learning import Learning, Lesson
from appliance.pipeline.stored import StoredHistory
from appliance.pipeline.watch import Watch
from appliance.runtime.mailbox import Mailbox, MailboxFull
from appliance.store.reader import StoreReader

MODELS = "models"  # the folder beside the store's files
TURN_S = 1.0
RECENT_S = 7_200.0  # windows that began since then are judged on demand, if none was closed here
_PAUSE_S = 1_800.0  # after a failure that is not the training's
_PATIENCE_S = 2.0
_STATES = {State.OFF: "off", State.TRAINING: "running"}

_log = logging.getLogger(__name__)

Counts = tuple[NDArray[np.uint64], NDArray[np.uint32]]


class TrainingRoom:
    """Trains for whichever watch is running. `run` is for a thread of its own, the rest for any.

    folder : of the store.  open_reader : makes a reader for that thread.  mailbox : of the
    pipeline's thread.  current : the watch;  now : s since the epoch
    """

    def __init__(
        self,
        folder: Path,
        open_reader: Callable[[], StoreReader],
        mailbox: Mailbox,
        current: Callable[[], Watch],
        now: Callable[[], float],
    ) -> None:
        self._folder = folder
        self._open_reader = open_reader
        self._pipeline = mailbox
        self._current = current
        self._now = now
        self._mailbox = Mailbox()
        self._wake = threading.Event()
        self._ended = False
        self._wanted: set[str] = set()
        self._status = TrainingStatus(state="idle")
        self._models: list[ModelRow] = []
        self._outcome = ""
        self._paused_until_s = 0.0
        # what the thread works with
        self._served: Learning | None = None
        self._learn: Learn
        self._trainer: Trainer
        self._shelf: ModelShelf
        self._history: StoredHistory

    def request(self, work: Literal["train", "analyze"], /) -> bool:
        """Ask for work; False if it waits already."""
        if work in self._wanted:
            return False
        self._wanted.add(work)
        self._wake.set()
        return True

    def status(self) -> TrainingStatus:
        """Return what it is doing."""
        if "train" in self._wanted and self._status.state == "idle":
            return msgspec.structs.replace(self._status, state="waiting")
        return self._status

    def models(self) -> list[ModelRow]:
        """Return the versions there are, the newest first."""
        return list(self._models)

    def roll_back(self, version: int, /) -> Future[ModelRow | None]:
        """Judge with an earlier version; None if there is none."""
        job = self._mailbox.ask(lambda: self._roll_back(version))
        self._wake.set()
        return job

    def stop(self) -> None:
        """Make `run` end soon."""
        self._ended = True
        self._mailbox.close()
        self._wake.set()

    def run(self) -> None:
        """Look after the trainer until `stop`."""
        reader = self._open_reader()
        try:
            home = HomeNetworks(self._current().config.network.home)
            self._history = StoredHistory(self._folder, reader, home)
            self._begin()
            while not self._ended:
                self._wake.clear()
                self._turn()
                self._wake.wait(TURN_S)
        finally:
            if self._served is not None:
                self._trainer.close()
                self._served = None  # with all that hangs on it
            reader.close()

    def _begin(self) -> None:
        """Serve the watch that runs now."""
        watch = self._current()
        assert watch.learning is not None
        if self._served is not None:
            self._trainer.close()
        self._served, self._learn = watch.learning, watch.config.learn
        self._shelf = ModelShelf(self._folder / MODELS, self._learn.keep)
        self._trainer = Trainer(self._learn, self._shelf, self._history, self._count_kinds)
        self._teach(self._trainer.load())

    def _turn(self) -> None:
        watch = self._current()
        if watch.learning is not None and watch.learning is not self._served:
            self._begin()
        now_s = self._history.now_s = self._now()
        try:
            self._mailbox.serve()
            self._work(now_s)
        except (ApplianceError, OSError) as error:
            _log.error("training: %s", error)
            self._outcome = str(error)
            self._paused_until_s = now_s + _PAUSE_S

    def _work(self, now_s: float) -> None:
        assert self._served is not None
        if "train" in self._wanted:
            self._trainer.request()
            self._wanted.discard("train")
            self._paused_until_s = 0.0
        if not self._paused_until_s - _PAUSE_S <= now_s < self._paused_until_s:
            self._trainer.tell_drift(self._served.drift, now_s)
            status = self._trainer.poll(now_s)
            models = self._trainer.take()
            if models != NewModels():
                self._teach(models)
            self._show(status)
        if "analyze" in self._wanted:
            try:
                self._analyze(now_s)
            finally:
                self._wanted.discard("analyze")

    def _show(self, status: TrainerStatus) -> None:
        self._models = [make_row(entry) for entry in status.models]
        self._status = TrainingStatus(
            state=_STATES.get(status.state, "idle"),
            started=status.started_s,
            finished=status.finished_s,
            outcome=self._outcome or status.note,
            next=status.next_s,
        )

    def _teach(self, models: NewModels) -> None:
        assert self._served is not None
        current = self._shelf.current(HOSTS)
        self._served.teach(Lesson(models, current.version if current is not None else 0))
        self._outcome = ""

    def _count_kinds(self) -> Counts:
        """Return the kinds of flows the pipeline has seen; none if it does not answer in time."""
        assert self._served is not None
        try:
            return self._pipeline.ask(self._served.census).result(_PATIENCE_S)
        except (MailboxFull, TooLate, CancelledError):
            return np.zeros(0, np.uint64), np.zeros(0, np.uint32)

    def _analyze(self, now_s: float) -> None:
        """Have the windows that were closed last judged once more."""
        watch = self._current()
        assert self._served is not None
        newest = self._served.newest
        windows = [newest] if newest is not None else self._history.newest_windows(now_s - RECENT_S)
        try:
            found = sum(
                self._pipeline.ask(partial(watch.judge_again, window)).result(_PATIENCE_S)
                for window in windows
            )
        except (MailboxFull, TooLate, CancelledError):
            _log.warning("the last windows were not judged again: the pipeline is busy")
            return
        _log.info("judged %d windows again; %d hosts stand out", len(windows), found)

    def _roll_back(self, version: int) -> ModelRow | None:
        changed = roll_back(self._shelf, version)
        if changed is None:
            return None
        self._teach(self._trainer.load())
        self._show(self._trainer.status())
        return make_row(changed)


def roll_back(shelf: ModelShelf, version: int) -> ModelEntry | None:
    """Take an earlier version into use, for each kind that has it; None if there is none.

    version : 0 = undo what was taken into use last
    Returns the entry that is in use now, that of hosts before that of flows. Raises DataError.
    """
    reason = "taken back into use"
    current = [entry for kind in (HOSTS, FLOWS) if (entry := shelf.current(kind)) is not None]
    if version == 0:
        newest = max((entry.trained_s for entry in current), default=0.0)
        kinds = [entry.kind for entry in current if entry.trained_s == newest]
        former = {e.kind for e in shelf.entries() if e.state is ModelState.FORMER}
        kinds = [kind for kind in kinds if kind in former]
        for kind in kinds:
            shelf.roll_back(kind)
    else:
        kinds = [e.kind for e in shelf.entries() if e.version == version]
        for kind in kinds:
            shelf.read(kind, version)  # one that is damaged must not come into use
            shelf.promote(kind, version, reason)
    return next((shelf.current(kind) for kind in (HOSTS, FLOWS) if kind in kinds), None)


def make_row(entry: ModelEntry) -> ModelRow:
    """Return a version as people see it."""
    used = {ModelState.CURRENT, ModelState.FORMER, ModelState.WITHDRAWN}
    return ModelRow(
        version=entry.version,
        name=entry.kind,
        created=entry.trained_s,
        active=entry.state is ModelState.CURRENT,
        promoted=entry.state in used,
        since=entry.since_s,
        until=entry.until_s,
        rows=entry.rows,
        threshold=entry.numbers.get("threshold", 0.0),
        note=entry.reason,
        figures=entry.numbers,
    )
