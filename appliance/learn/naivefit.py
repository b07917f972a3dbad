"""Training the yardstick. Runs in the training process only."""

import numpy as np
from numpy.typing import NDArray

from appliance.learn.fit import fit_forest
from appliance.learn.naive import SEED, TREES, NaiveModel, fit_scaler, scale


def fit_naive(values: NDArray[np.float32]) -> NaiveModel:
    """Return the yardstick for these windows. values : float32 (n, CLASSIC)."""
    middle, spread = fit_scaler(values)
    rows = scale(values, middle, spread)
    return NaiveModel(fit_forest(rows, trees=TREES, seed=SEED), middle, spread)
