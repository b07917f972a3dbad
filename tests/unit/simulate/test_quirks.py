"""Habits that look bad: what makes them look so, and that they are readable."""

import itertools

import pytest

from appliance.demo.conversation import TCP, UDP
from appliance.simulate import quirks
from appliance.simulate.benign import Habit
from tests.support.simulation import is_ordered, play, ports, read

HABITS = (
    quirks.keep_vpn, quirks.share_files, quirks.find_printers, quirks.ask_over_https,
    quirks.ask_over_tls, quirks.look_up_hashes, quirks.report_viewing, quirks.upload_clips,
    quirks.ask_in_vain, quirks.try_old_server,
)  # fmt: skip


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
def test_habits_are_ordered_repeatable_and_readable(habit: Habit) -> None:
    talks = play(habit, 5)
    assert is_ordered(talks)
    assert play(habit, 5) == talks
    said = read(talk._replace(steps=talk.steps[:20]) for talk in talks)
    assert said.rejected == {}
    assert len(said.flows) >= 1


def test_a_tunnel_is_never_silent_for_half_a_minute() -> None:
    talk = play(quirks.keep_vpn, 4)[-1]
    assert (talk.proto, talk.orig.port, talk.resp.port) == (UDP, 51_820, 51_820)
    assert max(step.dt_ns for step in talk.steps) <= 25e9


def test_most_peers_of_a_torrent_are_gone() -> None:
    talks = play(quirks.share_files, 80)[1:]
    unanswered = [talk for talk in talks if all(step.forward for step in talk.steps)]
    assert len({talk.resp.ip for talk in talks}) == 79
    assert 0.4 < len(unanswered) / len(talks) < 0.8


def test_printers_are_looked_for_everywhere_and_found() -> None:
    talks = play(quirks.find_printers, 121)
    assert len({talk.resp.ip for talk in talks if talk.resp.port == 161}) == 118
    assert [talk.resp.port for talk in talks if talk.proto == TCP] == [9_100, 631, 80]


def test_names_of_hashes_are_long_and_all_different() -> None:
    questions = [talk.steps[0].payload for talk in play(quirks.look_up_hashes, 20)]
    assert len(set(questions)) == 20
    assert min(map(len, questions)) > 60


def test_private_dns_has_its_own_port() -> None:
    assert ports(play(quirks.ask_over_tls, 9)) == {(TCP, 853): 9}


def test_a_switched_off_server_is_tried_less_and_less() -> None:
    starts = [talk.start_ns for talk in play(quirks.try_old_server, 8)]
    waits = [later - before for before, later in itertools.pairwise(starts)]
    assert waits == sorted(waits)
