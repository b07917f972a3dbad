"""Budgets, strangers, listing: what happens to a verdict."""

import pytest

from appliance.cases import evidence, ledger, register
from appliance.config.schema import Alerts
from tests.support.signals import CLEAR, DAY, HOUR, NOON, casebook, scan, signal, tell, upload


def host(number: int) -> str:
    return f"192.168.{number // 250}.{number % 250 + 1}"


def test_only_so_many_regular_calls_are_told_a_day() -> None:
    book = casebook(alerts=Alerts(beacons_per_day=3))
    for n in range(6):
        book.take([signal(host=host(n), at_s=NOON + n)], CLEAR)
    assert book.statistics().raised == 3
    assert book.statistics().beyond_habits == 3
    assert [(one.host, one.reason, one.score) for one in book.listed()] == [
        (host(n), "budget", 2.5) for n in (3, 4, 5)
    ]
    # listed ones get their chance on another day
    assert book.take([signal(host=host(4), at_s=NOON + DAY)], CLEAR)
    assert book.statistics().raised == 4


def test_a_clearly_better_one_takes_the_place_of_the_worst() -> None:
    book = casebook(alerts=Alerts(beacons_per_day=3))
    for n, weight in enumerate((2.6, 2.4, 2.5)):
        book.take([signal(host=host(n), weight=weight, at_s=NOON + n)], CLEAR)
    assert book.take([signal(host=host(3), weight=2.8, at_s=NOON + 3)], CLEAR) == []
    changes = book.take([signal(host=host(4), weight=2.9, at_s=NOON + 4)], CLEAR)
    assert tell(changes) == [
        ("raised", host(4), "beacon", "low"),
        ("closed", host(1), "beacon", "low"),
    ]
    assert changes[1].alert.comment == "gave way to a clearer one"
    assert book.statistics().open_alerts == 3


def test_agreement_or_height_needs_no_place() -> None:
    book = casebook(alerts=Alerts(beacons_per_day=0))
    assert book.take([signal()], CLEAR) == []
    assert tell(book.take([upload(at_s=NOON + 1)], CLEAR)) == [
        ("raised", "192.168.1.5", "beacon", "medium")
    ]
    assert tell(book.take([signal(weight=3.7, host="192.168.1.6")], CLEAR)) == [
        ("raised", "192.168.1.6", "beacon", "high")
    ]
    assert tell(book.take([scan(weight=2.31, host="192.168.1.7")], CLEAR))


def test_a_day_has_so_many_alerts_then_only_high_ones() -> None:
    book = casebook(alerts=Alerts(per_day=2))
    for n in range(5):
        book.take([scan(host=host(n), at_s=NOON + n)], CLEAR)
    assert book.statistics().raised == 2
    assert book.statistics().beyond_day == 3
    book.take([scan(host=host(9), weight=3.7, at_s=NOON + 9)], CLEAR)
    assert book.statistics().raised == 3
    book.take([scan(host=host(4), at_s=NOON + DAY)], CLEAR)
    assert book.statistics().raised == 4


def outsider(number: int, **given: object) -> object:
    fields = {
        "host": f"198.51.{number // 250}.{number % 250 + 1}", "peer": "192.168.1.2",
        "inside": False, "limit": 3.0, "at_s": NOON + number,
        "sentence": "tried 300 ports of 192.168.1.2",
    }  # fmt: skip
    return scan(**(fields | given))


def test_strangers_are_named_a_few_times_and_then_counted() -> None:
    book = casebook(alerts=Alerts(outsiders_per_day=5))
    changes = [c for n in range(105) for c in book.take([outsider(n)], CLEAR)]
    assert [c.what for c in changes] == ["raised"] * 6 + ["recurring"] * 2
    assert book.statistics().crowd == 100
    line = changes[-1].alert
    assert line.summary == (
        "100 further addresses outside did the same today (port scan), among them 198.51.0.105."
    )
    assert (line.count, len(line.peers), line.severity, line.incident) == (100, 4, "low", "")
    assert "block of 198.51.0.1 lasts" in changes[0].alert.advice


def test_a_stranger_is_counted_once_a_day() -> None:
    book = casebook(alerts=Alerts(outsiders_per_day=0))
    for second in range(5):
        book.take([outsider(1, at_s=NOON + second)], CLEAR)
    assert book.statistics().crowd == 1
    changes = book.take([outsider(1, at_s=NOON + DAY)], CLEAR)
    assert [(c.what, c.alert.count) for c in changes] == [("raised", 1)]
    assert book.statistics().crowd == 2


def test_each_kind_and_each_day_names_its_own_strangers() -> None:
    book = casebook(alerts=Alerts(outsiders_per_day=1))
    guess = {"kind": "brute_force", "rule": "brute_force"}
    book.take([outsider(1), outsider(2), outsider(3, **guess)], CLEAR)
    assert book.statistics().crowd == 1
    book.take([outsider(4, at_s=NOON + DAY)], CLEAR)
    assert book.statistics().crowd == 1


def test_a_flood_of_strangers_leaves_bounded_traces() -> None:
    book = casebook(alerts=Alerts(outsiders_per_day=1_000, per_day=100_000))
    book._devices = evidence.Devices(outside=20)
    for n in range(200):
        book.take([outsider(n)], CLEAR)
    found = book.statistics()
    assert (found.devices, found.devices_evicted) == (20, 180)
    assert (found.open_alerts, found.closed) == (200, 0)  # those fade on their own
    assert len(book.tick(NOON + 8 * HOUR)) == 0  # medium: they wait for somebody
    book.tick(NOON + 25 * HOUR)
    assert book.statistics().open_alerts == 0
    assert book.take([scan(host="192.168.1.9", at_s=NOON + 26 * HOUR)], CLEAR)


def test_open_alerts_are_bounded_and_the_mildest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    book = casebook()
    book._ledger.register = register.Register(most_open=3)
    for n, weight in enumerate((2.4, 3.7, 3.1)):
        book.take([scan(host=host(n), weight=weight, at_s=NOON + n)], CLEAR)
    changes = book.take([scan(host=host(3), weight=3.7, at_s=NOON + 4)], CLEAR)
    assert tell(changes) == [
        ("closed", host(0), "port_scan", "low"),
        ("raised", host(3), "port_scan", "high"),
    ]
    assert book.statistics().alerts_evicted == 1
    monkeypatch.setattr(ledger, "MAX_LISTED", 2)
    quiet = casebook(alerts=Alerts(beacons_per_day=0))
    quiet.take([signal(host=host(n), weight=2.4 + n / 100) for n in range(5)], CLEAR)
    assert [one.host for one in quiet.listed()] == [host(4), host(3)]
