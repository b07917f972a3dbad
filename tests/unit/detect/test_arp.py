import pytest

from appliance.detect.arp import ASKERS, ArpWatch
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.observation import ArpSeen
from tests.support.fans import Addresses

NET = 0x0A000000
MAC, OTHER = 0x020000000005, 0x020000000006
T0_NS = 1_700_000_000_000_000_000


def ask(target: int, at_s: float, mac: int = MAC, sender: int = 5) -> ArpSeen:
    return ArpSeen(T0_NS + int(at_s * 1e9), mac, NET + sender if sender else 0, NET + target, False)


def answer(sender: int, at_s: float, mac: int) -> ArpSeen:
    return ArpSeen(T0_NS + int(at_s * 1e9), mac, NET + sender, NET + 5, True)


def observe(*items: ArpSeen, router: int = 0) -> list[Signal]:
    watch = ArpWatch(Weights(), Addresses().resolve, lambda mac: mac == router, lambda _: [])
    return [s for seen in items for s in watch.observe([seen]) if s.rule == "arp_scan"]


def test_a_scan() -> None:
    signals = observe(*(ask(target, target * 0.01) for target in range(20, 250)))
    last = signals[-1]
    assert (last.kind, last.host.ip) == ("host_sweep", "10.0.0.5")
    assert signals[0].count == 20
    assert min(last.weight, last.solo_limit) == pytest.approx(3.4)
    assert "MAC 02:00:00:00:00:05" in last.sentence
    assert len(signals) < 20


def test_a_slow_scan() -> None:
    assert observe(*(ask(target, target * 5.0) for target in range(20, 120)))


@pytest.mark.parametrize("every_s", [2.0, 60.0])
def test_the_same_few_are_asked_for_all_day(every_s: float) -> None:
    assert observe(*(ask(index % 15, index * every_s) for index in range(500))) == []


def test_a_host_resolving_after_boot_asks_for_who_exists() -> None:
    alive = [answer(n, 0.0, 0x0200000000FF + n) for n in range(20, 60)]
    assert observe(*alive, *(ask(n, 10 + n * 0.1) for n in range(20, 60))) == []


def test_a_router_asks_for_whoever_is_called() -> None:
    signals = observe(*(ask(n, n * 0.1) for n in range(20, 250)), router=MAC)
    assert all(min(s.weight, s.solo_limit) < 2.3 for s in signals)


def test_announcements_are_no_questions() -> None:
    assert observe(*(ask(n, n * 0.1, sender=n) for n in range(20, 90))) == []


def test_askers_are_bounded() -> None:
    watch = ArpWatch(Weights(), Addresses().resolve, lambda _: False, lambda _: [])
    watch.observe(ask(1, 0.0, mac=0x020000000000 + number) for number in range(ASKERS + 4))
    assert watch.statistics().askers == ASKERS
    assert watch.statistics().evicted == 4
