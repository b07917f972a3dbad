import pytest

from appliance.model.alert import Family, Signal
from tests.support.visits import Net, Visits, by_kind, crowd, every, terms_of


def judge(others: int = 0, **more: object) -> Signal | None:
    net = Net()
    crowd(net)
    for i in range(others):
        net.add(Visits(peer=f"192.0.2.{i}", port=30_000 + i, service="", starts=every(9, 2)))
    wanted = {"port": 4_444, "service": "", "starts": every(400, 3), "out": 5e4, "back": 2e4}
    row = net.add(Visits(**wanted | more))
    return by_kind(net.judge(row)).get("odd_service")


def test_unknown_protocol_on_an_odd_port_is_evidence_but_no_alert() -> None:
    signal = judge()
    assert signal is not None
    assert signal.family == Family.PORT
    assert 1.2 < signal.weight < 2.3
    assert "in an unknown protocol" in signal.sentence


def test_one_long_session_counts_too() -> None:
    signal = judge(starts=every(1, 1), duration=4_000.0)
    assert signal is not None
    assert signal.weight == pytest.approx(2.3)


def test_many_such_peers_are_a_game_or_sharing() -> None:
    signal = judge(others=6)
    assert signal is not None
    assert terms_of(signal)["many"] == -0.6


@pytest.mark.parametrize(
    "change",
    [
        {"service": "tls"},
        {"port": 443},
        {"port": 50_000},
        {"failed": True},
        {"starts": every(400, 2)},
        {"proto": 17},
        {"direction": 3},
    ],
)
def test_what_is_nothing_odd(change: dict[str, object]) -> None:
    assert judge(**change) is None
