import pytest

from appliance.detect.fans import FanJudge
from appliance.detect.weights import Weights, load_weights
from appliance.model.contact import Fan
from tests.support.fans import T0, Addresses, FanRows, hosts_of, make_fan, ports_of, spaced


def scan(kind: int, count: int = 40, net: str = "10.0.1", **fields: object) -> object:
    of_one = kind in {Fan.PORTS, Fan.STEALTH, Fan.PROTOCOLS}
    items = ports_of(count) if of_one else hosts_of(count, net=net)
    return make_fan(kind, spaced(count, 10.0), items, **fields)  # type: ignore[arg-type]


def web(count: int, net: str = "198.51.100") -> object:
    items = hosts_of(count, net=net)
    return make_fan(Fan.TARGETS, spaced(count, 10.0), items, port=80, proto=6)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (scan(Fan.PORTS), "vertical_scan"),
        (scan(Fan.TARGETS, port=23, proto=6), "horizontal_scan"),
        (scan(Fan.TARGETS, 8, "203.0.113", port=80, proto=6), "web_fanout"),
        (scan(Fan.ECHO, proto=1), "icmp_sweep"),
        (scan(Fan.PROTOCOLS), "protocol_scan"),
        (scan(Fan.STEALTH, flags=1), "stealth_scan"),
        (scan(Fan.VICTIM, 200, port=80, proto=6), "spoofed_flood"),
    ],
)
def test_each_kind_has_its_rule(row: object, rule: str) -> None:
    judge = FanJudge(Weights(), FanRows(row), Addresses().resolve)  # type: ignore[arg-type]
    (signal,) = judge.judge([0], T0 + 99)
    assert (signal.rule, signal.ts_s) == (rule, T0 + 99)


def test_web_hosts_inside_are_looked_out_for_by_printers_and_the_like() -> None:
    rows = FanRows(scan(Fan.TARGETS, 8, port=80, proto=6))  # type: ignore[arg-type]
    assert FanJudge(Weights(), rows, Addresses().resolve).judge([0], T0 + 99) == []


def test_only_the_rows_named_in_their_order() -> None:
    rows = FanRows(scan(Fan.PORTS), scan(9), scan(Fan.TARGETS, port=22, proto=6))  # type: ignore[arg-type]
    judge = FanJudge(Weights(), rows, Addresses().resolve)
    assert [s.rule for s in judge.judge([2, 1, 0], T0)] == ["horizontal_scan", "vertical_scan"]
    assert judge.judge([1], T0) == []


def test_weights_can_be_changed() -> None:
    weights = load_weights(["vertical_scan.ports_300_s=50", "vertical_scan.ports_3600_s=50"])
    rows = FanRows(scan(Fan.PORTS))  # type: ignore[arg-type]
    assert FanJudge(weights, rows, Addresses().resolve).judge([0], T0) == []
