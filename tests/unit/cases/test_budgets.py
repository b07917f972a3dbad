import msgspec

from appliance.cases.budgets import Budgets
from appliance.config.schema import Alerts
from appliance.model.alert import Alert, Evidence
from tests.support.signals import DAY, NOON


def test_habits_take_places_until_there_are_none() -> None:
    budgets = Budgets(Alerts(beacons_per_day=2))
    budgets.begin(NOON)
    assert [budgets.admit_habit(name, 2.5) for name in "ab"] == [(True, ""), (True, "")]
    assert budgets.admit_habit("c", 2.9) == (False, "")
    assert budgets.admit_habit("c", 3.0) == (True, "a")
    budgets.grow_habit("b", 2.8)
    budgets.grow_habit("stranger", 9.0)
    assert budgets.admit_habit("d", 3.2) == (False, "")
    assert budgets.admit_habit("d", 3.3) == (True, "b")
    assert budgets.admit_habit("e", 9.0) == (False, "")  # as many replaced as there are places


def test_no_places_admit_nothing() -> None:
    budgets = Budgets(Alerts(beacons_per_day=0, outsiders_per_day=0))
    assert budgets.admit_habit("a", 9.0) == (False, "")
    assert not budgets.admit_outsider("port_scan")


def test_a_new_day_begins_at_midnight_utc_and_never_again() -> None:
    budgets = Budgets(Alerts(per_day=1, outsiders_per_day=1))
    budgets.begin(NOON)
    budgets.count()
    assert not budgets.has_room(urgent=False)
    assert budgets.has_room(urgent=True)
    assert budgets.admit_outsider("port_scan")
    assert not budgets.admit_outsider("port_scan")
    assert budgets.admit_outsider("flood")
    budgets.begin(NOON + DAY / 2)
    assert budgets.has_room(urgent=False)
    assert budgets.admit_outsider("port_scan")
    budgets.count()
    budgets.begin(NOON)  # a late packet
    assert not budgets.has_room(urgent=False)
    assert budgets.day == int(NOON // DAY) + 1


def test_what_was_raised_before_a_restart_counts() -> None:
    budgets = Budgets(Alerts(beacons_per_day=1, outsiders_per_day=1, per_day=2))
    budgets.begin(NOON)
    piece = Evidence(rule="beacon", family="beacon", ts=NOON, weight=2.5, sentence="x")
    alert = Alert(
        id="A1", ts=NOON, first_seen=NOON, last_seen=NOON, kind="beacon", severity="low",
        confidence=0.6, host="192.168.1.5", score=2.5, evidence=[piece],
    )  # fmt: skip
    budgets.restore(alert, inside=True)
    budgets.restore(msgspec.structs.replace(alert, id="A9", state="muted"), inside=False)
    assert budgets.admit_habit("A2", 2.9) == (False, "")
    assert budgets.admit_habit("A2", 3.0) == (True, "A1")
    alert.kind, alert.evidence = "port_scan", []
    budgets.restore(alert, inside=False)
    assert not budgets.admit_outsider("port_scan")
    assert not budgets.has_room(urgent=False)
