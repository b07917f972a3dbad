"""The cast, the clock, and what a worker can do beyond an actor."""

import pytest

from appliance.demo.names import A
from appliance.simulate.office import MOST_DEVICES, Role, attendance, dice, hire, outside, server
from tests.support.simulation import office, worker


def test_a_dozen_is_a_small_office_and_twenty_have_everything() -> None:
    roles = [member.role for member in hire(12)]
    assert roles.count(Role.DESKTOP) == 4
    assert {member.role for member in hire(20)} == set(Role)


def test_nobody_shares_an_address_or_a_card() -> None:
    cast = hire(10_000)
    assert len(cast) == MOST_DEVICES
    for name in ("hostname", "mac", "octet"):
        assert len({getattr(member.device, name) for member in cast}) == MOST_DEVICES


def test_hiring_more_changes_nobody() -> None:
    assert hire(40)[:7] == hire(7)
    assert hire(0) == ()


@pytest.mark.parametrize(("hour", "busy"), [(3, False), (11, True), (15, True), (22, False)])
def test_people_work_by_day(hour: int, busy: bool) -> None:
    assert (attendance(hour * 3_600 + 5 * 86_400) > 0.5) is busy


def test_the_clock_starts_at_dawn_and_goes_on_over_midnight() -> None:
    me = worker(where=office(4, 23 * 3_600.0))
    assert me.clock_s == 23 * 3_600
    me.await_clock(2)
    assert (me.now_ns, me.clock_s) == (3 * 3_600 * 10**9, 2 * 3_600)
    me.await_clock(2)
    assert me.now_ns == 3 * 3_600 * 10**9  # it is two
    me.begin(60)
    assert 2 * 3_600 <= me.clock_s < 2 * 3_600 + 60


def test_neighbours_are_the_others() -> None:
    me = worker(20)
    assert me.device not in me.neighbours()
    assert len(me.neighbours(Role.DESKTOP)) == len(office().find(Role.DESKTOP)) - 1


def test_people_pause_longer_at_night() -> None:
    day, night = worker(where=office(4, 11 * 3_600.0)), worker(where=office(4, 3 * 3_600.0))
    for _pause in range(20):
        day.pause(60)
        night.pause(60)
    assert night.now_ns > 5 * day.now_ns


def test_questions_without_answers_are_refused() -> None:
    me = worker()
    assert me.look_up("x.example", A, [])[4][1].payload[3] & 15 == 3
    talk = me.look_up("x.example", A, [bytes(4), bytes(4)])
    assert int.from_bytes(talk.steps[1].payload[6:8]) == 2


def test_dice_are_a_matter_of_seed_and_name() -> None:
    assert dice(1, "a").random() == dice(1, "a").random() != dice(2, "a").random()
    assert dice(1, "a", "b").random() != dice(1, "b").random()


def test_servers_are_beyond_the_router() -> None:
    there = server("x.example", "9.8.7.6", 12)
    assert (there.at(80).ip, there.rtt_ns) == (bytes((9, 8, 7, 6)), 12_000_000)
    assert outside(b"\x09\x08\x07\x06", 80).mac == there.at(80).mac
