"""What alerts say about what the sensor missed."""

from appliance.model.flow import FlowBatch
from appliance.pipeline.sight import SPAN_S, Losses, Sight
from tests.support.flowbatches import batch, flow

T0 = 1_760_000_400.0
SYN, ACK = 0x02, 0x10


class Counters:
    """Losses that a test sets."""

    def __init__(self) -> None:
        self.now = Losses()

    def __call__(self) -> Losses:
        return self.now


def talks(count: int, back: int, first: int = 0, flags: int = ACK) -> FlowBatch:
    return batch(
        flow(
            "192.168.1.20", f"203.0.113.{first + n}",
            orig_payload=10, orig_packets=3, resp_packets=back, orig_flags=flags,
        )
        for n in range(count)
    )  # fmt: skip


def test_a_sensor_that_sees_all_says_nothing() -> None:
    sight = Sight()
    sight.look(talks(100, 3).flows, T0)
    assert sight.visibility().note == ""
    assert sight.visibility().lost_share == 0.0


def test_losses_are_a_share_of_all_and_forgotten_after_two_spans() -> None:
    counters = Counters()
    sight = Sight(counters)
    sight.look(talks(0, 0).flows, T0)
    counters.now = Losses(seen=900, lost=100)
    seen = sight.visibility()
    assert (seen.dropped, seen.lost_share) == (100, 0.1)
    assert "100 frames were lost (10.0%)" in seen.note
    sight.look(talks(0, 0).flows, T0 + SPAN_S)
    assert sight.visibility().dropped == 100  # the span before
    sight.look(talks(0, 0).flows, T0 + 2 * SPAN_S)
    assert sight.visibility().dropped == 0


def test_counters_that_start_anew_are_no_losses() -> None:
    counters = Counters()
    counters.now = Losses(seen=900, lost=100)
    sight = Sight(counters)
    sight.look(talks(0, 0).flows, T0)
    sight.look(talks(0, 0).flows, T0 + SPAN_S)
    counters.now = Losses(seen=5)
    assert sight.visibility().dropped == 0


def test_one_sided_conversations_are_told_from_twenty_pairs_on() -> None:
    sight = Sight()
    sight.look(talks(19, 0).flows, T0)
    assert sight.visibility().one_sided_share == 0.0
    sight.look(talks(1, 0, first=19).flows, T0 + 1)
    seen = sight.visibility()
    assert seen.one_sided_share == 1.0
    assert "100% of the conversations were seen from one side only" in seen.note
    sight.look(talks(20, 4, first=20).flows, T0 + 2)
    seen = sight.visibility()
    assert seen.one_sided_share == 0.5
    assert "one side" not in seen.note  # half and less happens


def test_one_odd_pair_proves_nothing_however_often_it_talks() -> None:
    sight = Sight()
    half = flow(orig_payload=10, orig_flags=ACK, resp_packets=0)
    sight.look(batch([half] * 500).flows, T0)
    assert sight.visibility().one_sided_share == 0.0


def test_payload_in_a_first_segment_is_no_conversation_without_an_answer() -> None:
    sight = Sight()
    sight.look(talks(100, 0, flags=SYN).flows, T0)
    assert sight.visibility().one_sided_share == 0.0


def test_a_step_of_the_clock_is_told() -> None:
    counters = Counters()
    sight = Sight(counters)
    counters.now = Losses(clock_steps=1)
    assert sight.visibility().note == "In the last minutes the clock was set."
