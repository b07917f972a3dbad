import threading
from itertools import pairwise

import pytest

from appliance.capture.pace import PacedSource, paced, parse_speed
from appliance.runtime.clock import ManualClock, SystemClock

SECOND_NS = 1_000_000_000


def play(source, speed):
    """Return (seconds since the start, data or None for an empty block) of all that comes."""
    clock = ManualClock()
    waits = []

    def wait(seconds):
        waits.append(seconds)
        clock.advance(round(seconds * SECOND_NS))

    pacer = PacedSource(source, speed, clock, wait)
    events = []
    for block in pacer.blocks():
        now_s = clock.monotonic_ns() / SECOND_NS
        events += [
            (now_s, block.buffer[int(frame["offset"])].item()) for frame in block.frames
        ] or [(now_s, None)]
    assert all(0 < seconds <= 0.25 for seconds in waits)
    return events, pacer


@pytest.mark.parametrize("speed", [0.5, 1.0, 10.0])
def test_frames_come_at_their_time_divided_by_the_speed(list_source, speed) -> None:
    offsets_s = [0, 0.1, 0.1, 0.35, 2, 2.001, 7]
    base_ns = 1_700_000_000 * SECOND_NS
    packets = [(base_ns + round(s * SECOND_NS), bytes([n])) for n, s in enumerate(offsets_s)]
    events, _ = play(list_source([packets[:3], packets[3:]]), speed)
    came = [(now_s, data) for now_s, data in events if data is not None]
    assert [data for _, data in came] == list(range(len(packets)))
    for (now_s, _), offset_s in zip(came, offsets_s, strict=True):
        assert 0 <= now_s - offset_s / speed <= 0.0101


def test_silence_is_filled_with_empty_blocks(list_source) -> None:
    events, _ = play(list_source([[(0, b"a"), (2 * SECOND_NS, b"b")]]), 1.0)
    moments = [now_s for now_s, _ in events]
    assert max(later - one for one, later in pairwise(moments)) <= 0.2601


def test_older_frame_comes_with_the_one_before_it(list_source) -> None:
    events, _ = play(list_source([[(5 * SECOND_NS, b"a"), (1 * SECOND_NS, b"b")]]), 1.0)
    assert events == [(0, 97), (0, 98)]


def test_counters_leave_out_what_still_waits(list_source) -> None:
    source = list_source([[(0, b"a"), (SECOND_NS, b"bc")]])
    clock = ManualClock()
    pacer = PacedSource(source, 1.0, clock, lambda seconds: clock.advance(int(seconds * SECOND_NS)))
    blocks = pacer.blocks()
    next(blocks)
    assert (pacer.statistics().frames, pacer.statistics().bytes) == (1, 1)
    assert source.statistics().frames == 2
    for _ in blocks:
        pass
    assert (pacer.statistics().frames, pacer.statistics().bytes) == (2, 3)
    assert pacer.interfaces == source.interfaces


def test_closing_ends_a_wait(list_source) -> None:
    source = list_source([[(0, b"a"), (3_600 * SECOND_NS, b"b")]])
    pacer = paced(source, 1.0, SystemClock())
    blocks = pacer.blocks()
    next(blocks)
    closer = threading.Timer(0.02, pacer.close)
    closer.start()
    assert [len(block.frames) for block in blocks] in ([], [0])
    closer.join()
    assert source.closed


def test_full_speed_is_the_source_itself(list_source) -> None:
    source = list_source([])
    assert paced(source, None, ManualClock()) is source


@pytest.mark.parametrize(
    ("text", "factor"), [("max", None), ("1x", 1.0), ("10x", 10.0), ("0.5x", 0.5), (".5x", 0.5)]
)
def test_speeds(text, factor) -> None:
    assert parse_speed(text) == factor


@pytest.mark.parametrize("text", ["", "x", "10", "0x", "-1x", "1e3x", "fast", "nanx", "99999999x"])
def test_other_speeds_are_refused_by_name(text) -> None:
    with pytest.raises(ValueError, match="speed must be"):
        parse_speed(text)
