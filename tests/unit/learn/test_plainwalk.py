"""Both ways of walking agree: training calibrates with one, the daemon scores with the other."""

import numpy as np

from appliance.learn.hostmodel import HostModel
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.plainwalk import score_plain
from appliance.learn.scaling import apply_scaling
from appliance.learn.walk import score, walkable
from tests.support.fingerprints import Fleet


def test_scores_are_equal(usual: Fleet, host_model: HostModel) -> None:
    values = features_of_windows(usual.values)
    rows = apply_scaling(values, host_model.middle, host_model.spread)
    groups = np.arange(len(rows)) % (len(host_model.forest.groups) - 1)
    plain = score_plain(host_model.forest, rows, groups.astype(np.int32))
    assert np.abs(plain - score(walkable(host_model.forest), rows, groups)).max() < 1e-12
