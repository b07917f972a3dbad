"""What a candidate is refused for."""

import numpy as np
import pytest

from appliance.learn.flowmodel import FlowModel
from appliance.learn.flowscorer import flow_keys
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.promote import Recent, compare_flows, compare_hosts
from appliance.model.forest import Forest
from tests.support.fingerprints import Fleet, attack


@pytest.fixture
def recent(usual: Fleet) -> Recent:
    bad = np.zeros(len(usual.hi), bool)
    return Recent(usual.hi, usual.lo, usual.start_s, features_of_windows(usual.values), bad)


def upside_down(forest: Forest) -> Forest:
    """Return a forest to which the usual is strange."""
    nodes = forest.nodes.copy()
    leaves = nodes["feature"] < 0
    nodes["depth"][leaves] = nodes["depth"].max() - nodes["depth"][leaves]
    nodes["right"][leaves] = 1
    return forest._replace(nodes=nodes)


def flat(forest: Forest) -> Forest:
    nodes = forest.nodes.copy()
    nodes["depth"], nodes["right"][nodes["feature"] < 0] = 5, 1
    return forest._replace(nodes=nodes)


def test_the_first_and_an_equal_model_are_promoted(recent: Recent, host_model: HostModel) -> None:
    assert compare_hosts(host_model, None, recent, 1).promoted
    verdict = compare_hosts(host_model, host_model, recent, 1)
    assert verdict.promoted
    assert verdict.figures["agreement"] == 1
    assert verdict.figures["alarms_per_day"] <= 1


def test_one_that_says_the_same_of_everything_is_refused(
    recent: Recent, host_model: HostModel
) -> None:
    verdict = compare_hosts(
        host_model._replace(forest=flat(host_model.forest)), host_model, recent, 1
    )
    assert not verdict.promoted
    assert "same of everything" in verdict.reason


def test_one_that_would_flood_is_refused_even_as_the_first(
    recent: Recent, host_model: HostModel
) -> None:
    for current in (None, host_model):
        verdict = compare_hosts(host_model._replace(threshold=0.2), current, recent, 1)
        assert not verdict.promoted
        assert "8.0 alarms a day where 5.0 are allowed" in verdict.reason


def test_one_that_disagrees_is_refused_unless_the_network_has_changed(
    recent: Recent, host_model: HostModel
) -> None:
    other = host_model._replace(forest=upside_down(host_model.forest), threshold=2.0)
    verdict = compare_hosts(other, host_model, recent, 1)
    assert not verdict.promoted
    assert "disagrees" in verdict.reason
    assert compare_hosts(other, host_model, recent, 1, drifted=True).promoted


def test_one_that_ranks_confirmed_cases_worse_is_refused(
    usual: Fleet, recent: Recent, host_model: HostModel
) -> None:
    bad = np.arange(len(usual.hi)) < 10
    values = usual.values.copy()
    values[bad] = attack(values[bad], "scan")
    confirmed = recent._replace(values=features_of_windows(values), bad=bad)
    worse = host_model._replace(forest=upside_down(host_model.forest), threshold=2.0)
    verdict = compare_hosts(worse, host_model, confirmed, 1, drifted=True)
    assert not verdict.promoted
    assert "confirmed cases worse" in verdict.reason
    assert verdict.figures["auc"] < 0.2 < 0.9 < verdict.figures["current_auc"]


def test_flows(flows: np.ndarray, flow_model: FlowModel) -> None:
    keys, counts = np.unique(flow_keys(flows), return_counts=True)
    assert compare_flows(flow_model, None, keys, counts, 1e-2).promoted
    assert compare_flows(flow_model, flow_model, keys, counts, 1e-2).promoted
    loud = compare_flows(flow_model._replace(threshold=0.1), flow_model, keys, counts, 1e-2)
    assert "alarms" in loud.reason
    other = flow_model._replace(forest=upside_down(flow_model.forest), threshold=2.0)
    assert "disagrees" in compare_flows(other, flow_model, keys, counts, 1e-2).reason
