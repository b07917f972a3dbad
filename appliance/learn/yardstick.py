"""What the naive forest would have said of the same windows, for comparisons."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.learn.modelfile import read_model_file
from appliance.learn.naive import KIND, read_naive_model, scale
from appliance.learn.process import TrainingProcess
from appliance.learn.task import Task, model_path, write_task
from appliance.learn.walk import score, walkable
from appliance.model.window import CLASSIC, COLUMN

_COLUMNS = [COLUMN[name] for name in CLASSIC]
_TIMEOUT_S = 300.0


def score_naive(values: NDArray[Any], memory_mib: int = 1_024) -> NDArray[np.float64]:
    """Return the naive forest's score of each window, fitted on all of them.

    values : (n, model.window.FEATURES).  Raises DataError if the training process fails.
    """
    classic = np.ascontiguousarray(values[:, _COLUMNS], np.float32)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_task(folder, Task(kinds=(KIND,)), {"classic": classic})
        process = TrainingProcess(folder, memory_mib)
        code = process.wait(_TIMEOUT_S)
        if code is None:
            process.kill()
            raise DataError(f"the naive forest took longer than {_TIMEOUT_S:.0f} s")
        if code != 0:
            raise DataError(process.complaint(code))
        model = read_naive_model(read_model_file(model_path(folder, KIND)))
    return score(walkable(model.forest), scale(classic, model.middle, model.spread))
