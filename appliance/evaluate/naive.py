"""What the design of the source systems reaches: one forest over plain features, no labels.

It is fitted in another process, because its library stays in memory for good.
"""

import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import appliance

CONTAMINATION = 0.05  # share of flows the source systems call unusual
_TIMEOUT_S = 600
_FEWEST = 2  # rows a forest can be fitted to

_log = logging.getLogger(__name__)


def score_naively(matrices: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    """Return the scores of each matrix (n, k): (n,), larger is more unusual.

    What cannot be scored is missing in the result, with a line in the log.
    """
    wanted = {name: values for name, values in matrices.items() if len(values) >= _FEWEST}
    with tempfile.TemporaryDirectory(prefix="appliance-evaluate-") as name:
        folder = Path(name)
        for key, values in wanted.items():
            np.save(folder / key, np.nan_to_num(values))
        if not wanted or not _run(folder):
            return {}
        return {key: np.load(folder / f"{key}.score.npy") for key in wanted}


def _run(folder: Path) -> bool:
    command = [sys.executable, "-m", "appliance.evaluate.forest", str(folder)]
    paths = [str(Path(appliance.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        # the interpreter that runs us and our own module: nothing comes from outside
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, timeout=_TIMEOUT_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        _log.warning("the naive forest took longer than %d s: left out", _TIMEOUT_S)
        return False
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        _log.warning("the naive forest is left out: %s", lines[-1])
    return done.returncode == 0


def flag_most_unusual(scores: NDArray[Any], share: float = CONTAMINATION) -> NDArray[np.bool_]:
    """Return which rows the source systems would call anomalies: the most unusual share."""
    flagged: NDArray[np.bool_] = scores > np.quantile(scores, 1 - share)
    return flagged
