import pytest

from appliance.model.alert import Signal
from tests.support.visits import Net, Visits, by_kind, crowd, every, terms_of


class Usual:
    def __init__(self, count: float | None) -> None:
        self.count = count

    def usual_upload(self, hi: int, lo: int) -> float | None:
        return self.count


def judge(usual: float | None = None, **more: object) -> Signal | None:
    net = Net(history=Usual(usual))
    crowd(net)
    wanted = {"starts": every(60, 20), "out": 3e6, "back": 1e4}
    row = net.add(Visits(**wanted | more))
    return by_kind(net.judge(row)).get("upload")


def test_upload_to_a_single_stranger() -> None:
    signal = judge()
    assert signal is not None
    assert signal.kind == "exfiltration"
    assert signal.weight > 2.3
    assert signal.solo_limit < 3.6  # without history nobody can be sure
    assert signal.sentence.startswith("sent 60 MB to 203.0.113.9:443 in 19 min and received 200 kB")


def test_host_that_always_sends_much_is_quiet_and_one_that_never_does_is_not() -> None:
    backup, sudden = judge(usual=300e6), judge(usual=1e6)
    assert backup is not None
    assert backup.weight < 2.3
    assert sudden is not None
    assert sudden.weight > 3.0
    assert sudden.solo_limit == 99
    assert "usually sends 1 MB a day" in sudden.sentence


def test_odd_port_proves_more() -> None:
    signal = judge(port=4_444, service="")
    assert signal is not None
    assert terms_of(signal)["port"] == 1.4
    assert signal.solo_limit == 99


@pytest.mark.parametrize(
    "change",
    [
        {"out": 1e5},
        {"back": 1e6},
        {"failed": True},  # a flood: nobody took it
        {"direction": 3, "peer": "10.0.0.9"},
    ],
)
def test_what_is_no_exfiltration(change: dict[str, object]) -> None:
    assert judge(**change) is None
