import numpy as np
import pytest

from appliance.detect.habits import Habits
from appliance.model.address import parse_address
from appliance.model.alert import Signal
from appliance.model.contact import MARK_CLOUD, MARK_VENDOR
from appliance.model.flow import Direction
from tests.support.visits import DAY_S, Net, Visits, by_kind, crowd, every, terms_of

PEER = "203.0.113.9"
LOW = 2.3  # worth an alert


def weigh(signal: Signal | None) -> float:
    return signal.weight if signal else 0.0


def judge(visits: Visits, *others: Visits, **more: object) -> tuple[Net, Signal | None]:
    """Judge the last of some contacts among other hosts, after the first ones."""
    net = Net(**more)
    crowd(net)
    rows = [net.add(other) for other in others]
    if rows:
        net.judge(*rows)
    row = net.add(visits)
    return net, by_kind(net.judge(row)).get("beacon")


def test_timer_on_an_odd_port_says_all_its_numbers() -> None:
    starts = every(300, 96, jitter=0.01)
    net, signal = judge(Visits(port=8_081, service="", starts=starts, out=312.0))
    assert signal is not None
    assert signal.kind == "beacon"
    assert signal.sentence.startswith(
        "96 contacts with 203.0.113.9:8081, one every 301 s (±1.5 s), 312 bytes each"
    )
    assert signal.sentence.endswith("no other device here talks to it")
    assert signal.per_peer
    assert signal.count == 96
    terms = terms_of(signal)
    assert terms["timing"] == pytest.approx(2.0)
    assert terms["port"] == 1.0
    assert signal.weight == pytest.approx(sum(terms.values()), abs=0.01)
    assert net.contacts["score"][-1] == pytest.approx(signal.weight, abs=0.01)


def test_plain_timer_over_tls_is_never_high_but_evenly_drawn_jitter_on_an_odd_port_is() -> None:
    _, plain = judge(Visits(starts=every(60, 200)))
    _, drawn = judge(Visits(starts=every(60, 200, jitter=0.3)))
    _, odd = judge(Visits(starts=every(60, 200, jitter=0.3), port=4_444, service=""))
    assert plain is not None
    assert plain.limit == plain.solo_limit == 3.5
    assert drawn is not None
    assert (drawn.limit, drawn.solo_limit) == (99.0, 3.5)  # one mark: another kind must agree
    assert odd is not None
    assert (odd.limit, odd.solo_limit) == (99.0, 99.0)
    assert odd.weight > 3.6 > plain.weight


def test_irregular_contact_is_noted_as_such() -> None:
    gaps = np.random.default_rng(3).exponential(300, 50)
    net, signal = judge(Visits(starts=DAY_S + np.cumsum(gaps)))
    assert signal is None
    assert net.contacts["score"][-1] == -9


@pytest.mark.parametrize("port", [53, 123, 1_900, 3_478])
def test_what_is_regular_by_nature_is_quiet(port: int) -> None:
    assert judge(Visits(port=port, proto=17, service="", starts=every(300, 90)))[1] is None


@pytest.mark.parametrize(
    ("change", "name", "least"),
    [
        ({"marks": {PEER: MARK_VENDOR}}, "owner", 1.2),
        ({"marks": {PEER: MARK_VENDOR | MARK_CLOUD}}, "owner", 0.6),
        ({"marks": {PEER: MARK_CLOUD}}, "owner", 0.3),
        ({"names": {PEER: "definitions.avast.com"}}, "name", 1.5),
    ],
)
def test_owner_and_name_quiet(change: dict[str, object], name: str, least: float) -> None:
    visits = Visits(starts=every(300, 90), port=8_081, service="")
    _, without = judge(visits)
    _, signal = judge(visits, **change)
    assert without is not None
    assert signal is not None
    assert terms_of(signal)[name] == -least
    assert without.weight - signal.weight == pytest.approx(least)


def test_peer_that_many_here_use_is_quiet() -> None:
    starts = every(300, 90)
    others = [Visits(host=f"10.0.0.{100 + i}", starts=starts[:6]) for i in range(4)]
    assert weigh(judge(Visits(starts=starts))[1]) > LOW
    assert weigh(judge(Visits(starts=starts), *others)[1]) < LOW - 0.5


def test_addresses_of_one_service_are_quiet() -> None:
    starts = every(300, 90)
    siblings = [Visits(peer=f"203.0.113.{i}", starts=starts[:6]) for i in (20, 21)]
    assert weigh(judge(Visits(starts=starts), *siblings)[1]) < LOW - 0.5


def test_device_whose_every_contact_is_regular_is_quiet() -> None:
    others = [
        Visits(peer=f"198.51.{i}.7", port=port, service="", starts=every(600, 60), out=100.0 * i)
        for i, port in enumerate((123, 80, 443))
    ]
    assert weigh(judge(Visits(starts=every(300, 90)), *others)[1]) < LOW - 0.5


def test_push_session_that_reconnects_is_quiet() -> None:
    starts = every(1_500, 20)
    assert weigh(judge(Visits(port=5_228, starts=starts, duration=1_400.0))[1]) < LOW - 0.5


def test_scanner_outside_is_no_beacon() -> None:
    inbound = Visits(starts=every(60, 90), direction=Direction.INBOUND, port=23, failed=True)
    assert judge(inbound)[1] is None


def test_regular_contact_inside_is_left_alone() -> None:
    local = Visits(peer="10.0.0.9", direction=Direction.LOCAL, port=9_100, starts=every(60, 90))
    assert judge(local)[1] is None


def test_habit_quiets_and_a_new_one_does_not() -> None:
    visits = Visits(starts=every(60, 200, jitter=0.3), port=4_444, service="")
    net = Net()
    net.add(visits)
    habits = Habits()
    habits.learn(net.contacts, int(DAY_S // 86_400))
    later = Visits(**vars(visits) | {"starts": visits.starts + 86_400})
    _, known = judge(later, habits=habits)
    elsewhere = Visits(**vars(later) | {"peer": "203.0.114.9"})
    _, new = judge(elsewhere, habits=habits)
    assert known is not None
    assert terms_of(known)["habit"] == -1.5
    assert new is not None
    assert terms_of(new)["new"] == 0.5


def test_strong_beacon_that_is_a_habit_stays_listed() -> None:
    visits = Visits(starts=every(60, 200), port=4_444, service="")
    habits = Habits()
    net = Net()
    net.add(visits)
    habits.learn(net.contacts, int(DAY_S // 86_400))
    later = Visits(**vars(visits) | {"starts": visits.starts + 86_400})
    _, signal = judge(later, habits=habits, changes=("beacon.habit_known=-9",))
    assert signal is not None
    assert signal.weight == 1.2


def test_known_peer_address_is_what_was_resolved() -> None:
    _, signal = judge(Visits(starts=every(300, 90), port=8_081, service=""))
    assert signal is not None
    assert signal.peer is not None
    assert (signal.peer.hi, signal.peer.lo) == parse_address(PEER)
    assert signal.host.ip == "10.0.0.5"
    assert signal.inside
