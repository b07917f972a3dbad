"""The yardstick's forest; runs as a process: python -m appliance.evaluate.forest FOLDER.

For each NAME.npy (n, k) in the folder NAME.score.npy (n,) is written: larger is more unusual.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TREES = 100
SEED = 42


def score(values: NDArray[np.float32]) -> NDArray[Any]:
    """Return how unusual each row is among all of them."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415 - heavy, and only here
    from sklearn.preprocessing import StandardScaler  # noqa: PLC0415

    rows = StandardScaler().fit_transform(values)
    forest = IsolationForest(n_estimators=TREES, random_state=SEED).fit(rows)
    scores: NDArray[Any] = -forest.score_samples(rows)
    return scores


def main(folder: Path) -> None:
    """Score every matrix in a folder."""
    for path in sorted(folder.glob("*.npy")):
        np.save(path.with_suffix(".score"), score(np.load(path)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
