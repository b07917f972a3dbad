"""The cast: every device does something, each with dice of its own."""

from appliance.demo.devices import DEVICES
from appliance.demo.routine import start_habits


def test_everyone_takes_part() -> None:
    labels = {next(habit).label for habit in start_habits(1)}
    assert labels >= {device.hostname for device in DEVICES}


def test_seeds_differ() -> None:
    def starts(seed: int) -> list[int]:
        return [next(habit).start_ns for habit in start_habits(seed)]

    assert starts(1) == starts(1)
    assert starts(1) != starts(2)
