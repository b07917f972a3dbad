"""Warming up touches every kernel and leaves nothing."""

from appliance.learn.warmup import warm_up


def test_it_runs() -> None:
    warm_up()
