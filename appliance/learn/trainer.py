"""When to train, and what becomes of what was trained. Knows no threads and reads no clock."""

import logging
import shutil
import tempfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Learn
from appliance.errors import ApplianceError, DataError
from appliance.learn import history as past
from appliance.learn.drift import DriftReport
from appliance.learn.flowmodel import KIND as FLOWS
from appliance.learn.flowmodel import FlowModel, read_flow_model
from appliance.learn.history import History, WindowHistory
from appliance.learn.hostmodel import KIND as HOSTS
from appliance.learn.hostmodel import HostModel, read_host_model
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.modelfile import ModelFile, read_model_file
from appliance.learn.process import TrainingProcess
from appliance.learn.promote import Recent, Verdict, compare_flows, compare_hosts
from appliance.learn.shelf import ModelEntry, ModelShelf
from appliance.learn.task import Task, model_path, write_task

_log = logging.getLogger(__name__)
TIMEOUT_S = 900.0  # of one training; it takes seconds
RETRY_S = 1_800.0  # after a failure, or while there is too little to learn from
SPAN_S = 14 * 86_400.0  # how far back training looks
DRIFT_PAUSE_S = 7_200.0  # between trainings because of drift
_JOB_PREFIX = ".job-"

Census = Callable[[], tuple[NDArray[np.uint64], NDArray[np.uint32]]]


class State(StrEnum):
    """What the trainer is doing."""

    OFF = "off"
    IDLE = "idle"
    TRAINING = "training"
    FAILED = "failed"  # the last training; the next one is still planned


class TrainingStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The trainer, for the API. Times in s since the epoch, 0 = never."""

    state: State
    note: str = ""  # one sentence on the last training or why there was none
    started_s: float = 0.0
    finished_s: float = 0.0
    next_s: float = 0.0
    trainings: int = 0
    failures: int = 0
    promoted: int = 0
    refused: int = 0
    windows: int = 0  # of the last training
    hosts: int = 0
    flow_kinds: int = 0
    drift: DriftReport = DriftReport()
    models: list[ModelEntry] = []  # newest first


class NewModels(NamedTuple):
    """Models to score with from now on; None = as before."""

    hosts: HostModel | None = None
    flows: FlowModel | None = None


class _Job(NamedTuple):
    process: TrainingProcess
    started_s: float
    recent: Recent | None
    keys: NDArray[np.uint64]
    counts: NDArray[np.uint32]
    share: float


class Trainer:
    """One training at a time: every `learn.every_s`, on request, and when the network has changed.

    Call `poll` every second or so from one thread; it reads the store when a training begins.
    """

    def __init__(
        self,
        config: Learn,
        shelf: ModelShelf,
        history: History,
        census: Census | None = None,
        flows_per_day: float = 4.0,
    ) -> None:
        """Begin without training.

        census : kinds of flows seen live, preferred to stored flows.
        flows_per_day : strange flows a day that the flow threshold aims at.
        """
        self._config = config
        self._shelf = shelf
        self._history = history
        self._census = census
        self._flows_per_day = flows_per_day
        self._job: _Job | None = None
        self._wanted = False
        self._due_s = -1.0
        self._waiting = NewModels()
        self._drift = DriftReport()
        self._status = TrainingStatus(state=State.IDLE if config.enabled else State.OFF)
        for left in shelf.folder.glob(f"{_JOB_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)

    def load(self) -> NewModels:
        """Return the models in use, as after a start. Damaged ones give way to earlier ones."""
        return NewModels(
            _read(self._shelf, HOSTS, read_host_model), _read(self._shelf, FLOWS, read_flow_model)
        )

    def request(self) -> bool:
        """Ask for a training as soon as possible; False if one is going on."""
        self._wanted = True
        return self._job is None

    def tell_drift(self, report: DriftReport, now_s: float) -> None:
        """Train soon if the network has changed, but not for ever again."""
        self._drift = report
        if report.drifted and now_s - self._status.started_s > DRIFT_PAUSE_S:
            self._due_s = min(self._due_s, now_s)

    def take(self) -> NewModels:
        """Return what was promoted since the last call."""
        waiting, self._waiting = self._waiting, NewModels()
        return waiting

    def poll(self, now_s: float) -> TrainingStatus:
        """Begin a training that is due, or look after the one that runs. Never waits for it."""
        if self._job is not None:
            code = self._job.process.poll_nowait()
            if code is not None:
                self._finish(code, now_s)
            elif now_s - self._job.started_s > TIMEOUT_S:
                self._job.process.kill()
                self._fail(f"training took longer than {TIMEOUT_S:.0f} s and was ended", now_s)
        elif self._wanted or (self._config.enabled and self._is_due(now_s)):
            self._begin(now_s)
        return self.status()

    def train_now(self, now_s: float) -> TrainingStatus:
        """Train and wait for the end; for commands."""
        if self._job is None:
            self._begin(now_s)
        if self._job is not None:
            code = self._job.process.wait(TIMEOUT_S)
            if code is None:
                self._job.process.kill()
                self._fail(f"training took longer than {TIMEOUT_S:.0f} s and was ended", now_s)
            else:
                self._finish(code, now_s)
        return self.status()

    def roll_back(self, kind: str) -> int:
        """Go back to the version before the current one; return it. Raises DataError if none."""
        version = self._shelf.roll_back(kind)
        _log.warning("went back to version %d of the model of %s", version, kind)
        loaded = self.load()
        self._waiting = self._waiting._replace(**{kind: getattr(loaded, kind)})
        return version

    def status(self) -> TrainingStatus:
        """Return how things stand."""
        return msgspec.structs.replace(
            self._status,
            next_s=max(self._due_s, 0.0) if self._config.enabled else 0.0,
            drift=self._drift,
            models=self._shelf.entries(),
        )

    def close(self) -> None:
        """End a training that runs."""
        if self._job is not None:
            self._job.process.kill()
            shutil.rmtree(self._job.process.folder, ignore_errors=True)
            self._job = None

    def _is_due(self, now_s: float) -> bool:
        if self._due_s < 0:
            current = self._shelf.current(HOSTS)
            self._due_s = current.trained_s + self._config.every_s if current else now_s
        # a clock that was set back must not stop training for months
        self._due_s = min(self._due_s, now_s + self._config.every_s)
        return now_s >= self._due_s

    def _begin(self, now_s: float) -> None:
        self._wanted = False
        windows = past.thin_windows(self._history.windows(now_s - SPAN_S))
        keys, counts = self._count_flows()
        hosts = len(np.unique(np.column_stack([windows.hi, windows.lo]), axis=0))
        kinds = []
        if len(windows.hi) >= past.LEAST_WINDOWS and hosts >= past.LEAST_HOSTS:
            kinds.append(HOSTS)
        if counts.sum() >= past.LEAST_FLOWS:
            kinds.append(FLOWS)
        self._set(started_s=now_s, windows=len(windows.hi), hosts=hosts, flow_kinds=len(keys))
        if not kinds:
            self._due_s = now_s + RETRY_S
            note = f"too little to learn from: {len(windows.hi)} windows of {hosts} hosts"
            self._set(state=State.IDLE, note=note)
            return
        share = self._flows_per_day / max(_per_day(windows, float(counts.sum())), 1.0)
        share = min(share, 0.01)
        task = Task(
            kinds=tuple(kinds),
            budget=self._config.anomalies_per_day,
            flow_share=share,
            since_s=float(windows.start_s.min(initial=now_s)),
            until_s=float(windows.start_s.max(initial=0.0)),
        )
        self._start(task, windows, (keys, counts), now_s)

    def _start(
        self,
        task: Task,
        windows: WindowHistory,
        flows: tuple[NDArray[np.uint64], NDArray[np.uint32]],
        now_s: float,
    ) -> None:
        recent = None
        if HOSTS in task.kinds:
            recent = past.recent_of(windows, self._history.bad_spans(now_s - past.RECENT_S * 2))
        folder = Path(tempfile.mkdtemp(prefix=_JOB_PREFIX, dir=self._shelf.folder))
        arrays: dict[str, NDArray[Any]] = {
            "hi": windows.hi,
            "lo": windows.lo,
            "start_s": windows.start_s,
            "values": features_of_windows(windows.values),
            "keys": flows[0],
            "counts": flows[1],
        }
        write_task(folder, task, arrays)
        process = TrainingProcess(folder, self._config.memory_mib)
        self._job = _Job(process, now_s, recent, *flows, task.flow_share)
        self._set(state=State.TRAINING, note="training")

    def _count_flows(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        if self._census is not None:
            keys, counts = self._census()
            if counts.sum() >= past.LEAST_FLOWS:
                return keys, counts
        return past.count_kinds(self._history.flow_sample(past.MOST_FLOWS))

    def _finish(self, code: int, now_s: float) -> None:
        job = self._job
        assert job is not None
        if code != 0:
            self._fail(job.process.complaint(code), now_s)
            return
        notes = []
        try:
            for kind in (HOSTS, FLOWS):
                path = model_path(job.process.folder, kind)
                if path.exists():
                    notes.append(f"{kind}: {self._consider(job, read_model_file(path), now_s)}")
        except ApplianceError as error:
            self._fail(str(error), now_s)
            return
        self._due_s = now_s + self._config.every_s
        self._end_job(now_s, State.IDLE, "; ".join(notes))

    def _consider(self, job: _Job, file: ModelFile, now_s: float) -> str:
        """Compare a candidate with the current model; take it into use or not. Return why."""
        kind = file.about.kind
        model: Any
        if kind == HOSTS:
            model = read_host_model(file)
            assert job.recent is not None
            verdict = compare_hosts(
                model,
                _read(self._shelf, HOSTS, read_host_model),
                job.recent,
                self._config.anomalies_per_day,
                drifted=self._drift.drifted,
            )
        else:
            model = read_flow_model(file)
            current = _read(self._shelf, FLOWS, read_flow_model)
            verdict = compare_flows(model, current, job.keys, job.counts, job.share)
        version = self._shelf.add(file, now_s)
        if verdict.promoted:
            self._shelf.promote(kind, version, verdict.reason)
            self._waiting = self._waiting._replace(**{kind: model})
            self._set(promoted=self._status.promoted + 1)
        else:
            self._shelf.refuse(kind, version, verdict.reason)
            self._set(refused=self._status.refused + 1)
        _report(kind, version, verdict)
        return f"version {version} {verdict.reason}"

    def _fail(self, note: str, now_s: float) -> None:
        _log.warning("%s", note)
        self._set(failures=self._status.failures + 1)
        self._due_s = now_s + RETRY_S
        self._end_job(now_s, State.FAILED, note)

    def _end_job(self, now_s: float, state: State, note: str) -> None:
        assert self._job is not None
        shutil.rmtree(self._job.process.folder, ignore_errors=True)
        self._job = None
        self._set(state=state, note=note, finished_s=now_s, trainings=self._status.trainings + 1)

    def _set(self, **changes: Any) -> None:
        self._status = msgspec.structs.replace(self._status, **changes)


def _per_day(windows: WindowHistory, kinds_counted: float) -> float:
    """Return about how many (host, kind, hour) a day there are."""
    if not len(windows.start_s):
        return kinds_counted
    days = float(np.ptp(windows.start_s)) / 86_400.0
    return kinds_counted / max(days, 1.0)


def _read(shelf: ModelShelf, kind: str, parse: Callable[[ModelFile], Any]) -> Any:
    """Return the current model of a kind; None if there is none that can be used."""
    while (file := shelf.load(kind)) is not None:
        try:
            return parse(file)
        except DataError as error:
            _log.warning("%s; the version before it is used", error)
            shelf.withdraw(kind, str(error))
    return None


def _report(kind: str, version: int, verdict: Verdict) -> None:
    say = _log.info if verdict.promoted else _log.warning
    figures = ", ".join(f"{name} {value:g}" for name, value in verdict.figures.items())
    say("model of %s, version %d, %s (%s)", kind, version, verdict.reason, figures)
