"""Constants of the rules that judge one host and one peer."""

from appliance.detect.weightgroup import Group


class BeaconWeights(Group, frozen=True, kw_only=True):
    """Regular contact with one outside peer."""

    timing: float = 2.0
