"""Habits: endless, in order, by the device they belong to."""

import itertools
import random

import pytest

from appliance.demo import habits
from appliance.demo.conversation import RST
from appliance.demo.devices import LAPTOP, WORKSTATION

ALL = (
    habits.browse, habits.watch, habits.call, habits.develop, habits.save, habits.print_page,
)  # fmt: skip


@pytest.mark.parametrize("habit", ALL)
def test_starts_never_go_back(habit) -> None:
    talks = list(itertools.islice(habit(LAPTOP, random.Random(2)), 40))
    starts = [talk.start_ns for talk in talks]
    assert starts == sorted(starts)
    assert len(set(starts)) > 10
    assert all(talk.orig.mac == LAPTOP.mac for talk in talks)
    assert all(talk.steps for talk in talks)


def test_same_dice_same_talks() -> None:
    one, two = (habits.browse(LAPTOP, random.Random(9)) for _ in range(2))
    assert list(itertools.islice(one, 30)) == list(itertools.islice(two, 30))


def test_printing_meets_a_closed_port() -> None:
    talks = itertools.islice(habits.print_page(WORKSTATION, random.Random(2)), 3)
    assert any(len(t.steps) == 2 and t.steps[1].flags & RST for t in talks)


def test_developers_say_ssh() -> None:
    talk = next(habits.develop(LAPTOP, random.Random(2)))
    assert talk.steps[3].payload.startswith(b"SSH-2.0-")
