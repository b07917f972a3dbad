"""Every feature has words with a number in them."""

import re

import pytest

from appliance.learn.hostmodel import FEATURES
from appliance.learn.words import describe, describe_flow
from appliance.model.flowkey import FLOW_FEATURES


@pytest.mark.parametrize("feature", FEATURES)
def test_host_features_begin_with_their_number(feature: str) -> None:
    assert re.match(r"\d", describe(feature, 0.7))
    assert re.match(r"\d", describe(feature, 0.0))


@pytest.mark.parametrize(
    ("feature", "value", "text"),
    [
        ("ports_of_one", 6.7, "811 ports tried on one peer"),
        ("failed_rate", 0.92, "92% failed flows"),
        ("out_ratio", 3.0, "20.1 times more sent than received"),
        ("out_volume", 5.0, "14.7 MB sent to rare peers"),
        ("request_size", 2.0, "639 bytes in a usual request to rare peers"),
    ],
)
def test_values_are_in_units_people_count_in(feature: str, value: float, text: str) -> None:
    assert describe(feature, value) == text


@pytest.mark.parametrize("feature", FLOW_FEATURES)
@pytest.mark.parametrize("key", [1 << 63, (1 << 64) - 1])
def test_flow_features_have_words_for_any_key(feature: str, key: int) -> None:
    assert describe_flow(feature, key)


def test_sizes_are_told_in_words() -> None:
    key = 16 | 4 << 5 | 1 << 63
    assert describe_flow("out_over_in", key) == "about 32 kB sent for about 8 bytes received"
