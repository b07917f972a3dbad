"""The yardstick is what the naive recipe gives."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest
from sklearn.preprocessing import StandardScaler

from appliance.errors import DataError
from appliance.learn.modelfile import About, ModelFile
from appliance.learn.naive import KIND, read_naive_model, scale
from appliance.learn.naivefit import fit_naive
from appliance.learn.walk import score, walkable
from appliance.learn.yardstick import score_naive
from appliance.model.window import CLASSIC
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


def test_a_foreign_file_is_refused() -> None:
    with pytest.raises(DataError, match="middle"):
        read_naive_model(ModelFile(About(kind=KIND, features=CLASSIC), {}))
