import pytest

from appliance.runtime.clock import Clock, ManualClock, SystemClock


def test_manual_clock_moves_only_when_told() -> None:
    clock: Clock = ManualClock(wall_ns=100, monotonic_ns=7)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (100, 7)
    assert isinstance(clock, ManualClock)
    clock.advance(5)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (105, 12)


def test_setting_the_calendar_leaves_durations_alone() -> None:
    clock = ManualClock(wall_ns=100)
    clock.set_wall(50)
    assert (clock.wall_ns(), clock.monotonic_ns()) == (50, 0)


def test_time_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="-1 ns"):
        ManualClock().advance(-1)


def test_system_clock_goes_on() -> None:
    clock = SystemClock()
    first = clock.monotonic_ns()
    assert clock.monotonic_ns() >= first
    assert clock.wall_ns() > 1_700_000_000 * 10**9
