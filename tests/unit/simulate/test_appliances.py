"""Machines that serve others."""

import itertools

import pytest

from appliance.demo.conversation import TCP, UDP
from appliance.simulate import appliances
from appliance.simulate.benign import Habit
from appliance.simulate.office import Role
from tests.support.simulation import is_ordered, office, play, ports, read, starts_s

HABITS = (
    appliances.poll_devices, appliances.replicate, appliances.check_all, appliances.deliver_mail,
    appliances.take_mail, appliances.play_games,
)  # fmt: skip


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
def test_habits_are_ordered_repeatable_and_readable(habit: Habit) -> None:
    talks = play(habit, 5)
    assert is_ordered(talks)
    assert play(habit, 5) == talks
    said = read(talk._replace(steps=talk.steps[:20]) for talk in talks)
    assert said.rejected == {}
    assert len(said.flows) >= 1


def test_the_monitoring_looks_at_everybody_else() -> None:
    talks = play(appliances.check_all, 60)
    everybody = {device.ip for device in office().find()}
    assert everybody - {talk.resp.ip for talk in talks} == {talks[0].orig.ip}


def test_the_hub_asks_gadgets_only() -> None:
    gadgets = {d.ip for d in office().find(Role.BULB, Role.CAMERA, Role.TELEVISION, Role.SPEAKER)}
    assert {talk.resp.ip for talk in play(appliances.poll_devices, 30)} == gadgets


def test_snapshots_go_out_every_hour() -> None:
    talks = [talk for talk in play(appliances.replicate, 5) if talk.resp.port == 22]
    times = starts_s(talks)
    assert all(3_590 < b - a < 3_610 for a, b in itertools.pairwise(times))
    assert all(
        sum(s.length for s in talk.steps if s.forward)
        > 10 * sum(s.length for s in talk.steps if not s.forward)
        for talk in talks
    )


def test_mail_comes_from_outside_and_goes_there() -> None:
    taken = play(appliances.take_mail, 10, 35)
    assert {talk.resp.ip for talk in taken} == {office().find(Role.MAILER)[0].ip}
    assert all(talk.orig.ip[0] != 192 or talk.orig.ip[1] != 168 for talk in taken)
    sent = ports(play(appliances.deliver_mail, 30, 35))
    assert sent[TCP, 25] >= 8
    assert sent[UDP, 53] >= 16  # the exchange, then its address


def test_a_console_opens_the_router_and_meets_strangers() -> None:
    talks = play(appliances.play_games, 12)
    assert [talk.resp.port for talk in talks[:3]] == [1_900, 49_000, 49_000]
    assert {talk.orig.port for talk in talks[6:9]} == {3_074}
