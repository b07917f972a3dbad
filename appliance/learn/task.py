"""What the training process is asked for: arrays in a file, and how they are laid out there."""

import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError

INPUT = "input.npz"
LOG = "worker.log"
_TASK = "task"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One training."""

    kinds: tuple[str, ...]  # models wanted: hosts, flows, naive
    budget: float = 1.0  # anomalies a day the host threshold is set to
    flow_share: float = 1e-4  # of the flows, that shall exceed the flow threshold
    since_s: float = 0.0  # span of the data
    until_s: float = 0.0


def model_path(folder: Path, kind: str) -> Path:
    """Return where the training process leaves a model."""
    return folder / f"{kind}.model"


def write_task(folder: Path, task: Task, arrays: dict[str, NDArray[Any]]) -> None:
    """Write the input of a training. arrays : hi, lo, start_s, values; keys, counts; classic."""
    about = np.frombuffer(msgspec.json.encode(task), np.uint8)
    np.savez(folder / INPUT, allow_pickle=False, **{_TASK: about}, **arrays)


def read_task(folder: Path) -> tuple[Task, dict[str, NDArray[Any]]]:
    """Return what `write_task` wrote. Raises DataError if it cannot be read."""
    try:
        with np.load(folder / INPUT, allow_pickle=False) as entries:
            arrays = {name: entries[name] for name in entries.files}
        task = msgspec.json.decode(arrays.pop(_TASK).tobytes(), type=Task)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise DataError(f"the training data cannot be read: {error}") from error
    return task, arrays
