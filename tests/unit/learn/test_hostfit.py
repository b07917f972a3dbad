"""Training on windows: balanced, apart from the judged host, not fooled by what is in them."""

import numpy as np
import pytest

from appliance.learn.hostfit import pick_balanced
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import HostScorer, features_of_windows
from appliance.learn.ranking import auc
from tests.support.fingerprints import ATTACKS, Fleet, attack, fleet, join, only
from tests.unit.learn.conftest import host_file, train_hosts


def scores(model: HostModel, one: Fleet) -> np.ndarray:
    return HostScorer(model).score(one.hi, one.lo, features_of_windows(one.values)).score


def test_the_busiest_host_has_no_more_rows_than_others() -> None:
    host = np.repeat([0, 1, 2], [500, 30, 5])
    chosen = pick_balanced(host, seed=1)
    assert np.bincount(host[chosen]).tolist() == [24, 24, 5]
    assert (np.diff(chosen) > 0).all()
    assert not np.array_equal(chosen, pick_balanced(host, seed=2))


@pytest.mark.slow
def test_the_same_windows_give_the_same_model(usual: Fleet, host_model: HostModel) -> None:
    again = host_file(train_hosts(usual)).about.content
    assert again == host_file(host_model).about.content


@pytest.mark.parametrize("kind", ATTACKS)
def test_attacks_stand_out(usual: Fleet, host_model: HostModel, kind: str) -> None:
    rows = np.arange(12)
    bad = only(usual, rows)._replace(values=attack(usual.values[rows], kind))
    both = np.concatenate([scores(host_model, usual), scores(host_model, bad)])
    assert auc(np.arange(len(both)) >= len(usual.hi), both) > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("kind", ATTACKS)
def test_contaminated_training_is_survived(kind: str) -> None:
    """Two of ten machines are bad all day long, and are in what is learnt from."""
    day = fleet(hosts=10)
    bad = np.isin(day.lo, np.unique(day.lo)[:2])
    day.values[bad] = attack(day.values[bad], kind)
    model = train_hosts(day)
    assert auc(bad, scores(model, day)) > 0.9


def test_the_threshold_keeps_to_the_budget(usual: Fleet, host_model: HostModel) -> None:
    """One host a day, not the machine that is bad a hundred times."""
    strange = scores(host_model, usual) > host_model.threshold
    assert len(np.unique(usual.lo[strange])) == 1


@pytest.mark.slow
def test_hosts_with_history_get_a_forest_of_their_own() -> None:
    day = fleet(hosts=3, windows=120)
    long = day._replace(start_s=day.start_s[0] + (day.start_s - day.start_s[0]) * 5)
    short = fleet(hosts=4, windows=10, seed=2)
    fresh = only(short, short.lo == short.lo.max())
    model = train_hosts(join(long, fresh))
    assert (model.host_own >= 0).tolist() == [True, True, True, False]
    assert np.isnan(model.host_high).tolist() == [False, False, False, True]
    found = HostScorer(model).score(long.hi, long.lo, features_of_windows(long.values))
    assert found.has_past.all()
    assert found.unusual.mean() < 0.03
    bad = long._replace(values=attack(long.values, "theft"))
    scored = HostScorer(model).score(bad.hi, bad.lo, features_of_windows(bad.values))
    assert scored.unusual.mean() > 0.3
