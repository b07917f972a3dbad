"""The scores of host windows that are compared, and what each of them knows."""

import logging
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.detect.evidence import combine
from appliance.errors import DataError
from appliance.evaluate.collect import HostWindows
from appliance.learn.history import WindowHistory
from appliance.learn.hostscorer import HostScores
from appliance.learn.yardstick import score_hosts

COMBINED = "combined"

_log = logging.getLogger(__name__)


class RankedBy(NamedTuple):
    """One score of all windows."""

    name: str
    about: str
    causal: bool  # at each moment it used nothing that came later
    score: NDArray[Any]  # (n,), larger is more suspicious


class Opinions(NamedTuple):
    """Everything that was said of the windows; each in the order of `live`."""

    live: HostWindows
    later: HostWindows | None = None  # with what was known at the end
    forest: HostScores | None = None
    naive: NDArray[Any] | None = None  # (n,)


def learn_forest(windows: HostWindows) -> HostScores | None:
    """Return what the appliance's own forest says of windows, fitted on them without labels.

    None, with a line in the log, if there is too little to learn from or the training fails.
    """
    hi, lo = windows.hosts[:, 0].copy(), windows.hosts[:, 1].copy()
    try:
        scores = score_hosts(WindowHistory(hi, lo, windows.starts_s, windows.values))
    except DataError as error:
        _log.warning("our own forest is left out: %s", error)
        return None
    if scores is None:
        _log.warning("our own forest is left out: too few windows to learn from")
    return scores


def rank_windows(said: Opinions) -> list[RankedBy]:
    """Return the scores to compare, the combined one first."""
    return list(_rank(said))


def _rank(said: Opinions) -> Iterator[RankedBy]:
    live, later, forest = said.live, said.later, said.forest
    model = "" if forest is None else " and the forest"
    if later is not None:
        about = f"evidence with the pair scores of the end, what earlier windows left{model}"
        yield RankedBy(COMBINED, about, causal=False, score=_with(forest, later))
        name = f"{COMBINED}, as it happened"
    else:
        name = COMBINED
    about = f"evidence of the moment, what earlier windows left{model}"
    yield RankedBy(name, about, causal=forest is None, score=_with(forest, live))
    if forest is not None:
        about = "the same before there is a model: nothing of it was known later than the window"
        yield RankedBy("live, without a model", about, causal=True, score=live.score)
    yield RankedBy("evidence", "of the window alone, as it happened", True, live.evidence)
    if later is not None:
        about = "of the window alone, with the pair scores of the end"
        yield RankedBy("evidence, looking back", about, False, later.evidence)
    if forest is not None:
        about = "our own, fitted on these windows without labels; no host by what it saw of him"
        yield RankedBy("forest alone", about, False, forest.score)
    if said.naive is not None:
        about = "of the source systems: seven sums, fitted on these windows"
        yield RankedBy("naive forest", about, False, said.naive)


def _with(forest: HostScores | None, windows: HostWindows) -> NDArray[np.float32]:
    return windows.score if forest is None else combine(windows.score, forest.rank)
