import io

import pytest

from appliance.runtime.clock import ManualClock
from appliance.runtime.progress import Progress

SECOND_NS = 1_000_000_000


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def test_bar_shows_share_rate_drops_and_time_left() -> None:
    clock, stream = ManualClock(), Terminal()
    progress = Progress(1_000, stream, clock)
    clock.advance(2 * SECOND_NS)
    progress.update(250, 5_000, 3)
    assert stream.getvalue().strip() == (
        "[######..................]  25%  5,000 packets  2,500/s  3 dropped  0:06 left"
    )


def test_end_replaces_the_bar_and_ends_the_line() -> None:
    clock, stream = ManualClock(), Terminal()
    progress = Progress(1_000, stream, clock)
    clock.advance(2 * SECOND_NS)
    progress.update(500, 10, 0)
    progress.update(1_000, 20, 0)
    progress.close()
    progress.close()
    assert stream.getvalue().count("\n") == 1
    last = stream.getvalue().rsplit("\r", 1)[1]
    assert last.startswith("[########################] 100%  20 packets")
    assert last.rstrip().endswith("0:02")


def test_short_replays_draw_nothing() -> None:
    clock, stream = ManualClock(), Terminal()
    progress = Progress(1_000, stream, clock)
    clock.advance(SECOND_NS // 2)
    progress.update(1_000, 20, 0)
    progress.close()
    assert stream.getvalue() == ""


def test_drawing_is_rare() -> None:
    clock, terminal, file = ManualClock(), Terminal(), io.StringIO()
    bar, lines = Progress(1_000, terminal, clock), Progress(1_000, file, clock)
    for done in range(1_000):
        clock.advance(SECOND_NS // 100)
        bar.update(done, done, 0)
        lines.update(done, done, 0)
    assert 80 <= terminal.getvalue().count("\r") <= 100
    assert file.getvalue().count("\n") == 1
    assert "\r" not in file.getvalue()


def test_unknown_size_shows_the_time_gone_by() -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = Progress(0, stream, clock)
    clock.advance(3_725 * SECOND_NS)
    progress.update(10, 7_450, 0)
    assert stream.getvalue() == "7,450 packets  2/s  0 dropped  1:02:05\n"


def test_bar_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    clock, stream = ManualClock(), Terminal()
    progress = Progress(1_000, stream, clock)
    clock.advance(2 * SECOND_NS)
    progress.update(250, 5_000, 3)
    assert len(stream.getvalue()) == 30
