"""Thresholds keep to a budget."""

import numpy as np
import pytest

from appliance.learn.calibrate import day_threshold, share_threshold

DAY = 86_400.0


def days(hosts: int, count: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    n = hosts * count * 24
    start = np.tile(np.repeat(np.arange(count) * DAY, 24), hosts) + np.tile(
        np.arange(24) * 3_600.0, hosts * count
    )
    return rng.random(n), np.repeat(np.arange(hosts), count * 24), start


@pytest.mark.parametrize("budget", [0.5, 1, 3])
def test_so_many_hosts_a_day_are_above(budget: float) -> None:
    scores, host, start = days(20, 8)
    above = scores > day_threshold(scores, host, start, budget)
    found = {(h, s // DAY) for h, s in zip(host[above], start[above], strict=True)}
    assert len(found) == round(budget * (start.max() / DAY))


def test_one_machine_that_is_bad_all_day_costs_one_place() -> None:
    scores, host, start = days(20, 1)
    scores[host == 3] += 5
    limit = day_threshold(scores, host, start, budget=1)
    assert (scores[host == 3] > limit).any()
    assert not (scores[host != 3] > limit).any()
    wider = day_threshold(scores, host, start, budget=2)
    assert (scores[host != 3] > wider).any()


def test_a_budget_of_less_than_one_finding_is_above_everything() -> None:
    scores, host, start = days(5, 1)
    assert day_threshold(scores, host, start, budget=0.1) > scores.max()


def test_a_budget_of_more_than_everything_is_the_least_of_the_worst() -> None:
    scores, host, start = days(5, 1)
    worst = min(scores[host == h].max() for h in range(5))
    assert day_threshold(scores, host, start, budget=100) == worst


def test_a_share_of_the_rows_is_above() -> None:
    scores = np.array([0.1, 0.9, 0.5, 0.7])
    counts = np.array([970.0, 5.0, 20.0, 5.0])
    above = {
        share: counts[scores > share_threshold(scores, counts, share)].sum()
        for share in (0.001, 0.005, 0.01, 0.02, 0.03)
    }
    assert above == {0.001: 0, 0.005: 5, 0.01: 10, 0.02: 10, 0.03: 30}
