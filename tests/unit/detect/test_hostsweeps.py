import pytest

from appliance.detect.fanview import FanView, view_fan
from appliance.detect.hostsweeps import horizontal_scan, icmp_sweep, web_fanout
from appliance.detect.weights import Weights
from appliance.model.alert import Family
from appliance.model.contact import Fan
from tests.support.fans import Addresses, hosts_of, make_fan, spaced

W = Weights()


def targets(count: int, over_s: float, net: str = "10.0.1", **fields: object) -> FanView:
    values = {"port": 445, "proto": 6} | fields
    row = make_fan(Fan.TARGETS, spaced(count, over_s), hosts_of(count, net=net), **values)
    found = view_fan(row[0], Addresses().resolve)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("count", "over_s", "found"),
    [
        (12, 200.0, True),
        (11, 200.0, False),
        (20, 3_000.0, True),
        (19, 3_500.0, False),
        (50, 80_000.0, True),
        (49, 80_000.0, False),
    ],
)
def test_limits_of_a_horizontal_scan(count: int, over_s: float, found: bool) -> None:
    assert (horizontal_scan(targets(count, over_s), W) is not None) is found


def test_what_it_says() -> None:
    signal = horizontal_scan(targets(24, 60.0), W)
    assert signal is not None
    assert (signal.kind, signal.family, signal.port) == ("host_sweep", Family.FANOUT, 445)
    assert signal.weight == pytest.approx(4.0)
    assert signal.sentence.startswith("tried tcp/445 of 24 machines in vain in 60 s, none answered")
    assert len(signal.peers) == 4


def test_those_that_answered_later_do_not_count() -> None:
    assert horizontal_scan(targets(24, 60.0, alive=14), W) is None


def test_a_busy_browser_with_dead_trackers_is_quiet() -> None:
    busy = targets(30, 250.0, net="203.0.113", port=443, flows=400, nets=30)
    assert horizontal_scan(busy, W) is None
    assert web_fanout(busy, W) is None


def test_dead_web_hosts_are_a_hint_only() -> None:
    found = targets(10, 100.0, net="203.0.113", port=80, flows=30, nets=10)
    assert horizontal_scan(found, W) is None
    signal = web_fanout(found, W)
    assert signal is not None
    assert (signal.weight, signal.family) == (1.6, Family.RATE)
    mostly = web_fanout(targets(10, 100.0, net="203.0.113", port=80, flows=20, nets=10), W)
    assert mostly is not None
    assert mostly.weight < 2.3
    assert web_fanout(targets(10, 100.0, port=22), W) is None


def test_a_sweep_of_a_dense_network_needs_fewer_dead() -> None:
    assert horizontal_scan(targets(30, 60.0, flows=90, nets=2), W) is not None
    assert horizontal_scan(targets(30, 60.0, flows=90, nets=30), W) is None


def test_printer_drivers_looking_for_printers() -> None:
    assert horizontal_scan(targets(60, 60.0, port=161, proto=17), W) is None
    outside = targets(60, 60.0, net="203.0.113", port=161, proto=17)
    assert horizontal_scan(outside, W) is not None


@pytest.mark.parametrize(("port", "proto"), [(51_413, 6), (6_881, 17)])
def test_a_swarm_is_low_at_most(port: int, proto: int) -> None:
    found = targets(200, 280.0, net="203.0.113", port=port, proto=proto, nets=190)
    signal = horizontal_scan(found, W)
    assert signal is not None
    assert min(signal.weight, signal.solo_limit) < 3.0


def test_a_worm_in_the_internet_is_not_taken_for_a_swarm() -> None:
    signal = horizontal_scan(targets(200, 280.0, net="203.0.113", port=2_323, nets=190), W)
    assert signal is not None
    assert min(signal.weight, signal.solo_limit) > 3.6


def echo(count: int, over_s: float, **fields: object) -> FanView:
    found = view_fan(
        make_fan(Fan.ECHO, spaced(count, over_s), hosts_of(count), proto=1, **fields)[0],
        Addresses().resolve,
    )
    assert found is not None
    return found


def test_icmp_sweep() -> None:
    assert icmp_sweep(echo(9, 2.0), W) is None
    assert icmp_sweep(echo(12, 4_000.0), W) is None
    signal = icmp_sweep(echo(18, 2.0, alive=9), W)
    assert signal is not None
    assert (signal.kind, signal.weight) == ("host_sweep", 3.0)
    assert "pinged 18 machines in 2 s, 9 answered" in signal.sentence


def test_who_watches_machines_that_answer_is_quiet() -> None:
    signal = icmp_sweep(echo(40, 60.0, alive=38), W)
    assert signal is not None
    assert signal.weight < 2.3
