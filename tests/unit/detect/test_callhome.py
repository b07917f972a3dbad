import pytest

from appliance.model.alert import Signal
from appliance.model.contact import MARK_VENDOR
from appliance.model.flow import Direction
from tests.support.visits import Net, Visits, by_kind, crowd, every, terms_of


def judge(rule: str = "dead_peer", marks: int = 0, **more: object) -> Signal | None:
    net = Net(marks={"203.0.113.9": marks})
    crowd(net)
    wanted = {"port": 8_081, "service": "", "failed": True, "starts": every(90, 60), "out": 0.0}
    row = net.add(Visits(**wanted | more))
    return by_kind(net.judge(row)).get(rule)


def test_dead_server_tried_again_and_again() -> None:
    signal = judge()
    assert signal is not None
    assert signal.kind == "call_home"
    assert signal.sentence.startswith("tried 203.0.113.9:8081 60 times in 88 min, 60 of them fail")
    assert signal.weight > 3.6
    assert signal.solo_limit == 3.5  # too few tries to be sure


def test_hundreds_of_tries_may_be_high_alone() -> None:
    signal = judge(starts=every(30, 300))
    assert signal is not None
    assert signal.solo_limit == 99


@pytest.mark.parametrize(
    "change",
    [
        {"failed": False, "out": 100.0},
        {"starts": every(90, 15)},
        {"starts": every(1, 60)},  # a page that does not load
        {"proto": 17},
        {"direction": Direction.INBOUND},
    ],
)
def test_what_is_no_call_home(change: dict[str, object]) -> None:
    assert judge(**change) is None


def test_machine_inside_that_is_off_makes_no_alert() -> None:
    signal = judge(peer="10.0.0.77", direction=Direction.LOCAL)
    assert signal is not None
    assert signal.limit < 2.3


def test_vendor_on_a_usual_port_weighs_less() -> None:
    usual, vendor = judge(port=443), judge(port=443, marks=MARK_VENDOR)
    assert usual is not None
    assert vendor is not None
    assert terms_of(vendor)["owner"] == -0.6
    assert vendor.weight < usual.weight < 3.6
