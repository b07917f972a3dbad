"""Models at work in the pipeline's thread."""

import numpy as np
import pytest

from appliance.config.schema import Config
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.trainer import NewModels
from appliance.model.address import Address
from appliance.pipeline.learning import Learning, Lesson
from tests.support.closedwindows import HOSTS, window
from tests.support.flowbatches import T0_S, Network, batch, flow


@pytest.fixture
def learning() -> Learning:
    return Learning(Config(), Address)


@pytest.fixture(scope="module")
def model() -> HostModel:
    """Return a model of a week of windows."""
    fit = pytest.importorskip("appliance.learn.hostfit")
    pytest.importorskip("sklearn")
    days = [window(T0_S + at * 600.0) for at in range(60)]
    values = np.concatenate([one.values for one in days])
    windows = fit.Windows(
        np.concatenate([one.hosts["hi"] for one in days]),
        np.concatenate([one.hosts["lo"] for one in days]),
        np.repeat([one.start_s for one in days], len(HOSTS)),
        features_of_windows(values),
    )
    made: HostModel = fit.fit_hosts(windows, 1.0)
    return made


def test_without_a_model_nothing_is_said(learning: Learning) -> None:
    kept = window(T0_S)
    assert learning.score_windows(kept, T0_S) == (kept, [])
    assert learning.score_flows(batch([flow()]), T0_S) == []
    assert learning.score_flows(batch([]), T0_S) == []
    assert learning.judge(kept) == []
    assert (learning.version, learning.newest) == (0, kept)


def test_every_flow_is_counted(learning: Learning) -> None:
    learning.score_flows(Network().flows(500, T0_S, T0_S + 60), T0_S + 60)
    keys, counts = learning.census()
    assert len(keys) == len(counts) > 10


def test_a_model_ranks_windows_and_speaks_of_the_strange(
    learning: Learning, model: HostModel
) -> None:
    learning.teach(Lesson(NewModels(hosts=model), 3))
    assert learning.version == 0, "taken over by the thread that judges"
    quiet, none = learning.score_windows(window(T0_S + 90_000), T0_S)
    assert learning.version == 3
    assert none == []
    assert ((quiet.model >= 0) & (quiet.model <= 1)).all()
    loud, signals = learning.score_windows(window(T0_S + 90_600, strange=2), T0_S)
    assert loud.model.argmax() == loud.score.argmax() == 2
    assert [signal.host.ip for signal in signals] == [HOSTS[2]]
    assert signals[0].kind == "host_anomaly"
    assert learning.drift.rows == 2 * len(HOSTS)
    assert [signal.sentence for signal in learning.judge(loud)] == [signals[0].sentence]
