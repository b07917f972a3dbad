"""Models trained once for all tests of this folder, in this process."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.learn.flowfit import FlowKinds, fit_flows
from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import FlowScorer
from appliance.learn.hostfit import Windows, fit_hosts
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.modelfile import About, ModelFile, make_model_file
from tests.support.fingerprints import Fleet, fleet
from tests.support.flowbatches import Network


def train_hosts(one: Fleet, budget: float = 1.0) -> HostModel:
    """Train on a fleet."""
    return fit_hosts(
        Windows(one.hi, one.lo, one.start_s, features_of_windows(one.values)), budget, trees=240
    )


@pytest.fixture(scope="session")
def usual() -> Fleet:
    """Return a quiet day of eight hosts."""
    return fleet()


@pytest.fixture(scope="session")
def host_model(usual: Fleet) -> HostModel:
    """Return a model of that day."""
    return train_hosts(usual)


@pytest.fixture(scope="session")
def flows() -> NDArray[Any]:
    """Return an hour of flows."""
    return Network(seed=3).flows(6_000, 1_760_000_400, 1_760_004_000).flows


@pytest.fixture(scope="session")
def flow_model(flows: NDArray[Any]) -> FlowModel:
    """Return a model of that hour."""
    scorer = FlowScorer()
    scorer.score(flows)
    keys, counts = scorer.census()
    return fit_flows(FlowKinds(keys, counts.astype(np.float64)), 1e-3)


def host_file(model: HostModel) -> ModelFile:
    """Return a model as a file holds it."""
    from appliance.learn.hostmodel import FEATURES, KIND  # noqa: PLC0415

    about = About(kind=KIND, features=FEATURES, rows=10, numbers={"threshold": model.threshold})
    return make_model_file(about, model.arrays())


@pytest.fixture
def model_file(host_model: HostModel) -> ModelFile:
    """Return the model of hosts as a file holds it."""
    return host_file(host_model)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder for models."""
    return tmp_path / "models"
