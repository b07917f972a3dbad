from collections.abc import Iterable

import pytest

from appliance.detect.habits import FORGET_DAYS, Habits, Peer, Row, make_keys
from appliance.model.address import parse_address
from appliance.model.flow import Direction
from tests.support.visits import DAY_S, Net, Visits, every

DAY = int(DAY_S // 86_400)
HOST = parse_address("10.0.0.5")


def peer(ip: str, name: str = "", *, local: bool = False) -> Peer:
    return Peer(*parse_address(ip), name, local)


def learn(habits: Habits, *visits: Visits, day: int = DAY) -> int:
    net = Net()
    for visit in visits:
        net.add(visit)
    net.contacts["day"] = day
    return habits.learn(net.contacts, day)


class Shelf:
    def __init__(self) -> None:
        self.rows: dict[tuple[bytes, bytes], Row] = {}

    def load_habits(self) -> Iterable[Row]:
        return list(self.rows.values())

    def save_habits(self, rows: list[Row]) -> None:
        self.rows.update({row[:2]: row for row in rows})


def test_nothing_is_known_before_a_day_has_passed() -> None:
    habits = Habits()
    assert habits.known_days(HOST, peer("203.0.113.9"), DAY) == -1
    learn(habits, Visits(starts=every(60, 5)))
    assert habits.known_days(HOST, peer("203.0.113.9"), DAY) == -1
    assert habits.known_days(parse_address("10.0.0.6"), peer("203.0.113.9"), DAY + 1) == -1


def test_network_of_a_peer_is_remembered_on_later_days() -> None:
    habits = Habits()
    for day in (DAY, DAY + 1, DAY + 1):
        learn(habits, Visits(starts=every(60, 5)), day=day)
    assert habits.known_days(HOST, peer("203.0.113.200"), DAY + 2) == 2
    assert habits.known_days(HOST, peer("203.0.113.200"), DAY + 1) == 1
    assert habits.known_days(HOST, peer("203.0.114.9"), DAY + 2) == 0


def test_name_of_a_peer_is_remembered_when_its_address_changes() -> None:
    habits, net = Habits(), Net()
    net.add(Visits(starts=every(60, 5)))
    habits.learn(net.contacts, DAY, lambda _hi, _lo: "a7.api.Example.org")
    assert habits.known_days(HOST, peer("192.0.2.1", "b2.api.example.org"), DAY + 1) == 1
    assert habits.known_days(HOST, peer("192.0.2.1", "example.net"), DAY + 1) == 0


def test_inside_the_machine_itself_counts() -> None:
    habits = Habits()
    learn(habits, Visits(peer="10.0.0.9", direction=Direction.LOCAL, starts=every(60, 5)))
    assert habits.known_days(HOST, peer("10.0.0.9", local=True), DAY + 1) == 1
    assert habits.known_days(HOST, peer("10.0.0.10", local=True), DAY + 1) == 0


@pytest.mark.parametrize(
    "change",
    [{"starts": every(60, 2)}, {"direction": Direction.INBOUND}],
)
def test_what_makes_no_habit(change: dict[str, object]) -> None:
    assert learn(Habits(), Visits(**{"starts": every(60, 5)} | change)) == 0


def test_what_was_suspicious_makes_no_habit() -> None:
    net = Net()
    net.add(Visits(starts=every(60, 5)))
    net.contacts["score"] = 4.0
    assert Habits().learn(net.contacts, DAY) == 0


def test_habits_outlive_the_process() -> None:
    shelf = Shelf()
    learn(Habits(store=shelf), Visits(starts=every(60, 5)))
    again = Habits(store=shelf)
    assert again.known_days(HOST, peer("203.0.113.9"), DAY + 1) == 1
    assert again.statistics().habits == 1


def test_full_memory_forgets_what_was_not_seen_longest() -> None:
    habits = Habits(limit=3)
    for i in range(5):
        learn(habits, Visits(peer=f"203.0.{i}.9", starts=every(60, 5)), day=DAY + i)
    assert habits.statistics().habits == 3
    assert habits.statistics().forgotten == 2
    assert habits.known_days(HOST, peer("203.0.4.9"), DAY + 9) == 1
    assert habits.known_days(HOST, peer("203.0.0.9"), DAY + 9) == 0


def test_habits_of_long_ago_are_forgotten_and_the_host_with_them() -> None:
    habits = Habits()
    learn(habits, Visits(starts=every(60, 5)))
    learn(habits, Visits(host="10.0.0.6", starts=every(60, 5)), day=DAY + FORGET_DAYS + 1)
    assert habits.known_days(HOST, peer("203.0.113.9"), DAY + FORGET_DAYS + 2) == -1
    assert habits.statistics().hosts == 1


def test_keys_of_addresses_and_names() -> None:
    assert list(make_keys(peer("203.0.113.9"))) == [bytes([203, 0, 113])]
    assert [len(key) for key in make_keys(peer("2001:db8::1"))] == [6]
    assert list(make_keys(peer("203.0.113.9", "x.y.co.uk")))[1] == b".y.co.uk"
    assert list(make_keys(peer("203.0.113.9", "203.0.113.9"))) == [bytes([203, 0, 113])]
