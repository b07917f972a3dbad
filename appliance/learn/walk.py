"""Scoring rows with forests, for those who run kernels: not the training process."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.forest import score_rows
from appliance.kernels.jit import records
from appliance.model.forest import Forest


def walkable(forest: Forest) -> Forest:
    """Return the forest in the form kernels take in both modes; same memory."""
    return forest._replace(nodes=records(forest.nodes), members=records(forest.members))


def score(
    forest: Forest, rows: NDArray[np.float32], groups: NDArray[Any] | int = 0
) -> NDArray[np.float64]:
    """Return the score of each row, 0..1, larger = stranger; scikit-learn's with the sign turned.

    forest : made by `walkable`.  groups : one for each row, or one for all.
    """
    out = np.zeros(len(rows))
    chosen = np.broadcast_to(np.asarray(groups, np.int32), len(rows))
    score_rows(
        forest,
        np.ascontiguousarray(rows, np.float32),
        np.ascontiguousarray(chosen),
        out,
    )
    return out
