"""The plan: who attacks when, that it fits, and that a plan is repeatable."""

import pytest

from appliance.demo.conversation import Conversation
from appliance.simulate.day import BENIGN, Day, Play, plan_day
from appliance.simulate.scripts import SCRIPTS
from tests.support.simulation import is_ordered, until

QUICK = [SCRIPTS[name] for name in ("fin_scan", "arp_spoof", "call_home", "dga")]
HOUR = Play(6, 1.0, 3, 1_767_607_200.0)  # ten in the morning


def act(day: Day) -> list[list[Conversation]]:
    return [until(talks, 600.0) for talks in day.talks]


def test_everybody_lives_and_every_attack_is_there() -> None:
    day = plan_day(HOUR, QUICK)
    assert [one.name for one in day.intrusions] == [script.name for script in QUICK]
    assert len(day.hosts) == 6
    attacks = [list(talks) for talks in day.talks[-len(QUICK) :]]
    for script, talks in zip(QUICK, attacks, strict=True):
        assert {talk.label for talk in talks} == {script.name}
        assert is_ordered(talks)
        assert talks[-1].start_ns < 3_600e9


def test_benign_talks_are_labelled_so() -> None:
    assert {talk.label for talks in act(plan_day(HOUR, ())) for talk in talks} == {BENIGN}


def test_the_same_play_is_the_same_day_and_another_seed_another() -> None:
    first, second = act(plan_day(HOUR, QUICK)), act(plan_day(HOUR, QUICK))
    assert first == second
    assert act(plan_day(HOUR._replace(seed=4), QUICK)) != first


def test_attacks_change_nothing_of_what_the_others_do() -> None:
    alone = act(plan_day(HOUR, ()))
    assert act(plan_day(HOUR, QUICK))[: len(alone)] == alone


def test_attackers_are_desktops_in_turn() -> None:
    day = plan_day(HOUR._replace(hosts=12), list(SCRIPTS.values())[:7])
    hosts = [one.host for one in day.intrusions]
    assert len(set(hosts[:6])) == 6
    assert hosts[6] == hosts[0]


@pytest.mark.parametrize("hosts", [1, 2, 3])
def test_every_attack_finds_somebody_even_in_a_tiny_office(hosts: int) -> None:
    day = plan_day(HOUR._replace(hosts=hosts, hours=0.5), SCRIPTS.values())
    for talks in day.talks[-len(SCRIPTS) :]:
        next(talks, None)  # beacons of the day may have to wait for the morning


def test_attacks_of_known_length_are_over_before_the_end() -> None:
    scripts = [SCRIPTS[name] for name in ("ssh_guessing", "dga", "arp_spoof", "smb_sweep")]
    for seed in range(5):
        day = plan_day(Play(6, 0.5, seed), scripts)
        for script, talks in zip(scripts, day.talks[-4:], strict=True):
            count = sum(1 for _ in talks)
            assert count >= {"ssh_guessing": 60, "dga": 200, "smb_sweep": 120}.get(script.name, 20)
