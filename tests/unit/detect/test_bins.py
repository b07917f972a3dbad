"""A value comes back from its bin as about itself."""

import numpy as np
import pytest

from appliance.detect.bins import BINS, from_bin, to_bins
from appliance.model.window import COLUMN, FEATURES
from tests.support.windows import make_batch


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ("total_outbound_bytes", 3e6), ("total_flows", 40), ("port_entropy", 1.6),
        ("failed_rate", 0.4), ("sweep", 3.2), ("dns_entropy", 3.1), ("outside_peers", 12),
    ],
)  # fmt: skip
def test_a_bin_is_about_its_values(feature: str, value: float) -> None:
    number = int(to_bins(make_batch([1], **{feature: value}).values)[0, COLUMN[feature]])
    assert from_bin(feature, number) == pytest.approx(value, rel=0.35)


def test_nothing_is_the_first_bin_and_everything_has_one() -> None:
    values = np.zeros((3, len(FEATURES)), np.float32)
    values[1], values[2] = -5, 1e30
    bins = to_bins(values)
    assert bins[:2].max() == 0
    assert set(bins[2].tolist()) == {BINS - 1}
    assert from_bin("sweep", 0) == 0
