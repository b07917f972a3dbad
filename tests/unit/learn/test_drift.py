"""Drift is seen when the network changes, and only then."""

import numpy as np
import pytest

from appliance.learn.drift import DriftWatch, bin_edges, count_bins, stability_index
from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import HostScorer, features_of_windows
from tests.support.fingerprints import Fleet, fleet


def watch(model: HostModel, one: Fleet) -> DriftWatch:
    made = DriftWatch(model)
    values = features_of_windows(one.values)
    made.add(values, HostScorer(model).score(one.hi, one.lo, values).score)
    return made


def test_another_day_of_the_same_network_is_no_drift(host_model: HostModel) -> None:
    report = watch(host_model, fleet(windows=60, seed=7)).report()
    assert not report.drifted, report
    assert max(report.features.values()) < 0.25


def test_a_network_that_has_changed_is_drift(host_model: HostModel) -> None:
    report = watch(host_model, fleet(windows=60, seed=7, shift=1.0)).report()
    assert report.drifted
    assert report.features["failed_rate"] > 1
    assert "failed_rate" in report.note


def test_few_windows_say_nothing(host_model: HostModel) -> None:
    report = watch(host_model, fleet(windows=6, shift=1.0)).report()
    assert not report.drifted
    assert report.rows == 48
    assert "too few" in report.note


def test_values_are_counted_where_they_belong() -> None:
    values = np.array([[0.0], [0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
    edges = bin_edges(values)
    counts = count_bins(values, edges)
    assert counts.sum() == 8
    for value in (-1.0, 0.5, 9.0):
        place = int((edges[0] < value).sum())
        assert count_bins(np.array([[value]]), edges)[0, place] == 1


def test_the_index_is_0_for_the_same_and_grows_with_the_difference() -> None:
    before = np.array([[0.5, 0.3, 0.2]])
    found = [
        float(stability_index(before, np.array([now]))[0])
        for now in ([50, 30, 20], [40, 30, 30], [10, 20, 70], [0, 0, 9])
    ]
    assert found[0] == pytest.approx(0)
    assert found == sorted(found)
