"""How much of the past is taken."""

import numpy as np
import pytest

from appliance.learn import history as module
from appliance.learn.history import (
    BadSpan,
    FlowSample,
    WindowHistory,
    count_kinds,
    recent_of,
    thin_windows,
)
from tests.support.fingerprints import T0_S, Fleet, word
from tests.support.flowbatches import T0_S as FLOWS_S
from tests.support.flowbatches import batch, flow


@pytest.fixture
def past(usual: Fleet) -> WindowHistory:
    order = np.random.default_rng(1).permutation(len(usual.hi))
    return WindowHistory(*(column[order] for column in usual))


def test_windows_come_in_order_whatever_the_store_says(past: WindowHistory) -> None:
    """The same windows give the same model."""
    thin = thin_windows(past)
    assert (np.diff(thin.lo.astype(np.int64)) >= 0).all()
    same = np.diff(thin.lo.astype(np.int64)) == 0
    assert (np.diff(thin.start_s)[same] > 0).all()


def test_caps_hold(past: WindowHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WINDOWS", 50)
    monkeypatch.setattr(module, "MOST_HOSTS", 5)
    thin = thin_windows(past)
    assert len(thin.hi) == 50
    assert np.unique(thin.lo, return_counts=True)[1].tolist() == [10] * 5


def test_numbers_that_are_none_are_left_out(past: WindowHistory) -> None:
    past.values[3, 5] = np.nan
    past.values[4, 9] = np.inf
    assert len(thin_windows(past).hi) == len(past.hi) - 2


def test_the_last_day_with_what_people_have_said(past: WindowHistory) -> None:
    spans = [BadSpan(0, word(2), T0_S, T0_S + 1_200), BadSpan(0, word(99), 0, 2e9)]
    recent = recent_of(past, spans)
    assert recent.bad.sum() == 3
    assert set(recent.lo[recent.bad].tolist()) == {word(2)}
    early = past._replace(start_s=np.where(past.lo == word(1), 0.0, past.start_s))
    assert len(recent_of(early, []).hi) == len(past.hi) - 24


def test_a_host_counts_once_an_hour() -> None:
    rows = [flow(start_s=FLOWS_S + second) for second in (1, 2, 3, 4_000)]
    made = batch([*rows, flow("10.0.0.2", start_s=FLOWS_S)])
    keys, counts = count_kinds(FlowSample(made.flows, np.zeros(5, np.uint8)))
    assert counts.tolist() == [3]
    assert len(keys) == 1
