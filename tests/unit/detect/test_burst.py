import numpy as np
import pytest

from appliance.model.alert import Family, Signal
from tests.support.visits import Net, Visits, by_kind, crowd, every


def judge(**more: object) -> Signal | None:
    net = Net()
    crowd(net)
    wanted = {"port": 5_888, "service": "", "starts": every(2, 240), "out": 250.0}
    row = net.add(Visits(**wanted | more))
    return by_kind(net.judge(row)).get("burst")


def test_session_for_every_command_is_a_burst() -> None:
    signal = judge()
    assert signal is not None
    assert (signal.kind, signal.family) == ("beacon", Family.RATE)
    assert signal.weight > 3.6
    assert "240 sessions with 203.0.113.9:5888 in 10 min" in signal.sentence


def test_requests_that_differ_are_no_alert_alone() -> None:
    signal = judge(out=np.geomspace(100, 90_000, 240))
    assert signal is not None
    assert signal.limit < 2.3


@pytest.mark.parametrize(
    "change",
    [
        {"starts": every(20, 240)},  # 30 in ten minutes
        {"starts": every(2, 50)},
        {"failed": True},
        {"port": 53, "proto": 17},
    ],
)
def test_what_is_no_burst(change: dict[str, object]) -> None:
    assert judge(**change) is None
