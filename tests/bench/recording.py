"""Inputs read once and judged many times: what the pipeline hands to detection, kept in memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import msgspec

from appliance.capture.files import open_file
from appliance.config.schema import Config
from appliance.detect.weights import Weights
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.metadata.names import PassiveDns
from appliance.model.alert import Alert, AlertChange
from appliance.pipeline.assembly import Parts, make_detection
from appliance.pipeline.detection import News, Outlets
from appliance.replay import LogReplay, Receivers, Replay
from appliance.sources.recognise import is_log
from appliance.sources.stage import open_logs

# Read when a detector is made or a window ends: without a past there is nothing to compare with,
_OF_LATER_DAYS = ("evidence.", "carry.", "history.")
# and without a window that is unlike the past nobody asks for its evidence.
_OF_UNUSUAL_WINDOWS = ("evidence.", "carry.")
_ASKED_OF_UNUSUAL = "history.peers"


class Recording(NamedTuple):
    """Everything that detection is told of one input."""

    pieces: list[tuple[News, float]]  # with the packet time at the end of each
    parts: Parts
    flows: int


class _Tape:
    """Stands where detection stands in a pipeline."""

    def __init__(self) -> None:
        self.pieces: list[tuple[News, float]] = []

    def take(self, news: News, now_s: float) -> None:
        for batch in (news.batch, news.attempts):
            if batch is not None:
                batch.flows = batch.flows.copy()  # the flow table may use its memory again
        self.pieces.append((news, now_s))


def record(config: Config, path: str, enricher: Enricher) -> Recording:
    """Read one capture, log or folder of logs; raises ApplianceError as a replay does.

    Names of passive DNS are those at the end of the input.
    """
    quiet = msgspec.structs.replace(
        config, detect=msgspec.structs.replace(config.detect, enabled=False)
    )
    home = HomeNetworks(config.network.home)
    names = PassiveDns(config.metadata.names)
    name_of: Callable[[int, int], str] = names.name_of
    engine: Replay | LogReplay
    if is_log(path):
        logs = open_logs((path,), home.array(), names)
        source: Any = logs
        engine = LogReplay(quiet, logs, Receivers())
    else:
        source = open_file(path)
        engine = Replay(quiet, source, Receivers())
        metadata = engine.pipeline._metadata
        assert metadata is not None
        name_of = metadata.name_of
    tape = _Tape()
    engine.pipeline.detection = tape
    engine.pipeline._enricher = enricher  # one for all: the databases are opened once
    try:
        for _ in engine.run():
            pass
    finally:
        source.close()
    return Recording(tape.pieces, Parts(enricher, name_of), engine.pipeline.flows)


def play(config: Config, recording: Recording, weights: Any = None) -> list[Alert]:
    """Judge a recording anew and return its alerts as they stand at the end.

    weights : a table in place of the one that the configuration makes
    """
    found: dict[str, Alert] = {}

    def hear(changes: list[AlertChange]) -> None:
        for change in changes:
            if change.what == "muted":
                found.pop(change.alert.id, None)
            else:
                found[change.alert.id] = change.alert

    with _using(weights):
        detection = make_detection(config, recording.parts, Outlets(alerts=(hear,)))
    for news, now_s in recording.pieces:
        detection.take(news, now_s)
    detection.flush()
    if isinstance(weights, Watched):
        if not detection.detector.history.days:
            weights.forget(_OF_LATER_DAYS)
        elif _ASKED_OF_UNUSUAL not in weights.seen:
            weights.forget(_OF_UNUSUAL_WINDOWS)
    return list(found.values())


class Watched:
    """A table of constants that notes which of them are looked at.

    What nobody looks at while an input is judged cannot change the verdict on it.
    """

    def __init__(self, table: Weights) -> None:
        self._table = table
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return _WatchedGroup(name, getattr(self._table, name), self.seen)

    def forget(self, prefixes: Iterable[str]) -> None:
        """Take back what was only looked at in passing."""
        for name in list(self.seen):
            if name.startswith(tuple(prefixes)):
                self.seen.discard(name)


class _WatchedGroup:
    def __init__(self, name: str, group: msgspec.Struct, seen: set[str]) -> None:
        self._name, self._group, self._seen = name, group, seen

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._group, name)
        self._seen.add(f"{self._name}.{name}")
        return value


@contextmanager
def _using(weights: Any) -> Iterator[None]:
    if weights is None:
        yield
        return
    with mock.patch("appliance.detect.stage.load_weights", return_value=weights):
        yield
