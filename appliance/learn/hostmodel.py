"""What is usual for the hosts of this network: forests over their fingerprints, as arrays."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.learn.forest import forest_arrays, read_forest
from appliance.learn.modelfile import ModelFile
from appliance.model.forest import Forest
from appliance.model.window import COLUMN, DIRECTIONAL

FEATURES = DIRECTIONAL
COLUMNS = np.array([COLUMN[name] for name in FEATURES])
KIND = "hosts"
GRID = np.linspace(0.0, 1.0, 1_001)  # of the ranks
USUAL_OWN = 0.995  # above this quantile of its own past a window is unusual for the host itself
_ARRAYS = {
    "middle": ("<f4", 1),
    "spread": ("<f4", 1),
    "ranks": ("<f4", 1),
    "edges": ("<f4", 2),
    "shares": ("<f4", 2),
    "host_hi": ("<u8", 1),
    "host_lo": ("<u8", 1),
    "host_group": ("<i4", 1),
    "host_own": ("<i4", 1),
    "host_high": ("<f4", 1),
    "own_high": ("<f4", 1),
    "host_usual": ("<f4", 2),
}


class HostModel(NamedTuple):
    """A trained model of host windows. Group 0 of the forest was fitted on every host.

    The hosts it knows stand in the order of their addresses. Each is judged by forests that have
    not seen it, so that nobody defines what is normal for himself; those with enough history are
    judged by a forest of their own besides.
    """

    forest: Forest
    middle: NDArray[np.float32]  # (features,) see scaling.py
    spread: NDArray[np.float32]
    ranks: NDArray[np.float32]  # (1001,) quantiles of the training scores
    edges: NDArray[np.float32]  # (features + 1, bins - 1), see drift.py; the last is the score
    shares: NDArray[np.float32]  # (features + 1, bins) of the training windows
    host_hi: NDArray[np.uint64]  # (hosts,) addresses
    host_lo: NDArray[np.uint64]
    host_group: NDArray[np.int32]  # forest that has not seen this host
    host_own: NDArray[np.int32]  # forest of this host alone, -1 none
    host_high: NDArray[np.float32]  # USUAL_OWN quantile of its own scores, NaN without history
    own_high: NDArray[np.float32]  # the same of its own forest
    host_usual: NDArray[np.float32]  # (hosts, features) its medians, unscaled
    threshold: float  # score from which a window counts as an anomaly

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the model file keeps beside `threshold`."""
        return {name: getattr(self, name) for name in _ARRAYS} | forest_arrays(self.forest)


def read_host_model(file: ModelFile) -> HostModel:
    """Return the model of a file. Raises DataError if it does not fit this program."""
    file.expect(KIND, FEATURES)
    arrays: dict[str, Any] = {}
    for name, (dtype, dimensions) in _ARRAYS.items():
        array = file.arrays.get(name)
        if array is None or array.dtype != np.dtype(dtype) or array.ndim != dimensions:
            raise DataError(f"the host model's {name} is missing or of another type")
        arrays[name] = array
    width, hosts = len(FEATURES), len(arrays["host_hi"])
    forest = read_forest(file.arrays, width)
    groups = len(forest.groups) - 1
    wrong = [
        any(len(arrays[name]) != hosts for name in _ARRAYS if name.startswith(("host_", "own_"))),
        any(len(arrays[name]) != width for name in ("middle", "spread")),
        arrays["host_usual"].shape[1] != width,
        len(arrays["ranks"]) != len(GRID),
        len(arrays["edges"]) != width + 1 or len(arrays["shares"]) != width + 1,
        arrays["edges"].shape[1] + 1 != arrays["shares"].shape[1],
        not bool((arrays["spread"] > 0).all()),
        bool(((arrays["host_group"] < 0) | (arrays["host_group"] >= groups)).any()),
        bool((arrays["host_own"] >= groups).any()),
    ]
    if any(wrong):
        raise DataError("the host model's arrays do not fit each other")
    return HostModel(forest=forest, **arrays, threshold=file.number("threshold"))
