"""Opinions on a window, for people."""

import numpy as np

from appliance.learn.analysis import analyze
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import HostScorer
from tests.support.fingerprints import Fleet, attack, only, window_batch


def test_the_worst_comes_first_with_its_reasons(usual: Fleet, host_model: HostModel) -> None:
    rows = np.arange(8) * 24
    now = only(usual, rows)
    now.values[5:6] = attack(now.values[5:6], "scan")
    opinions = analyze(window_batch(now), HostScorer(host_model._replace(threshold=0.6)))
    assert [opinion.score for opinion in opinions] == sorted(
        (opinion.score for opinion in opinions), reverse=True
    )
    worst = opinions[0]
    assert (worst.host, worst.strange) == ("10.0.0.6", True)
    assert "664 ports tried on one peer, usually" in " ".join(worst.reasons)
    assert opinions[-1].reasons == ()


def test_without_a_model_the_evidence_speaks(usual: Fleet) -> None:
    opinions = analyze(window_batch(only(usual, np.arange(2)), evidence=0.4), None)
    assert [(o.score, o.model, o.strange) for o in opinions] == [(0.4, -1, False)] * 2


def test_nobody(usual: Fleet, host_model: HostModel) -> None:
    nobody = window_batch(only(usual, np.zeros(len(usual.hi), bool)))
    assert analyze(nobody, HostScorer(host_model)) == []
