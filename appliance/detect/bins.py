"""Features as small integers, so that a host's past is a histogram of each."""

import numpy as np
from numpy.typing import NDArray

from appliance.model.window import CLASSIC, COLUMN, FEATURES, PLAIN

BINS = 48

# Bins a unit: counts and bytes enter as ln(1 + x), most directional features are logarithms.
_PER_LOG = 2.0
_FINER = {
    "country_frequency": 32.0,
    "failed_rate": 32.0,
    "new_peers": 32.0,
    "new_to_all": 32.0,
    "entry_loss": 32.0,
    "port_entropy": 4.0,
    "dns_entropy": 8.0,
    "regular": 4.0,
    "signal": 4.0,
}
_PER_UNIT = np.array([_FINER.get(name, _PER_LOG) for name in FEATURES])
_COUNTED = np.array([name in CLASSIC + PLAIN and name not in _FINER for name in FEATURES])


def to_bins(values: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the bin of each value.

    values : float32 (n, len(FEATURES))
    returns : (n, len(FEATURES)), 0..BINS - 1; 0 holds what is nothing, or next to it
    """
    plain = np.maximum(values.astype(np.float64), 0.0)
    scaled = np.where(_COUNTED, np.log1p(plain), plain) * _PER_UNIT
    bins: NDArray[np.intp] = np.minimum(scaled, BINS - 1).astype(np.intp)
    return bins


def from_bin(feature: str, number: float) -> float:
    """Return the value in the middle of a bin; 0 for the first."""
    if number < 1:
        return 0.0
    column = COLUMN[feature]
    middle = float((number + 0.5) / _PER_UNIT[column])
    return float(np.expm1(middle)) if _COUNTED[column] else middle
