"""Habits of hosts outlive the process."""

from appliance.model.memory import Habit
from appliance.store.habits import PeerHabits

ROWS = [
    (b"\x0a\x00\x00\x01", b"n\xc0\x00\x02", 1, 20_000, 20_000),
    (b"\x0a\x00\x00\x01", b"\xff" * 200, 9, 0, 20_300),
    (bytes(range(16)), b"", 70_000, 20_001, 4_000_000_000),
]


def test_habits_come_back_and_the_newer_row_stands(bench):
    writer = bench.writer()
    habits = PeerHabits(writer)
    assert list(habits.load_habits()) == []
    habits.save_habits(ROWS)
    writer.write_habits([Habit("other", b"\xff", b"", 0.0)])
    writer.flush()
    newer = (*ROWS[0][:2], 2, 20_000, 20_001)
    habits.save_habits([newer])
    bench.close(writer)
    found = list(PeerHabits(bench.writer()).load_habits())
    assert sorted(found) == sorted([newer, *ROWS[1:]])


def test_old_habits_are_the_first_to_be_forgotten(bench):
    writer = bench.writer()
    PeerHabits(writer).save_habits(ROWS)
    writer.flush()
    assert {habit.last_s for habit in writer.load_habits()} == {row[4] * 86_400.0 for row in ROWS}
