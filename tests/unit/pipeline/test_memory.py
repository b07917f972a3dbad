"""Habits as rows of a store."""

import pytest

from appliance.model.memory import Habit
from appliance.pipeline.memory import Row, StoredHabits

ROWS: list[Row] = [
    (b"\xc0\xa8\x01\x05", b"n:example.org", 3, 20_000, 20_005),
    (bytes(16), b"\x09\x08\x07\x06", 1, 20_005, 20_005),
]


class Kept:
    """Keeps what is written."""

    def __init__(self, *habits: Habit) -> None:
        self.habits = list(habits)

    def write_habits(self, habits: list[Habit]) -> None:
        self.habits += habits

    def load_habits(self) -> list[Habit]:
        return self.habits

    def write_state(self, name: str, value: bytes) -> None:
        raise AssertionError((name, value))

    def load_state(self, name: str) -> bytes | None:
        raise AssertionError(name)

    def load_open(self) -> None:
        raise AssertionError


def test_rows_come_back_as_they_were() -> None:
    kept = Kept()
    StoredHabits(kept).save_habits(ROWS)
    assert StoredHabits(kept).load_habits() == ROWS


def test_the_day_last_seen_decides_what_is_forgotten_first() -> None:
    kept = Kept()
    StoredHabits(kept).save_habits(ROWS[:1])
    assert kept.habits[0].last_s == 20_006 * 86_400.0


@pytest.mark.parametrize(
    "strange", [Habit("device", b"key", bytes(13), 0.0), Habit("contact", b"key", b"short", 0.0)]
)
def test_what_others_wrote_is_left_out(strange: Habit) -> None:
    kept = Kept(strange)
    StoredHabits(kept).save_habits(ROWS)
    assert StoredHabits(kept).load_habits() == ROWS
