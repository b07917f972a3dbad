import pytest

from appliance.detect.fanview import view_fan
from appliance.detect.lateral import lateral_movement
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.contact import Fan
from tests.support.fans import Addresses, hosts_of, make_fan, spaced

W = Weights()


def judge(items: list[tuple[str, int]], **fields: object) -> Signal | None:
    row = make_fan(Fan.ADMIN, spaced(len(items), 600.0), items, **fields)  # type: ignore[arg-type]
    found = view_fan(row[0], Addresses().resolve)
    assert found is not None
    return lateral_movement(found, W)


@pytest.mark.parametrize(
    ("items", "weight"),
    [
        (hosts_of(1, 22), None),
        (hosts_of(2, 22), 1.6),
        (hosts_of(3, 3389), 1.9),
        (hosts_of(2, 5985), 2.2),
        (hosts_of(4, 445), None),  # file sharing
        (hosts_of(6, 445), 1.9),
        (hosts_of(30, 22), 2.8),
        ([("10.0.1.1", 22), ("10.0.1.1", 3389)], None),  # one machine
    ],
)
def test_weights(items: list[tuple[str, int]], weight: float | None) -> None:
    signal = judge(items)
    assert (signal and signal.weight) == (weight and pytest.approx(weight))


def test_low_alone_and_named() -> None:
    signal = judge(hosts_of(30, 5985))
    assert signal is not None
    assert signal.solo_limit < 3.0
    assert signal.sentence.startswith("held WinRM sessions with 30 machines inside in 10 min")


def test_sources_outside_are_not_lateral() -> None:
    assert judge(hosts_of(5, 22), source="203.0.113.6") is None
