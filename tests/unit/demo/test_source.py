"""The source: order, pace, repeatability."""

import itertools

import numpy as np
import pytest

from appliance.demo.conversation import ACK, UDP, Conversation, Endpoint, Step
from appliance.demo.source import INTERFACE, DemoSource, Timeline
from appliance.model.frame import FRAME_DTYPE, FrameBlock

START = 1_700_000_000_000_000_000
END = Endpoint(b"\2" * 6, bytes(4), 1)


class SteppingClock:
    """A clock that shows the next of the given times at each look, then stands still."""

    def __init__(self, *times_ns: int) -> None:
        self._times = list(times_ns)

    def __call__(self) -> int:
        return self._times.pop(0) if len(self._times) > 1 else self._times[0]


class ImpatientSource(DemoSource):
    """Does not wait between blocks."""

    wait_s = 0.0


def talk(start_ns: int, *pauses_ns: int) -> Conversation:
    return Conversation(start_ns, END, END, UDP, [Step(dt, True, ACK, b"", 0) for dt in pauses_ns])


def drain(seed: int = 1, length_s: float = 6.0) -> list[FrameBlock]:
    source = DemoSource(lambda: START, seed=seed, paced=False, length_s=length_s)
    return [FrameBlock(block.buffer.copy(), block.frames.copy()) for block in source.blocks()]


def digest(blocks: list[FrameBlock]) -> tuple[bytes, bytes]:
    frames = np.concatenate([block.frames for block in blocks])
    return b"".join(b.buffer.tobytes() for b in blocks), frames["ts_ns"].tobytes()


def test_timeline_interleaves_in_order_of_time() -> None:
    habits = [iter([talk(0, 0, 50, 50), talk(60, 0)]), iter([talk(20, 5, 60)])]
    timeline = Timeline(habits)
    assert [at for at, _ in timeline.play(60)] == [0, 25, 50]
    assert [at for at, _ in timeline.play(1_000)] == [60, 85, 100]
    assert list(timeline.play(2_000)) == []


def test_blocks_hold_ordered_frames_within_their_buffer() -> None:
    last = 0
    for block in drain():
        assert block.frames.dtype == FRAME_DTYPE
        ends = block.frames["offset"] + block.frames["caplen"]
        assert ends.max(initial=0) == len(block.buffer)
        assert (block.frames["offset"][1:] == ends[:-1]).all()
        assert (block.frames["caplen"] <= block.frames["wirelen"]).all()
        times = block.frames["ts_ns"].tolist()
        assert times == sorted(times)
        assert not times or times[0] >= last
        last = times[-1] if times else last
    assert START < last < START + 6_000_000_000


def test_same_seed_same_bytes_other_seed_other_bytes() -> None:
    assert digest(drain()) == digest(drain())
    assert digest(drain()) != digest(drain(seed=2))


def test_pace_does_not_change_the_frames() -> None:
    clock = SteppingClock(START, *(START + n * 700_000_000 for n in range(1, 12)))
    source = ImpatientSource(clock, length_s=6.0)
    paced = [FrameBlock(b.buffer.copy(), b.frames.copy()) for b in source.blocks()]
    assert len(paced) == 9
    assert digest(paced) == digest(drain())


@pytest.mark.parametrize("jump_ns", [3_600_000_000_000, -3_600_000_000_000])
def test_a_jump_of_the_clock_is_followed_not_made_up_for(jump_ns: int) -> None:
    second = 1_000_000_000
    times = [START + n * second for n in range(5)]
    times += [times[-1] + jump_ns + n * second for n in range(1, 4)]
    blocks = ImpatientSource(SteppingClock(*times)).blocks()
    stamps = [
        (b.frames["ts_ns"].min(), b.frames["ts_ns"].max()) for b in itertools.islice(blocks, 7)
    ]
    for (low, high), now in zip(stamps, times[1:], strict=True):
        assert now - second <= low <= high <= now


def test_a_clock_that_stands_still_gives_empty_blocks() -> None:
    blocks = ImpatientSource(lambda: START).blocks()
    assert [len(block.frames) for block in itertools.islice(blocks, 3)] == [0, 0, 0]


def test_close_ends_it_and_statistics_add_up() -> None:
    source = DemoSource(lambda: START, paced=False)
    frames = wire_bytes = 0
    for block in source.blocks():
        frames += len(block.frames)
        wire_bytes += int(block.frames["wirelen"].sum())
        if frames > 500:
            source.close()
            source.close()
    assert (source.statistics().frames, source.statistics().bytes) == (frames, wire_bytes)
    assert source.interfaces == (INTERFACE,)
    assert source.statistics().up
