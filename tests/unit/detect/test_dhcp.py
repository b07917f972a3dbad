import pytest

from appliance.detect.dhcp import CLIENTS, RECENT, DhcpWatch
from appliance.detect.weights import Weights
from appliance.model.address import parse_address
from appliance.model.alert import Signal
from appliance.model.observation import DhcpSeen
from tests.support.fans import Addresses

MAC = 0x020000000009
T0_NS = 1_700_000_000_000_000_000


def seen(
    at_s: float, client: int = MAC, mac: int = MAC, number: int = 1, wanted: int = 0
) -> DhcpSeen:
    return DhcpSeen(T0_NS + int(at_s * 1e9), mac, client, number, "discover", "", wanted)


def make_watch() -> DhcpWatch:
    known = {MAC: parse_address("10.0.0.9")}
    return DhcpWatch(Weights(), Addresses().resolve, known.get)


def observe(*items: DhcpSeen) -> list[Signal]:
    watch = make_watch()
    return [signal for item in items for signal in watch.observe([item])]


def test_starvation_by_invented_clients() -> None:
    signals = observe(*(seen(i * 0.01, 0x020000001000 + i, number=i) for i in range(1_000)))
    assert (signals[0].kind, signals[0].host.ip) == ("dhcp_flood", "10.0.0.9")
    assert signals[-1].weight == pytest.approx(4.6)
    assert "in the name of" in signals[-1].sentence
    assert len(signals) < 15


def test_a_flood_of_one_client() -> None:
    signals = observe(*(seen(i * 0.01, number=i) for i in range(300)))
    assert signals
    assert "1 clients" in signals[0].sentence


def test_everybody_comes_back_after_a_power_cut() -> None:
    items = [
        seen(client + step, 0x020000001000 + client, 0x020000001000 + client, step)
        for client in range(20)
        for step in range(4)
    ]
    assert observe(*sorted(items)) == []


def test_one_client_without_a_server() -> None:
    assert observe(*(seen(i * 8.0, number=i) for i in range(500))) == []


def test_a_scan_of_addresses() -> None:
    assert observe(*(seen(i, wanted=i + 1) for i in range(3))) == []
    (first, second) = observe(*(seen(i * 60.0, wanted=i + 1, number=i) for i in range(12)))
    assert (first.rule, first.count, second.count) == ("dhcp_scan", 4, 8)
    assert second.solo_limit < 3.0


def test_roaming_over_the_day_is_no_scan() -> None:
    assert observe(*(seen(i * 7_200.0, wanted=i + 1) for i in range(12))) == []


def test_memory_is_bounded() -> None:
    watch = make_watch()
    watch.observe(seen(i * 0.001, i, wanted=5, number=i) for i in range(CLIENTS + 7))
    assert watch.statistics().clients == CLIENTS
    assert watch.statistics().evicted == 7
    assert len(watch._recent) <= RECENT
