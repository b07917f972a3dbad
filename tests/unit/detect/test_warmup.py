"""The warm-up drives the kernels of detection."""

import pytest

from appliance.detect import pairs
from appliance.detect.warmup import warm_up


def test_the_rhythm_of_a_contact_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []
    described = pairs.regularity.describe

    def count(*arguments: object) -> None:
        looked.append(len(arguments))
        described(*arguments)

    monkeypatch.setattr(pairs.regularity, "describe", count)
    warm_up()
    assert looked
