"""The whole way from signals to alerts: folding, learning, visibility, mutes, people."""

import msgspec
import pytest

from appliance.cases.casebook import Casebook
from appliance.cases.directory import Directory
from appliance.config.schema import Alerts, Detect, Learn
from appliance.model.address import Address
from appliance.model.alert import AlertChange, Family, Signal, Term, Visibility
from tests.support.signals import (
    CLEAR,
    DAY,
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

LOSSY = Visibility(lost_share=0.032, dropped=900)


def raised(changes: list[AlertChange]) -> AlertChange:
    (one,) = changes
    assert one.what == "raised"
    return one


def new_device(**given: object) -> Signal:
    fields = {
        "rule": "new_device", "kind": "new_device", "family": Family.IDENTITY, "peer": None,
        "weight": 0.5, "confidence": 0.9, "sentence": "appeared for the first time",
    }  # fmt: skip
    return signal(**(fields | given))


def anomaly(**given: object) -> Signal:
    fields = {
        "rule": "forest", "kind": "host_anomaly", "family": Family.MODEL, "peer": None,
        "weight": 3.2, "sentence": "behaved unlike itself",
    }  # fmt: skip
    return signal(**(fields | given))


def test_nothing_in_nothing_out() -> None:
    book = casebook()
    assert book.take([], CLEAR) == []
    assert book.tick(NOON) == []


def test_an_alert_says_who_what_when_why_and_what_to_do() -> None:
    change = raised(casebook().take([signal(peer_name="c2.example")], CLEAR))
    alert = change.alert
    assert alert.summary == (
        "192.168.1.5 called 203.0.113.7 every 60 s, 96 times,"
        " from 11:50 to 12:00 UTC on 15 Nov 2023."
    )
    assert "c2.example (203.0.113.7)" in alert.advice
    assert (alert.kind, alert.severity, alert.title) == ("beacon", "low", "Regular calls")
    assert (alert.host, alert.peer, alert.port, alert.proto) == (
        "192.168.1.5", "203.0.113.7", 443, "tcp",
    )  # fmt: skip
    assert (alert.technique, alert.technique_name) == ("T1071", "Application Layer Protocol")
    assert (alert.ts, alert.first_seen, alert.last_seen) == (NOON, NOON - 600, NOON)
    assert (alert.score, alert.count, alert.state, alert.sensor) == (2.5, 96, "open", "test")
    assert alert.id[0] == "A"
    assert alert.id[1:].isalnum()
    assert len(alert.id) == 13
    assert [(e.rule, e.weight, e.count) for e in alert.evidence] == [("beacon", 2.5, 96)]
    assert alert.incident == "INC-1001"
    assert change.incident is not None
    assert change.incident.alerts == (alert.id,)


def test_weak_evidence_is_no_alert_until_it_adds_up() -> None:
    book = casebook()
    assert book.take([signal(weight=2.0)], CLEAR) == []
    change = raised(book.take([upload(weight=1.6, at_s=NOON + 60)], CLEAR))
    assert change.alert.kind == "beacon"
    assert change.alert.score == pytest.approx(2.64)
    assert [e.rule for e in change.alert.evidence] == ["beacon", "exfiltration"]
    assert change.alert.summary.endswith("; much data sent agrees.")


def test_confidence_and_sensitivity_scale_the_weight() -> None:
    assert casebook().take([signal(weight=2.5, confidence=0.8)], CLEAR) == []
    keen = casebook(detect=Detect(sensitivity=2.0))
    assert tell(keen.take([signal(weight=1.2)], CLEAR))[0][3] == "low"
    assert tell(keen.take([signal(weight=4.0, limit=3.0, host="192.168.1.6")], CLEAR)) == [
        ("raised", "192.168.1.6", "beacon", "medium")
    ]


def test_the_ways_of_calling_one_peer_are_one_alert() -> None:
    book = casebook()
    first = raised(book.take([retry(weight=2.4)], CLEAR)).alert
    changes = book.take([signal(weight=3.0), odd(weight=1.8), burst(weight=2.0)], CLEAR)
    (change,) = changes
    assert (change.what, change.alert.id) == ("escalated", first.id)
    assert change.alert.kind == "beacon"  # the strongest names it
    assert change.alert.title == "Regular calls, calls that nobody answers, unusual service"
    assert {e.rule for e in change.alert.evidence} == {"beacon", "retry", "odd_service", "burst"}


def test_another_peer_is_another_alert_until_there_are_many() -> None:
    book = casebook(alerts=Alerts(beacons_per_day=100))
    for n in range(1, 9):
        book.take([signal(peer=f"203.0.113.{n}", at_s=NOON + n)], CLEAR)
    assert book.statistics().open_alerts == 4  # three by name, one for the others
    changes = book.take([signal(peer="203.0.113.9", at_s=NOON + 10, weight=4.0)], CLEAR)
    (change,) = changes
    assert change.what == "escalated"
    assert len(change.alert.peers) == 4


def test_a_name_that_moves_between_addresses_is_one_peer() -> None:
    book = casebook()
    book.take([signal(peer="203.0.113.7", peer_name="c2.example")], CLEAR)
    assert book.take([signal(peer="203.0.113.99", peer_name="c2.example")], CLEAR) == []
    assert book.take([signal(peer="203.0.113.99")], CLEAR) == []
    assert book.statistics().open_alerts == 1


def test_scans_of_many_targets_are_one_alert() -> None:
    book = casebook()
    raised(book.take([scan(peer=f"10.0.0.{n}") for n in range(1, 8)], CLEAR))
    (change,) = book.flush()
    alert = change.alert
    assert alert.score == pytest.approx(3.65)
    assert alert.severity == "high"
    assert len(alert.peers) == 4
    assert alert.count == 7 * 812


def test_per_peer_evidence_makes_an_alert_for_each() -> None:
    book = casebook()
    both = [scan(per_peer=True), scan(per_peer=True, peer="10.0.0.10")]
    assert len(book.take(both, CLEAR)) == 2


def test_repeats_fold_and_are_told_again_by_decades() -> None:
    book = casebook()
    alert = raised(book.take([scan(count=20)], CLEAR)).alert
    told = []
    for n, count in enumerate((30, 199, 200, 1_000, 2_001), 1):
        again = scan(count=count, first_s=NOON - 600, at_s=NOON + n)
        told.append([(c.what, c.alert.count) for c in book.take([again], CLEAR)])
    assert told == [[], [], [("recurring", 200)], [], [("recurring", 2_001)]]
    assert book.statistics().open_alerts == 1
    assert alert.count == 20  # what was passed on does not change


def test_severity_only_rises() -> None:
    book = casebook()
    book.take([scan(weight=3.7)], CLEAR)
    assert book.take([scan(weight=2.4, at_s=NOON + 6 * HOUR)], CLEAR) == []
    later = book.take([scan(weight=6.5, at_s=NOON + 7 * HOUR)], CLEAR)
    assert tell(later) == [("escalated", "192.168.1.5", "port_scan", "critical")]


def test_new_evidence_of_one_case_raises_another() -> None:
    book = casebook()
    book.take([scan(weight=3.2)], CLEAR)
    changes = book.take([upload(weight=2.4, at_s=NOON + 60)], CLEAR)
    assert tell(changes) == [
        ("escalated", "192.168.1.5", "port_scan", "high"),
        ("raised", "192.168.1.5", "exfiltration", "medium"),
    ]


def test_the_addresses_of_one_machine_add_up() -> None:
    def device_of(_: Address) -> str:
        return "aa:bb:cc:00:11:22"

    book = casebook(directory=Directory(device_of=device_of, device_name=lambda _: "cam\ndoor"))
    book.take([signal(weight=2.0)], CLEAR)
    alert = raised(book.take([upload(host="fd00::5", weight=1.6)], CLEAR)).alert
    assert alert.device == "cam door"
    assert alert.summary.startswith("cam door (192.168.1.5) called")


def test_what_faded_is_closed_and_comes_back_only_with_more() -> None:
    book = casebook()
    alert = raised(book.take([scan(weight=2.4, count=20)], CLEAR)).alert
    assert book.tick(NOON + 1.9 * HOUR) == []
    (closed,) = book.tick(NOON + 2.2 * HOUR)
    assert (closed.what, closed.alert.state, closed.alert.comment) == (
        "closed", "closed", "evidence faded",
    )  # fmt: skip
    assert closed.incident is not None
    assert closed.incident.state == "closed"
    assert book.take([scan(weight=2.4, at_s=NOON + 4 * HOUR)], CLEAR) == []
    assert book.take([scan(weight=3.3, at_s=NOON + 4 * HOUR)], CLEAR) == []
    back = raised(book.take([scan(weight=3.4, at_s=NOON + 5 * HOUR)], CLEAR)).alert
    assert (back.id, back.state, back.comment) == (alert.id, "open", "")


def test_a_new_family_brings_it_back() -> None:
    book = casebook()
    book.take([scan(weight=2.4)], CLEAR)
    book.tick(NOON + 3 * HOUR)
    changes = book.take([upload(weight=1.6, at_s=NOON + 4 * HOUR)], CLEAR)
    assert changes == []  # the scan has faded by now
    changes = book.take([scan(weight=2.4, at_s=NOON + 4 * HOUR)], CLEAR)
    assert tell(changes) == [("raised", "192.168.1.5", "port_scan", "medium")]


def test_after_twelve_half_lives_it_is_another_alert() -> None:
    book = casebook()
    first = raised(book.take([scan(weight=2.4)], CLEAR)).alert
    book.tick(NOON + 3 * HOUR)
    later = raised(book.take([scan(weight=2.4, at_s=NOON + 28 * HOUR)], CLEAR)).alert
    assert later.id != first.id
    assert later.count == 812


def test_a_high_alert_waits_for_somebody() -> None:
    book = casebook()
    book.take([scan(weight=4.0)], CLEAR)
    assert [c.what for c in book.tick(NOON + DAY)] == []
    assert [c.what for c in book.tick(NOON + 3 * DAY + 1)] == ["closed"]


def test_counts_are_passed_on_each_minute() -> None:
    book = casebook()
    book.take([scan(count=20)], CLEAR)
    book.tick(NOON)
    book.take([scan(count=30, first_s=NOON - 600, at_s=NOON + 20)], CLEAR)
    assert book.tick(NOON + 30) == []
    assert [(c.what, c.alert.count) for c in book.tick(NOON + 60)] == [("changed", 30)]
    assert book.tick(NOON + 120) == []
    book.take([scan(count=31, first_s=NOON - 600, at_s=NOON + 121)], CLEAR)
    assert [(c.what, c.alert.count) for c in book.flush()] == [("changed", 31)]


@pytest.mark.parametrize("make", [new_device, anomaly])
def test_nothing_is_new_while_learning(make: type) -> None:
    book = casebook(learn=Learn(learning_s=DAY))
    book.tick(NOON)
    assert book.take([make(at_s=NOON + HOUR)], CLEAR) == []
    assert [one.reason for one in book.listed()] == ["learning"]
    assert tell(book.take([scan(at_s=NOON + 2 * HOUR)], CLEAR))  # what is loud always counts
    assert tell(book.take([make(at_s=NOON + DAY + 1, host="192.168.1.8")], CLEAR))
    assert book.statistics().learning == 1


def test_learning_goes_on_where_it_was_before_a_restart() -> None:
    book = casebook(learn=Learn(learning_s=DAY))
    book.restore([], [], [], learning_since=NOON - 2 * DAY)
    assert tell(book.take([new_device()], CLEAR)) == [
        ("raised", "192.168.1.5", "new_device", "info")
    ]
    assert book.learning_since == NOON - 2 * DAY


def test_a_notice_has_no_incident_and_fades() -> None:
    book = casebook()
    change = raised(book.take([new_device()], CLEAR))
    assert change.incident is None
    assert change.alert.incident == ""
    assert change.alert.confidence == 0.9
    assert [c.what for c in book.tick(NOON + DAY + 1)] == ["closed"]


def test_models_say_nothing_while_frames_are_lost() -> None:
    book = casebook()
    assert book.take([anomaly()], LOSSY) == []
    assert [one.reason for one in book.listed()] == ["blind"]
    assert book.statistics().blind == 1


def test_what_was_not_seen_counts_nothing_while_frames_are_lost() -> None:
    new = signal(weight=2.5, terms=(Term("timing", 2.0, "x"), Term("habit", 0.5, "y")))
    assert casebook().take([new], LOSSY) == []
    assert casebook().take([new], CLEAR)
    clock = Visibility(clock_steps=1)
    assert casebook().take([new], clock) == []


def test_an_alert_carries_what_the_sensor_missed() -> None:
    alert = raised(casebook().take([scan()], LOSSY)).alert
    assert alert.visibility.lost_share == 0.032
    assert alert.visibility.note == "The sensor lost 3.2 % of the frames meanwhile."


def test_one_sided_capture_makes_no_high_alert_of_silence() -> None:
    half = Visibility(one_sided_share=0.9)
    assert tell(casebook().take([scan(weight=5.0)], half))[0][3] == "medium"


def test_allowed_ends_and_rules_that_are_off_say_nothing() -> None:
    def allowed(address: Address, name: str) -> bool:
        return address.ip == "203.0.113.7" or name == "ok.example"

    book = casebook(directory=Directory(allowed=allowed), detect=Detect(off=("vertical_scan",)))
    other = {"peer": "203.0.113.8"}
    for one in (signal(), signal(peer_name="ok.example", **other), scan()):
        assert book.take([one], CLEAR) == []
    assert book.take([signal(peers=("203.0.113.9",))], CLEAR)  # it is one among several
    assert book.statistics().allowed == 2
    assert book.statistics().silenced == 1


def test_quiet_signals_are_remembered_only() -> None:
    book = casebook()
    assert book.take([signal()], CLEAR, quiet=True) == []
    assert book.statistics().open_alerts == 0
    assert raised(book.take([signal(at_s=NOON + 60)], CLEAR)).alert.first_seen == NOON - 600


def test_a_restart_raises_nothing_twice() -> None:
    old = casebook()
    stored = [c.alert for c in old.take([signal(count=20), scan(peer=None)], CLEAR)]
    incidents = [c.incident for c in old.take([], CLEAR) if c.incident]
    book = casebook()
    book.restore(stored, incidents, [])
    assert book.statistics().open_alerts == 2
    assert book.take([signal(at_s=NOON + 60, first_s=NOON - 600, count=30)], CLEAR) == []
    changes = book.take([signal(at_s=NOON + 61, first_s=NOON - 600, count=200)], CLEAR)
    assert [(c.what, c.alert.id) for c in changes] == [("recurring", stored[0].id)]
    closed = msgspec.structs.replace(stored[1], state="closed", comment="false")
    book = casebook()
    book.restore([closed], [], [])
    assert book.take([scan(peer=None, at_s=NOON + 60)], CLEAR) == []


def replay(book: Casebook, backwards: bool) -> list[bytes]:
    hosts = [f"192.168.1.{n}" for n in range(2, 12)]
    out = []
    for minute in range(0, 100, 10):
        at_s = NOON + 360 * minute
        some = [
            make(host=host, at_s=at_s, weight=1.5 + (minute * n) % 17 / 8, count=minute + n)
            for n, host in enumerate(hosts)
            for make in (signal, scan, upload, retry, odd)
        ]
        out += book.take(some[::-1] if backwards else some, CLEAR)
        out += book.tick(at_s + 30)
    return [msgspec.json.encode(change) for change in out]


def test_the_same_signals_give_the_same_alerts_in_any_order() -> None:
    forward = replay(casebook(), backwards=False)
    assert forward == replay(casebook(), backwards=True)
    assert len(forward) > 40


def test_what_waits_for_somebody_is_counted() -> None:
    book = casebook()
    raised = book.take([scan()], CLEAR)[0].alert
    assert book.count_open() == {raised.severity: 1}
    book.acknowledge(raised.id, "mira", "")
    assert book.count_open() == {}
