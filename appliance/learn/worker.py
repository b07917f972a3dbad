"""The training process: `python -m appliance.learn.worker FOLDER MEMORY_MIB`.

Reads FOLDER/input.npz, leaves FOLDER/KIND.model. Nice, and limited in memory: what it may not have
it does without. It ends when its standard input does, that is with the process that started it.
Exit: 0 done, 1 failed, 4 out of memory.
"""

import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import sklearn
from numpy.typing import NDArray

from appliance.errors import ApplianceError
from appliance.learn.flowfit import FlowKinds, fit_flows
from appliance.learn.flowmodel import KIND as FLOWS
from appliance.learn.hostfit import Windows, fit_hosts
from appliance.learn.hostmodel import FEATURES
from appliance.learn.hostmodel import KIND as HOSTS
from appliance.learn.modelfile import About, make_model_file, write_model_file
from appliance.learn.naive import KIND as NAIVE
from appliance.learn.naivefit import fit_naive
from appliance.learn.task import Task, model_path, read_task
from appliance.model.flowkey import FLOW_FEATURES
from appliance.model.window import CLASSIC

FAILED = 1
OUT_OF_MEMORY = 4
_NICE = 15
_MOST_CPU_S = 1_800  # far beyond the trainer's patience: for one whose parent is gone


def main(arguments: list[str]) -> int:
    """Train what the folder asks for."""
    folder, memory_mib = Path(arguments[0]), int(arguments[1])
    os.nice(_NICE)
    # before the limit: a thread that finds no room for its stack is waited for in vain
    threading.Thread(target=_end_with_parent, daemon=True).start()
    limit_memory(memory_mib)
    try:
        train(folder)
    except (MemoryError, SystemError):  # numpy forgets to say which when it gets no memory
        sys.stderr.write(f"training needs more than the {memory_mib} MiB it may use\n")
        return OUT_OF_MEMORY
    except ApplianceError as error:
        sys.stderr.write(f"{error}\n")
        return FAILED
    return 0


def limit_memory(memory_mib: int) -> None:
    """Bound what the process may write to, libraries included, and for how long it may run.

    Comes after the libraries are loaded: one of them, denied memory while it loads, waits for ever.
    RLIMIT_DATA counts private writable memory, which is what it really takes; RLIMIT_AS would also
    count the libraries' mapped files, several times the size of the training.
    """
    limit = memory_mib << 20
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))


def train(folder: Path) -> None:
    """Fit every model of the task and write it. Raises DataError for data that cannot be used."""
    task, arrays = read_task(folder)
    fits = {HOSTS: _fit_hosts, FLOWS: _fit_flows, NAIVE: _fit_naive}
    for kind in task.kinds:
        about, made = fits[kind](task, arrays)
        about = msgspec.structs.replace(
            about, since_s=task.since_s, until_s=task.until_s, versions=_versions()
        )
        write_model_file(model_path(folder, kind), make_model_file(about, made))


def _fit_hosts(task: Task, arrays: dict[str, Any]) -> tuple[About, dict[str, NDArray[Any]]]:
    windows = Windows(arrays["hi"], arrays["lo"], arrays["start_s"], arrays["values"])
    model = fit_hosts(windows, task.budget)
    about = About(
        kind=HOSTS,
        features=FEATURES,
        rows=len(windows.hi),
        hosts=len(model.host_hi),
        numbers={"threshold": model.threshold},
    )
    return about, model.arrays()


def _fit_flows(task: Task, arrays: dict[str, Any]) -> tuple[About, dict[str, NDArray[Any]]]:
    kinds = FlowKinds(arrays["keys"], arrays["counts"].astype(np.float64))
    model = fit_flows(kinds, task.flow_share)
    numbers = {"threshold": model.threshold, "services": float(model.services)}
    rows = int(kinds.counts.sum())
    return About(kind=FLOWS, features=FLOW_FEATURES, rows=rows, numbers=numbers), model.arrays()


def _fit_naive(task: Task, arrays: dict[str, Any]) -> tuple[About, dict[str, NDArray[Any]]]:
    model = fit_naive(arrays["classic"])
    return About(kind=NAIVE, features=CLASSIC, rows=len(arrays["classic"])), model.arrays()


def _versions() -> dict[str, str]:
    return {
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def _end_with_parent() -> None:
    """Wait for the end of standard input; the parent holds the other end and never writes."""
    while os.read(0, 64):
        pass
    os._exit(FAILED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
