"""Everyday habits: ordered, repeatable, readable, at their periods."""

import itertools

import pytest

from appliance.simulate import benign, servers
from appliance.simulate.benign import Habit, poll
from tests.support.simulation import is_ordered, office, play, read, starts_s, until, worker

HABITS = (
    benign.browse, benign.read_mail, benign.hold_push, benign.keep_time, benign.talk_mqtt,
    benign.record, benign.meet, benign.back_up, benign.watch_over, benign.print_pages,
    poll(servers.FEEDS, 600, 380, 5_000, 0.005),
)  # fmt: skip


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
def test_habits_are_ordered_repeatable_and_readable(habit: Habit) -> None:
    talks = play(habit, 5)
    assert is_ordered(talks)
    assert play(habit, 5) == talks
    said = read(talk._replace(steps=talk.steps[:20]) for talk in talks)
    assert said.rejected == {}
    assert len(said.flows) >= 1


def test_polls_keep_their_period() -> None:
    talks = [talk for talk in play(HABITS[-1], 60) if talk.resp.port == 443]
    times = starts_s(talks)
    waits = [later - before for before, later in itertools.pairwise(times)]
    assert 590 < min(waits) <= max(waits) < 615


def test_backups_come_at_night_and_once() -> None:
    talks = until(benign.back_up(worker(where=office(20, 0.0))), 2 * 86_400.0)
    hours = [at_s % 86_400 / 3_600 for at_s in starts_s(talks)]
    assert 2 <= min(hours) < max(hours) < 2.5
    assert len({int(at_s // 86_400) for at_s in starts_s(talks)}) == 2


def test_people_browse_by_day() -> None:
    def count(dawn_s: float) -> int:
        return len(until(benign.browse(worker(where=office(4, dawn_s))), 3_600.0))

    assert count(10.5 * 3_600) > 4 * count(2 * 3_600.0)
