from appliance.cases.incidents import MAX_TIMELINE, Incidents
from appliance.model.alert import Alert, Incident
from tests.support.signals import CLEAR, DAY, HOUR, NOON, casebook, scan, signal, upload


def alert(name: str, at_s: float = NOON, **given: object) -> Alert:
    fields = {
        "id": name, "ts": at_s, "first_seen": at_s, "last_seen": at_s, "kind": "port_scan",
        "severity": "medium", "confidence": 0.7, "host": "192.168.1.5", "summary": f"did {name}",
        "score": 3.1,
    }  # fmt: skip
    return Alert(**(fields | given))


def test_alerts_of_one_device_within_a_day_are_one_story() -> None:
    book = casebook()
    first = book.take([scan(weight=3.1)], CLEAR)[0].incident
    second = book.take([upload(weight=2.4, at_s=NOON + 20 * HOUR)], CLEAR)[-1].incident
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == ("INC-1001", "INC-1001")
    assert second.title == "Port scan, large upload: 192.168.1.5"
    assert second.kinds == ("port_scan", "exfiltration")
    assert len(second.alerts) == 2
    assert second.timeline[0][1].startswith("192.168.1.5 tried 812 ports")
    assert (second.first_seen, second.last_seen) == (NOON - 600, NOON + 20 * HOUR)
    assert len(first.timeline) == 1  # a copy, as it stood then


def test_another_device_and_another_day_are_other_stories() -> None:
    incidents = Incidents()
    assert [
        incidents.place(one, key, inside=True).id  # type: ignore[union-attr]
        for one, key in (
            (alert("A1"), "a"),
            (alert("A2", host="192.168.1.6"), "b"),
            (alert("A3", NOON + DAY), "a"),
            (alert("A4", NOON + 2 * DAY + 1), "a"),
        )
    ] == ["INC-1001", "INC-1002", "INC-1001", "INC-1003"]


def test_the_victim_that_acts_belongs_to_the_story() -> None:
    incidents = Incidents()
    guess = alert("A1", kind="brute_force", peer="192.168.1.9", host="198.51.100.1")
    incidents.place(guess, "198.51.100.1", inside=False)
    later = incidents.place(alert("A2", NOON + HOUR, host="192.168.1.9"), "b", inside=True)
    assert later is not None
    assert later.id == "INC-1001"
    assert later.kinds == ("brute_force", "port_scan")
    before = incidents.place(alert("A3", NOON - HOUR, host="192.168.1.9"), "c", inside=True)
    assert before is not None
    assert before.id == "INC-1002"


def test_a_scan_from_outside_makes_nobody_a_victim() -> None:
    incidents = Incidents()
    incidents.place(alert("A1", peer="192.168.1.9", host="198.51.100.1"), "x", inside=False)
    later = incidents.place(alert("A2", NOON + HOUR, host="192.168.1.9"), "b", inside=True)
    assert later is not None
    assert later.id == "INC-1002"
    ours = Incidents()
    ours.place(alert("A1", peer="192.168.1.9"), "a", inside=True)
    later = ours.place(alert("A2", NOON + HOUR, host="192.168.1.9"), "b", inside=True)
    assert later is not None
    assert later.id == "INC-1001"


def test_notices_join_a_story_but_begin_none() -> None:
    incidents = Incidents()
    assert incidents.place(alert("A1", severity="info"), "a", inside=True) is None
    incidents.place(alert("A2"), "a", inside=True)
    joined = incidents.place(alert("A3", NOON + 1, severity="info"), "a", inside=True)
    assert joined is not None
    assert joined.severity == "medium"


def test_an_incident_is_as_bad_as_its_worst_and_closed_with_its_last() -> None:
    incidents = Incidents()
    one, two = alert("A1"), alert("A2", severity="high", score=4.0)
    incidents.place(one, "a", inside=True)
    both = incidents.place(two, "a", inside=True)
    assert both is not None
    assert (both.severity, both.score, both.state) == ("high", 4.0, "open")
    one.state = "closed"
    assert incidents.follow(one, "closed").state == "open"  # type: ignore[union-attr]
    two.state = "closed"
    assert incidents.follow(two, "closed").state == "closed"  # type: ignore[union-attr]
    again = incidents.place(alert("A3", NOON + HOUR), "a", inside=True)
    assert again is not None
    assert (again.id, again.state) == ("INC-1001", "open")
    assert incidents.find("INC-1001") == again
    assert incidents.find("INC-7") is None
    assert incidents.follow(alert("A9"), "nothing") is None


def test_a_long_timeline_keeps_its_beginning_and_its_end() -> None:
    incidents = Incidents()
    first = alert("A1")
    incidents.place(first, "a", inside=True)
    for n in range(100):
        incidents.follow(first, f"line {n}\n\x1b[31m")
    found = incidents.find("INC-1001")
    assert found is not None
    lines = [line for _, line in found.timeline]
    assert len(lines) == MAX_TIMELINE
    assert lines[:2] == ["did A1", "line 0 [31m"]
    assert lines[-1] == "line 99 [31m"


def test_incidents_are_bounded() -> None:
    incidents = Incidents()
    for n in range(4_196):
        incidents.place(alert(f"A{n}", host=f"h{n}"), f"h{n}", inside=True)
    assert len(incidents) == 4_096
    assert incidents.forgotten == 100


def test_numbers_go_on_after_a_restart() -> None:
    incidents = Incidents()
    stored = Incident(
        id="INC-1041", title="x", severity="low", score=2.4, host="192.168.1.5",
        first_seen=NOON, last_seen=NOON,
    )  # fmt: skip
    incidents.restore(stored, "a")
    joined = incidents.place(alert("A1", NOON + HOUR), "a", inside=True)
    assert joined is not None
    assert joined.id == "INC-1041"
    fresh = incidents.place(alert("A2"), "b", inside=True)
    assert fresh is not None
    assert fresh.id == "INC-1042"


def test_the_casebook_begins_at_the_number_it_is_given() -> None:
    change = casebook().take([signal(weight=4.0)], CLEAR)[0]
    assert change.alert.incident == "INC-1001"
