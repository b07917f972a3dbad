"""Which scores of windows are compared, and what they are made of."""

import logging

import numpy as np
import pytest

from appliance.evaluate.collect import HostWindows
from appliance.evaluate.rankings import Opinions, learn_forest, rank_windows
from appliance.learn.hostscorer import HostScores
from tests.support.fingerprints import fleet


def windows(*scores: float) -> HostWindows:
    count = len(scores)
    score = np.array(scores, np.float32)
    return HostWindows(
        hosts=np.zeros((count, 2), np.uint64),
        starts_s=np.zeros(count),
        length_s=600.0,
        values=np.zeros((count, 49), np.float32),
        evidence=score / 2,
        score=score,
    )


def forest(*ranks: float) -> HostScores:
    rank = np.array(ranks, np.float32)
    yes = np.ones(len(rank), np.bool_)
    return HostScores(rank * 0.5, rank, yes.astype(np.int64), rank * 0.1, yes, yes, yes)


def test_everything_there_is() -> None:
    said = Opinions(windows(0.2, 0.4), windows(0.6, 0.4), forest(1.0, 0.0), np.array([3.0, 4.0]))
    scores = {by.name: (by.score, by.causal) for by in rank_windows(said)}
    assert list(scores) == [
        "combined", "combined, as it happened", "live, without a model", "evidence",
        "evidence, looking back", "forest alone", "naive forest",
    ]  # fmt: skip
    assert scores["combined"][0] == pytest.approx([1 - 0.4 * 0.7, 0.4])
    assert scores["combined, as it happened"][0] == pytest.approx([1 - 0.8 * 0.7, 0.4])
    assert scores["live, without a model"][0] == pytest.approx([0.2, 0.4])
    assert scores["evidence, looking back"][0] == pytest.approx([0.3, 0.2])
    assert scores["forest alone"][0] == pytest.approx([0.5, 0.0])
    assert [name for name, (_, causal) in scores.items() if causal] == [
        "live, without a model", "evidence",
    ]  # fmt: skip


def test_without_a_memory_or_a_model_the_combined_score_is_the_live_one() -> None:
    combined, evidence = rank_windows(Opinions(windows(0.2, 0.4)))
    assert (combined.name, combined.causal) == ("combined", True)
    assert combined.score == pytest.approx([0.2, 0.4])
    assert evidence.score == pytest.approx([0.1, 0.2])


def test_too_little_to_learn_from(caplog: pytest.LogCaptureFixture) -> None:
    few = fleet(hosts=2, windows=4)
    hosts = np.column_stack([few.hi, few.lo])
    with caplog.at_level(logging.WARNING):
        told = learn_forest(windows(*[0.0] * 8)._replace(hosts=hosts, values=few.values))
    assert told is None
    assert "too few" in caplog.text
