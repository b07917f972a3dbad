"""Bringing features of very different spread beside each other, unharmed by a few wild rows."""

import numpy as np
from numpy.typing import NDArray

_LEAST = 1e-3  # a spread below this is none
_MOST = 1e6
_TYPICAL = 0.5  # spread taken for a feature that nearly never moves


def fit_scaling(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the middle and the spread of each column: median and interquartile range.

    Where half the rows are equal the distance of the 90th percentile stands in.
    """
    low, middle, high, far = np.percentile(values, [25, 50, 75, 90], axis=0)
    spread = np.where(high - low > _LEAST, high - low, np.maximum(far - middle, _TYPICAL))
    return middle.astype(np.float32), spread.astype(np.float32)


def apply_scaling(
    values: NDArray[np.float32], middle: NDArray[np.float32], spread: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return 0 for the usual and less, and the distance above it in spreads.

    The features are directional: less than usual is never suspicious, and without this a quiet
    window would be as easy to isolate as a loud one. Those with heavy tails are logarithms
    already. Not-a-numbers count as usual.
    """
    distance = np.maximum((values - middle) / spread, 0)
    scaled: NDArray[np.float32] = np.nan_to_num(distance, nan=0.0, posinf=_MOST)
    return scaled.astype(np.float32)
