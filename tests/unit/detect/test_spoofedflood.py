import pytest

from appliance.detect.fanview import FanView, view_fan
from appliance.detect.spoofedflood import spoofed_flood
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.contact import Fan
from tests.support.fans import Addresses, hosts_of, make_fan, spaced

W = Weights()


def judge(count: int, over_s: float, **fields: object) -> Signal | None:
    values = {"port": 80, "proto": 6} | fields
    row = make_fan(Fan.VICTIM, spaced(count, over_s), hosts_of(8, net="203.0.113"), **values)
    found: FanView | None = view_fan(row[0], Addresses().resolve)
    assert found is not None
    return spoofed_flood(found, W)


def test_the_target_is_the_host() -> None:
    signal = judge(500, 5.0)
    assert signal is not None
    assert (signal.kind, signal.host.ip, signal.weight) == ("flood", "10.0.0.5", 3.5)
    assert "was flooded on tcp/80 by 500 sources in 5 s" in signal.sentence


def test_people_at_a_dead_service_come_again() -> None:
    signal = judge(500, 5.0, items=150)
    assert signal is not None
    assert signal.weight == pytest.approx(2.6)


@pytest.mark.parametrize(
    ("count", "over_s", "fields"),
    [
        (99, 1.0, {}),
        (120, 1_200.0, {}),
        (200, 100.0, {"proto": 17, "port": 51_413}),  # a swarm looking for a lost peer
    ],
)
def test_quiet(count: int, over_s: float, fields: dict[str, object]) -> None:
    assert judge(count, over_s, **fields) is None
