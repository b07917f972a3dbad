"""What forests fitted on some windows say of the same windows, for comparisons."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.learn.history import LEAST_HOSTS, LEAST_WINDOWS, WindowHistory, thin_windows
from appliance.learn.hostmodel import KIND as HOSTS
from appliance.learn.hostmodel import read_host_model
from appliance.learn.hostscorer import HostScorer, HostScores, features_of_windows
from appliance.learn.modelfile import ModelFile, read_model_file
from appliance.learn.naive import KIND as NAIVE
from appliance.learn.naive import read_naive_model, scale
from appliance.learn.process import TrainingProcess
from appliance.learn.task import Task, model_path, write_task
from appliance.learn.walk import score, walkable
from appliance.model.window import CLASSIC, COLUMN

MEMORY_MIB = 1_024
_COLUMNS = [COLUMN[name] for name in CLASSIC]
_TIMEOUT_S = 300.0


def score_naive(values: NDArray[Any], memory_mib: int = MEMORY_MIB) -> NDArray[np.float64]:
    """Return the naive forest's score of each window, fitted on all of them.

    values : (n, model.window.FEATURES).  Raises DataError if the training process fails.
    """
    classic = np.ascontiguousarray(values[:, _COLUMNS], np.float32)
    model = read_naive_model(_train(NAIVE, {"classic": classic}, memory_mib))
    return score(walkable(model.forest), scale(classic, model.middle, model.spread))


def score_hosts(windows: WindowHistory, memory_mib: int = MEMORY_MIB) -> HostScores | None:
    """Return what our own host model says of each window, fitted on all of them without labels.

    Each host is judged by forests that have not seen it. None if there is too little to learn
    from.  Raises DataError if the training process fails.
    """
    learnt = thin_windows(windows)
    hosts = np.unique(np.column_stack([learnt.hi, learnt.lo]), axis=0)
    if len(learnt.hi) < LEAST_WINDOWS or len(hosts) < LEAST_HOSTS:
        return None
    arrays: dict[str, NDArray[Any]] = {
        "hi": learnt.hi,
        "lo": learnt.lo,
        "start_s": learnt.start_s,
        "values": features_of_windows(learnt.values),
    }
    scorer = HostScorer(read_host_model(_train(HOSTS, arrays, memory_mib)))
    return scorer.score(windows.hi, windows.lo, features_of_windows(windows.values))


def _train(kind: str, arrays: dict[str, NDArray[Any]], memory_mib: int) -> ModelFile:
    """Return a model trained in another process, whose library stays out of this one."""
    with tempfile.TemporaryDirectory(prefix="appliance-yardstick-") as name:
        folder = Path(name)
        write_task(folder, Task(kinds=(kind,)), arrays)
        process = TrainingProcess(folder, memory_mib)
        code = process.wait(_TIMEOUT_S)
        if code is None:
            process.kill()
            raise DataError(f"the forest of {kind} took longer than {_TIMEOUT_S:.0f} s")
        if code != 0:
            raise DataError(process.complaint(code))
        return read_model_file(model_path(folder, kind))
