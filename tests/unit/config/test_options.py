from appliance.config.options import ReplayOptions


def test_by_default_a_replay_is_fast_and_leaves_nothing() -> None:
    options = ReplayOptions()
    assert options.speed is None
    assert options.flows is None
    assert options.store is None
