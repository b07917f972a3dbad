"""Scores of windows: by forests that have not seen the host, with reasons."""

import numpy as np
import pytest

from appliance.learn.hostmodel import FEATURES, HostModel
from appliance.learn.hostscorer import HostScorer, complete, features_of_windows
from tests.support.fingerprints import Fleet, attack, only, window_batch, word


@pytest.fixture
def scorer(host_model: HostModel) -> HostScorer:
    return HostScorer(host_model)


def test_known_hosts_are_judged_by_the_forest_without_them(
    usual: Fleet, scorer: HostScorer
) -> None:
    values = features_of_windows(usual.values)
    found = scorer.score(usual.hi, usual.lo, values)
    assert (found.known == np.repeat(np.arange(8), 24)).all()
    stranger = np.full(len(usual.lo), word(200), np.uint64)
    other = scorer.score(usual.hi, stranger, values)
    assert (other.known == -1).all()
    assert not np.array_equal(found.score, other.score)
    assert other.unusual.all()
    assert not other.has_past.any()


def test_ranks_are_shares_of_the_training(usual: Fleet, scorer: HostScorer) -> None:
    found = scorer.score(usual.hi, usual.lo, features_of_windows(usual.values))
    order = np.argsort(found.score, kind="stable")
    assert (np.diff(found.rank[order]) >= 0).all()
    assert abs(float(np.median(found.rank)) - 0.5) < 0.02


def test_reasons_name_the_features_of_the_attack(usual: Fleet, scorer: HostScorer) -> None:
    for kind, expected in (
        ("scan", {"ports_of_one", "failed_rate", "sweep", "failed_peer"}),
        ("worm", {"sweep", "failed_rate", "admin", "new_peers"}),
    ):
        values = features_of_windows(attack(usual.values[:1], kind))[0]
        reasons = scorer.explain(0, values)
        assert len({one.feature for one in reasons} & expected) >= 3
        shares = [one.share for one in reasons]
        assert shares == sorted(shares, reverse=True)
        for one in reasons:
            column = FEATURES.index(one.feature)
            assert one.value == pytest.approx(values[column])
            assert one.usual <= one.value


def test_a_window_of_nothing_has_no_reasons(scorer: HostScorer) -> None:
    assert scorer.explain(-1, np.zeros(len(FEATURES), np.float32)) == []


def test_windows_are_completed(usual: Fleet, scorer: HostScorer) -> None:
    windows = window_batch(only(usual, np.arange(5)), evidence=0.5)
    alone = complete(windows, None)
    assert alone.model.tolist() == [-1] * 5
    assert alone.score.tolist() == [0.5] * 5
    values = features_of_windows(windows.values)
    whole = complete(windows, scorer.score(usual.hi[:5], usual.lo[:5], values))
    assert ((whole.model >= 0) & (whole.model <= 1)).all()
    assert whole.score == pytest.approx(1 - 0.5 * (1 - 0.3 * whole.model))
