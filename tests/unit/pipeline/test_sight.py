"""What alerts say about what the sensor missed."""

from appliance.model.flow import FlowBatch
from appliance.pipeline.sight import SPAN_S, Losses, Sight
from tests.support.flowbatches import batch, flow

T0 = 1_760_000_400.0


class Counters:
    """Losses that a test sets."""

    def __init__(self) -> None:
        self.now = Losses()

    def __call__(self) -> Losses:
        return self.now


def talks(count: int, back: int) -> FlowBatch:
    return batch(
        flow(
            f"10.0.{n // 250}.{n % 250 + 1}", orig_payload=10, orig_packets=3, orig_flags=0x18,
            resp_packets=back,
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
    sight.look(talks(1, 0).flows, T0 + 1)
    assert sight.visibility().one_sided_share == 1.0
    sight.look(talks(20, 4).flows, T0 + 2)
    seen = sight.visibility()
    assert seen.one_sided_share == 0.5
    assert "one side" not in seen.note  # half and less happens


def test_one_machine_that_floods_makes_no_one_sided_capture() -> None:
    sight = Sight()
    sight.look(talks(40, 4).flows, T0)
    flood = batch(flow(sport=n, orig_payload=10, resp_packets=0) for n in range(500))
    sight.look(flood.flows, T0 + 1)
    assert sight.visibility().one_sided_share == 0.0


def test_a_step_of_the_clock_is_told() -> None:
    counters = Counters()
    sight = Sight(counters)
    counters.now = Losses(clock_steps=1)
    assert sight.visibility().note == "In the last minutes the clock was set."
