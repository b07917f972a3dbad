import math

from appliance.detect.weightgroup import list_weights
from appliance.detect.weights import Weights, load_weights


def test_every_constant_is_a_finite_float_that_can_be_changed() -> None:
    known = list_weights(Weights())
    assert len(known) > 100
    assert all(type(value) is float and math.isfinite(value) for value in known.values())
    doubled = load_weights(f"{name}={2 * value}" for name, value in known.items())
    assert list_weights(doubled) == {name: 2 * value for name, value in known.items()}
