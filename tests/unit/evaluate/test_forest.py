"""The process that fits the yardstick."""

from pathlib import Path

import numpy as np
import pytest

from appliance.evaluate.forest import main


@pytest.mark.slow
def test_every_matrix_of_a_folder_gets_scores(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    values = np.zeros((30, 2), np.float32)
    values[3] = 9.0
    np.save(tmp_path / "flows.npy", values)
    main(tmp_path)
    scores = np.load(tmp_path / "flows.score.npy")
    assert scores.shape == (30,)
    assert scores.argmax() == 3
