import pytest

from appliance.detect.fanview import FanView, view_fan
from appliance.detect.portscans import block_scan, protocol_scan, stealth_scan, vertical_scan
from appliance.detect.weights import Weights
from appliance.model.contact import Fan
from tests.support.fans import Addresses, hosts_of, make_fan, ports_of, spaced

W = Weights()


def view(*args: object, **fields: object) -> FanView:
    found = view_fan(make_fan(*args, **fields)[0], Addresses().resolve)  # type: ignore[arg-type]
    assert found is not None
    return found


def vertical(count: int, over_s: float, **fields: object) -> FanView:
    return view(Fan.PORTS, spaced(count, over_s), ports_of(count), target="10.0.0.9", **fields)


@pytest.mark.parametrize(
    ("count", "over_s", "found"),
    [
        (15, 200.0, True),
        (14, 200.0, False),
        (25, 3_000.0, True),
        (24, 3_500.0, False),
        (60, 80_000.0, True),  # slow, over hours
        (59, 80_000.0, False),
    ],
)
def test_limits_of_a_vertical_scan(count: int, over_s: float, found: bool) -> None:
    assert (vertical_scan(vertical(count, over_s), W) is not None) is found


def test_what_a_vertical_scan_says() -> None:
    signal = vertical_scan(vertical(1_000, 10.0, alive=2), W)
    assert signal is not None
    assert (signal.kind, signal.rule, signal.host.ip) == ("port_scan", "vertical_scan", "10.0.0.5")
    assert signal.peer is not None
    assert signal.peer.ip == "10.0.0.9"
    assert signal.sentence.startswith("tried 1000 ports of 10.0.0.9 in 10 s, 2 of them answered")
    assert "and 992 more" in signal.sentence
    assert signal.weight == 5.0
    assert signal.count == 1_000


def test_one_step_above_the_limit_weighs_three() -> None:
    signal = vertical_scan(vertical(15, 200.0), W)
    assert signal is not None
    assert signal.weight == pytest.approx(3.0)


def test_a_client_with_mostly_open_ports_is_no_scanner() -> None:
    assert vertical_scan(vertical(20, 100.0, flows=50), W) is None


def test_traceroute_is_no_scan() -> None:
    items = ports_of(90, "203.0.113.9", 33_434)
    found = view(Fan.PORTS, spaced(90, 5.0), items, target="203.0.113.9", proto=17)
    assert vertical_scan(found, W) is None


def test_an_outside_scanner_never_weighs_more_than_its_limit() -> None:
    signal = vertical_scan(vertical(1_000, 10.0, source="203.0.113.66"), W)
    assert signal is not None
    assert (signal.limit, signal.inside) == (3.0, False)


def block(hosts: int, ports: int, count: int, **fields: object) -> FanView:
    items = [(f"10.0.1.{i % hosts + 1}", 20 + i % ports) for i in range(8)]
    return view(Fan.BLOCK, spaced(count, 60.0), items, **fields)


def test_block() -> None:
    signal = block_scan(block(3, 5, 45), W)
    assert signal is not None
    assert (signal.kind, signal.weight) == ("port_scan", 3.2)
    assert len(signal.peers) >= 2


@pytest.mark.parametrize(
    "found",
    [
        block(3, 5, 39),
        block(1, 8, 200),  # ports of one target: vertical
        block(8, 1, 200),  # one port of many: horizontal
        block(3, 5, 45, nets=40),  # peers of a swarm, each in a network of its own
        block(3, 5, 45, flows=90),  # most answered
    ],
)
def test_no_block(found: FanView) -> None:
    assert block_scan(found, W) is None


def test_protocols() -> None:
    items = [("10.0.0.9", number) for number in range(100, 108)]
    assert protocol_scan(view(Fan.PROTOCOLS, spaced(7, 1.0), items[:7]), W) is None
    signal = protocol_scan(view(Fan.PROTOCOLS, spaced(8, 1.0), items, target="10.0.0.9"), W)
    assert signal is not None
    assert (signal.kind, signal.weight) == ("port_scan", 3.5)
    assert "8 IP protocols at 10.0.0.9" in signal.sentence


def test_stealth() -> None:
    signal = stealth_scan(view(Fan.STEALTH, spaced(7, 2.0), ports_of(7), flags=0x29), W)
    assert signal is not None
    assert signal.weight == pytest.approx(3.2)
    assert "FIN+PSH+URG instead of SYN" in signal.sentence


def test_a_fingerprint_of_one_machine_is_low_at_most() -> None:
    signal = stealth_scan(view(Fan.STEALTH, spaced(3, 2.0), ports_of(3), flags=0x29), W)
    assert signal is not None
    assert min(signal.weight, signal.solo_limit) < 3.0


def test_old_connections_waking_up_are_no_scan() -> None:
    places = [(f"203.0.{i}.1", 443) for i in range(8)]
    assert stealth_scan(view(Fan.STEALTH, spaced(30, 9.0), places, flags=16, nets=30), W) is None
    found = stealth_scan(view(Fan.STEALTH, spaced(30, 9.0), ports_of(8), flags=16), W)
    assert found is not None  # an ACK scan


def test_one_odd_packet_is_nothing() -> None:
    assert stealth_scan(view(Fan.STEALTH, [0.0], hosts_of(1, 80), flags=1), W) is None
