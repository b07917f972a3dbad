from appliance.cases.directory import Directory
from appliance.cases.intake import Intake
from appliance.config.schema import Alerts, Detect, Learn
from appliance.model.alert import Family
from tests.support.signals import CLEAR, DAY, NOON, scan, signal


def intake(directory: Directory | None = None, *off: str) -> Intake:
    made = Intake(Alerts(), Detect(off=off), Learn(learning_s=DAY), directory or Directory())
    made.learning_since = NOON
    return made


def test_rules_and_kinds_can_be_off() -> None:
    one = intake(None, "vertical_scan", "beacon")
    assert one.believe(scan(), CLEAR, NOON) == (None, "")
    assert one.believe(signal(rule="rhythm"), CLEAR, NOON) == (None, "")
    assert one.believe(scan(rule="stealth_scan"), CLEAR, NOON)[0] is not None
    assert one.counts == {"signals": 3, "silenced": 2}


def test_what_is_new_waits_for_the_end_of_learning() -> None:
    new = signal(kind="new_device")
    assert intake().believe(new, CLEAR, NOON + DAY - 1) == (None, "learning")
    assert intake().believe(new, CLEAR, NOON + DAY)[0] is new


def test_what_is_allowed_is_nobodys_evidence() -> None:
    one = intake(Directory(allowed=lambda address, _: address.ip == "192.168.1.5"))
    assert one.believe(signal(), CLEAR, NOON) == (None, "")
    assert one.believe(signal(peer=None), CLEAR, NOON) == (None, "")
    assert one.believe(signal(host="192.168.1.6"), CLEAR, NOON)[0] is not None
    blind = signal(kind="sensor_blind", family=Family.SENSOR)
    assert one.believe(blind, CLEAR, NOON)[0] is blind
