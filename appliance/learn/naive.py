"""The forest of the systems this one replaces, kept as a yardstick: seven features, one fit.

StandardScaler and IsolationForest(100 trees, contamination "auto", seed 42) over all windows.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import DataError
from appliance.learn.forest import forest_arrays, read_forest
from appliance.learn.modelfile import ModelFile
from appliance.model.forest import Forest
from appliance.model.window import CLASSIC

KIND = "naive"
TREES = 100
SEED = 42
THRESHOLD = 0.5  # what contamination "auto" amounts to


class NaiveModel(NamedTuple):
    """A trained yardstick."""

    forest: Forest
    middle: NDArray[np.float64]  # (7,) means
    spread: NDArray[np.float64]  # standard deviations, 1 where there is none

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what the model file keeps."""
        return {"middle": self.middle, "spread": self.spread} | forest_arrays(self.forest)


def fit_scaler(values: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and deviation of each column."""
    deviation = values.std(axis=0, dtype=np.float64)
    return values.mean(axis=0, dtype=np.float64), np.where(deviation > 0, deviation, 1.0)


def scale(
    values: NDArray[Any], middle: NDArray[np.float64], spread: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the classic features as the forest wants them. values : (n, CLASSIC)."""
    scaled: NDArray[np.float64] = (values - middle) / spread
    return scaled.astype(np.float32)


def read_naive_model(file: ModelFile) -> NaiveModel:
    """Return the model of a file. Raises DataError if it does not fit this program."""
    file.expect(KIND, CLASSIC)
    for name in ("middle", "spread"):
        array = file.arrays.get(name)
        if array is None or array.shape != (len(CLASSIC),) or array.dtype != np.dtype("<f8"):
            raise DataError(f"the naive model's {name} is missing or of another type")
    forest = read_forest(file.arrays, len(CLASSIC))
    return NaiveModel(forest, file.arrays["middle"], file.arrays["spread"])
