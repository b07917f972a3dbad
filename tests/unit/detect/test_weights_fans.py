from appliance.detect.weights import Weights


def test_longer_windows_allow_more_but_less_a_second() -> None:
    weights = Weights()
    limits = (
        (weights.vertical_scan.ports_300_s, weights.vertical_scan.ports_3600_s,
         weights.vertical_scan.ports_day),
        (weights.sweep.targets_300_s, weights.sweep.targets_3600_s, weights.sweep.targets_day),
    )  # fmt: skip
    for five_minutes, hour, day in limits:
        assert five_minutes < hour < day
        assert five_minutes / 300 > hour / 3_600 > day / 86_400
        assert day <= 64  # no more times are remembered


def test_hints_stay_below_any_alert() -> None:
    weights = Weights()
    assert weights.web_fanout.weight + weights.web_fanout.mostly < 2.3
    assert weights.icmp_sweep.weight + weights.icmp_sweep.watched < 2.3
    assert weights.fanout.spread_solo < 3.0
    assert weights.lateral.solo < 3.0
