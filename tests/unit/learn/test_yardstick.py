"""The yardstick is what the naive recipe gives."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

from appliance.errors import DataError
from appliance.learn.history import WindowHistory
from appliance.learn.modelfile import About, ModelFile
from appliance.learn.naive import KIND, read_naive_model, scale
from appliance.learn.naivefit import fit_naive
from appliance.learn.walk import score, walkable
from appliance.learn.yardstick import score_hosts, score_naive
from appliance.model.window import CLASSIC, COLUMN
from tests.support.fingerprints import fleet


def recipe(values: np.ndarray) -> np.ndarray:
    scaled = StandardScaler().fit_transform(values.astype(np.float64)).astype(np.float32)
    forest = IsolationForest(n_estimators=100, contamination="auto", random_state=42).fit(scaled)
    return -forest.score_samples(scaled)


def test_the_fit_is_the_recipe() -> None:
    values = fleet(hosts=3).values[:, :7]
    model = fit_naive(values)
    ours = score(walkable(model.forest), scale(values, model.middle, model.spread))
    assert ours == pytest.approx(recipe(values), abs=1e-12)


@pytest.mark.slow
def test_it_is_fitted_in_another_process() -> None:
    values = fleet(hosts=3).values
    assert score_naive(values) == pytest.approx(recipe(values[:, :7]), abs=1e-12)


@pytest.mark.slow
def test_our_own_forest_finds_what_is_put_in() -> None:
    windows = fleet(hosts=6)
    windows.values[:3, COLUMN["sweep"]] = 6.0
    found = score_hosts(WindowHistory(*windows))
    assert found is not None
    assert len(found.rank) == len(windows.hi)
    assert found.rank[:3].min() > 0.9
    assert set(found.known.tolist()) == set(range(6))  # each judged by those without it


def test_two_hosts_are_too_few() -> None:
    assert score_hosts(WindowHistory(*fleet(hosts=2, windows=60))) is None
    assert score_hosts(WindowHistory(*fleet(hosts=5, windows=4))) is None


def test_a_foreign_file_is_refused() -> None:
    with pytest.raises(DataError, match="middle"):
        read_naive_model(ModelFile(About(kind=KIND, features=CLASSIC), {}))
