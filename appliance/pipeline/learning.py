"""Learnt models at work: they score flows and windows in the pipeline's thread."""

from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Config
from appliance.detect.arrays import collect_services
from appliance.detect.evidence import combine
from appliance.learn.drift import DriftReport, DriftWatch
from appliance.learn.flowscorer import FlowScorer
from appliance.learn.hostscorer import HostScorer, HostScores, features_of_windows
from appliance.learn.judges import FlowJudge, Limits, judge_windows
from appliance.learn.trainer import NewModels
from appliance.model.address import Address
from appliance.model.alert import Signal
from appliance.model.flow import FlowBatch
from appliance.model.window import WindowBatch


class Lesson(NamedTuple):
    """Models to use from now on, where they are not None."""

    models: NewModels
    version: int  # of the model of hosts that is in use then, 0 none


class Learning:
    """Scores with the models it was taught last; without any it says nothing.

    find : gives the interned address of two words
    """

    def __init__(self, config: Config, find: Callable[[int, int], Address]) -> None:
        self._find = find
        self._low = config.alerts.low
        self._flows = FlowScorer()
        self._flow_judge = FlowJudge(self._flows, Limits(config.alerts.low))
        self._hosts: HostScorer | None = None
        self._watch: DriftWatch | None = None
        self._lessons: SimpleQueue[Lesson] = SimpleQueue()
        # for any thread; each replaced as a whole
        self.drift = DriftReport()
        self.version = 0
        self.newest: WindowBatch | None = None  # window that was closed last

    def teach(self, lesson: Lesson) -> None:
        """Hand over other models; may be called from any thread."""
        self._lessons.put(lesson)

    def census(self) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
        """Return the kinds of flows seen, and how often."""
        return self._flows.census()

    def score_flows(self, batch: FlowBatch, now_s: float) -> list[Signal]:
        """Score every flow; return what stands out."""
        self._learn()
        if not len(batch):
            return []
        services = collect_services(batch)
        scores = self._flows.score(batch.flows, services)
        return self._flow_judge.judge(batch, scores, services)

    def score_windows(
        self,
        batch: WindowBatch,
        now_s: float,
    ) -> tuple[WindowBatch, list[Signal]]:
        """Return the window with the model's rank and the score of both, and what stands out."""
        self._learn()
        self.newest = batch
        if self._hosts is None or not len(batch.hosts):
            return batch, []
        values = features_of_windows(batch.values)
        scores = self._hosts.score(batch.hosts["hi"], batch.hosts["lo"], values)
        self._follow(batch, values, scores)
        filled = batch._replace(model=scores.rank, score=combine(batch.score, scores.rank))
        return filled, self.judge(filled)

    def judge(self, batch: WindowBatch) -> list[Signal]:
        """Return what stands out of a window."""
        self._learn()
        if self._hosts is None:
            return []
        return judge_windows(batch, self._hosts, self._find, self._low)

    def _learn(self) -> None:
        while not self._lessons.empty():
            try:
                models, self.version = self._lessons.get_nowait()
            except Empty:  # pragma: no cover - only this thread takes any out
                return
            if models.flows is not None:
                self._flows.use(models.flows)
            if models.hosts is not None:
                self._hosts = HostScorer(models.hosts)
                self._watch = DriftWatch(models.hosts)
                self.drift = DriftReport()

    def _follow(self, batch: WindowBatch, values: NDArray[np.float32], scores: HostScores) -> None:
        """Count our own hosts' windows, to see whether the network has changed."""
        assert self._watch is not None
        ours = batch.hosts["inside"] != 0
        if ours.any():
            self._watch.add(values[ours], scores.score[ours])
            self.drift = self._watch.report()
