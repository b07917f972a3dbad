from appliance.cases.evidence import Case, Device
from appliance.cases.register import Register
from appliance.model.alert import Alert


def case(name: str, severity: str = "low") -> Case:
    made = Case(Device("x", inside=True), ("port_scan", name))
    made.alert = Alert(
        id=name, ts=0, first_seen=0, last_seen=0, kind="port_scan", severity=severity,
        confidence=0.6, host="192.168.1.5",
    )  # fmt: skip
    return made


def test_cases_are_found_by_the_id_of_their_alert() -> None:
    register = Register()
    one = case("A1")
    assert register.file_open(one) is None
    assert register.find("A1") is one
    assert len(register) == 1
    register.file_closed(one)
    assert (len(register), register.closed) == (0, 1)
    assert register.find("A1") is one
    register.file_open(one)
    assert (len(register), register.closed) == (1, 0)
    register.drop(one)
    assert register.find("A1") is None


def test_the_mildest_oldest_gives_way() -> None:
    register = Register(most_open=3)
    for one in (case("A1", "high"), case("A2", "medium"), case("A3", "medium")):
        register.file_open(one)
    gone = register.file_open(case("A4", "info"))
    assert gone is not None
    assert gone.key == ("port_scan", "A2")
    gone = register.file_open(case("A5", "high"))
    assert gone is not None
    assert gone.key == ("port_scan", "A4")
    assert [c.key[1] for c in register.iter_open()] == ["A3", "A1", "A5"]


def test_a_rise_in_severity_moves_a_case() -> None:
    register = Register()
    one = case("A1")
    register.file_open(one)
    assert one.alert is not None
    one.alert.severity = "critical"
    register.file_open(one)
    register.file_open(case("A2"))
    assert [c.key[1] for c in register.iter_open()] == ["A2", "A1"]
    assert len(register) == 2


def test_closed_ones_are_forgotten_in_time() -> None:
    register = Register(most_closed=2)
    for name in ("A1", "A2", "A3"):
        register.file_closed(case(name))
    assert register.find("A1") is None
    assert register.closed == 2
