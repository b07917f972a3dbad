import numpy as np
import pytest

from appliance.model.alert import Signal
from appliance.model.flow import Direction
from tests.support.visits import Net, Visits, by_kind, every

SSH = {"port": 22, "service": "ssh", "out": 1_900.0, "back": 2_200.0, "duration": 2.5}


def judge(**more: object) -> Signal | None:
    net = Net()
    wanted = {"peer": "10.0.0.9", "direction": Direction.LOCAL, "starts": every(3, 30)} | SSH
    row = net.add(Visits(**wanted | more))
    return by_kind(net.judge(row)).get("password_guessing")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"port": 902},  # the protocol counts, not the number
        {"port": 22, "service": ""},
        {"port": 21, "service": "", "out": 25.0, "back": 137.0},
        {"port": 3_389, "service": "rdp", "out": 1_300.0, "back": 1_500.0},
        {"port": 7_777, "service": "", "out": 80.0, "back": 120.0, "duration": 1.0},
        {"direction": Direction.INBOUND, "peer": "203.0.113.9"},
        {"direction": Direction.OUTBOUND, "peer": "203.0.113.9"},
        {"port": 143, "service": "imap", "out": 60.0, "back": 300.0},
        {"port": 3_306, "service": "", "out": 150.0, "back": 180.0, "starts": every(1, 60)},
    ],
)
def test_guessing_is_found_on_any_port(change: dict[str, object]) -> None:
    signal = judge(**change)
    assert signal is not None
    assert signal.kind == "brute_force"
    assert signal.weight > 2.3


@pytest.mark.parametrize(
    "change",
    [
        {"starts": every(3, 6)},  # somebody mistypes
        {"starts": every(60, 30)},  # monitoring
        {"out": 40.0, "back": 60.0, "starts": every(5, 30)},  # banners only
        {"back": 90_000.0},  # somebody was let in
        {"back": 5_500.0},
        {"out": np.geomspace(500, 5_900, 30)},
        {"duration": 900.0},
        {"failed": True},
        {"port": 443, "service": "tls"},
        {"port": 80, "service": "http", "out": 300.0, "back": 500.0},
        {"port": 8_080, "service": "", "out": 300.0, "back": 500.0},
        {"port": 445, "service": "smb"},
        {"port": 993, "service": "", "starts": every(20, 12)},
        {"port": 3_306, "service": "", "out": 900.0, "back": 4_000.0, "starts": every(1, 60)},
        {"port": 7_777, "service": "", "direction": Direction.OUTBOUND, "peer": "203.0.113.9"},
        {"proto": 17},
    ],
)
def test_what_is_no_guessing(change: dict[str, object]) -> None:
    assert judge(**change) is None


def test_sentence_says_what_was_seen() -> None:
    signal = judge()
    assert signal is not None
    assert signal.sentence == (
        "30 short sessions with ssh at 10.0.0.9:22 in 5 min, all alike: about 1.9 kB out, "
        "2.2 kB back, 2.5 s each"
    )
