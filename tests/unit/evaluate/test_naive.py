"""The forest in its own process."""

import subprocess

import numpy as np
import pytest

from appliance.evaluate import naive
from appliance.evaluate.naive import flag_most_unusual, score_naively


@pytest.mark.slow
def test_what_is_far_away_is_unusual() -> None:
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 3)).astype(np.float32)
    values[17] = 50.0
    scores = score_naively({"flows": values, "windows": values[:50], "one": values[:1]})
    assert set(scores) == {"flows", "windows"}
    assert int(scores["flows"].argmax()) == 17
    assert scores["windows"].shape == (50,)


def test_nothing_to_score() -> None:
    assert score_naively({}) == {}


def test_a_process_that_fails_is_left_out(monkeypatch, caplog) -> None:
    def fail(command, **_) -> subprocess.CompletedProcess:
        return subprocess.CompletedProcess(command, 1, b"", b"Traceback\nModuleNotFoundError: x\n")

    monkeypatch.setattr(naive.subprocess, "run", fail)
    assert score_naively({"flows": np.zeros((3, 2), np.float32)}) == {}
    assert "ModuleNotFoundError: x" in caplog.text


def test_flag_the_most_unusual() -> None:
    assert flag_most_unusual(np.arange(100.0)).sum() == 5
    assert flag_most_unusual(np.arange(100.0))[95:].all()
