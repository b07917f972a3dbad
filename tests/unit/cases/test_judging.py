"""What speaks up beside what; closing and coming back are in test_casebook.py."""

from appliance.config.schema import Alerts
from tests.support.signals import CLEAR, HOUR, NOON, burst, casebook, scan, signal, tell, upload


def test_two_weak_pieces_are_one_alert_not_two() -> None:
    book = casebook()
    book.take([upload(weight=2.1)], CLEAR)
    assert tell(book.take([signal(weight=2.2)], CLEAR)) == [
        ("raised", "192.168.1.5", "beacon", "medium")
    ]
    assert book.statistics().open_alerts == 1


def test_what_is_strong_alone_has_its_own_alert() -> None:
    changes = casebook().take([upload(weight=2.4), signal(weight=2.4)], CLEAR)
    assert {c.alert.kind for c in changes} == {"exfiltration", "beacon"}


def test_a_repeat_that_adds_nothing_only_counts() -> None:
    book = casebook()
    book.take([scan(weight=3.2, count=20)], CLEAR)
    later = scan(weight=3.2, count=21, first_s=NOON - 600, at_s=NOON + 10)
    assert book.take([later], CLEAR) == []
    (change,) = book.tick(NOON + 60)
    assert (change.what, change.alert.count, change.alert.last_seen) == ("changed", 21, NOON + 10)


def test_quiet_evidence_counts_when_the_next_signal_comes() -> None:
    book = casebook()
    book.take([scan(weight=3.2)], CLEAR)
    book.take([upload(weight=2.2)], CLEAR, quiet=True)
    changes = book.take([scan(weight=3.2, at_s=NOON + 1)], CLEAR)
    assert tell(changes) == [("escalated", "192.168.1.5", "port_scan", "high")]


def test_an_alert_without_evidence_left_is_closed() -> None:
    book = casebook()
    book.take([scan(weight=2.4)], CLEAR)
    (device,) = book._devices
    device.held.clear()
    assert book.tick(NOON + HOUR) == []
    assert [c.what for c in book.tick(NOON + 3 * HOUR)] == ["closed"]


def test_a_flood_without_another_end_is_a_case_of_its_own() -> None:
    book = casebook(alerts=Alerts(beacons_per_day=10))
    book.take([signal(peer=f"203.0.113.{n}") for n in range(1, 6)], CLEAR)
    flood = burst(kind="flood", rule="spoofed_flood", peer=None, port=80, weight=2.9)
    assert ("raised", "flood") in [(c.what, c.alert.kind) for c in book.take([flood], CLEAR)]
    shared = [c.alert for c in book.take([signal(peer="203.0.113.9", weight=4.0)], CLEAR)]
    assert [alert.kind for alert in shared] == ["beacon"]
