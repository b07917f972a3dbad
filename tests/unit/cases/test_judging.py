"""What speaks up beside what; closing and coming back are in test_casebook.py."""

import random

from hypothesis import given
from hypothesis import strategies as st

from appliance.config.schema import Alerts
from appliance.model.alert import AlertChange
from tests.support.signals import (
    CLEAR,
    HOUR,
    NOON,
    burst,
    casebook,
    odd,
    retry,
    scan,
    signal,
    tell,
    upload,
)


def test_two_weak_pieces_are_one_alert_not_two() -> None:
    book = casebook()
    book.take([upload(weight=2.1)], CLEAR)
    assert tell(book.take([signal(weight=2.2)], CLEAR)) == [
        ("raised", "192.168.1.5", "beacon", "medium")
    ]
    assert book.statistics().open_alerts == 1


def test_what_leans_on_an_open_alert_makes_that_one_worse() -> None:
    book = casebook()
    book.take([signal(weight=2.8)], CLEAR)
    assert book.take([upload(weight=1.4, at_s=NOON + 1)], CLEAR) == []
    changes = book.take([upload(weight=2.2, at_s=NOON + 2)], CLEAR)
    assert tell(changes) == [("escalated", "192.168.1.5", "beacon", "high")]


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


@given(st.integers(0, 10_000))
def test_counting_only_is_the_same_as_judging_all(seed: int) -> None:
    """What is skipped for repeats that weigh no more must change nothing that is told."""
    dice = random.Random(seed)
    quick, slow = (
        casebook(alerts=Alerts(beacons_per_day=50)),
        casebook(alerts=Alerts(beacons_per_day=50)),
    )
    at_s, count = NOON, 1
    for _ in range(25):
        at_s += dice.choice((1.0, 60.0, HOUR))
        count += dice.choice((0, 1, 40))
        one = dice.choice((signal, scan, upload, retry, odd, burst))(
            host=f"192.168.1.{dice.randint(1, 2)}",
            peer=f"203.0.113.{dice.randint(1, 5)}",
            weight=dice.uniform(0.5, 4.0),
            first_s=NOON,
            at_s=at_s,
            count=count,
            solo_limit=dice.choice((2.5, 99.0)),
        )
        for device in slow._devices:
            device.stale = True
        assert tell(quick.take([one], CLEAR)) == tell(slow.take([one], CLEAR))
        assert _scores(quick.tick(at_s)) == _scores(slow.tick(at_s))


def _scores(changes: list[AlertChange]) -> list[tuple[str, float, str]]:
    return [(c.alert.id, c.alert.score, c.alert.severity) for c in changes]
