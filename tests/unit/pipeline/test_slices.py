"""Order of happening, and cuts at the minute."""

from appliance.model.flow import EndReason, FlowBatch
from appliance.pipeline.slices import slice_both, slice_minutes
from tests.support.flowbatches import T0_S, batch, flow

MINUTE = T0_S // 60 * 60


def flows(*ends_s: float, **fields: object) -> FlowBatch:
    return batch(
        flow(start_s=end - 1, duration_s=1.0, sport=number, **fields)
        for number, end in enumerate(ends_s)
    )


def cut(made: FlowBatch, now_s: float, *, by_start: bool = False) -> list[tuple[list[int], float]]:
    return [
        (part.flows["orig"]["port"].tolist(), at_s)
        for part, at_s in slice_minutes(made, now_s, by_start=by_start)
    ]


def test_nothing_gives_nothing() -> None:
    assert cut(flows(), MINUTE) == []


def test_a_batch_of_one_minute_stays_whole() -> None:
    made = flows(MINUTE + 1, MINUTE + 59)
    ((part, at_s),) = slice_minutes(made, MINUTE + 59.5)
    assert part is made
    assert at_s == MINUTE + 59.5


def test_parts_end_at_the_last_flow_of_a_minute_and_the_last_at_now() -> None:
    made = flows(MINUTE + 1, MINUTE + 50, MINUTE + 61, MINUTE + 200)
    assert cut(made, MINUTE + 230) == [
        ([0, 1], MINUTE + 50), ([2], MINUTE + 61), ([3], MINUTE + 230),
    ]  # fmt: skip


def test_stragglers_belong_to_the_time_that_was_reached() -> None:
    made = flows(MINUTE + 61, MINUTE + 1, MINUTE + 62)
    assert cut(made, MINUTE + 65) == [([0, 1, 2], MINUTE + 65)]


def test_a_flow_from_the_future_moves_no_clock() -> None:
    made = flows(MINUTE + 1, MINUTE + 9_000, MINUTE + 2)
    assert cut(made, MINUTE + 3) == [([0, 1, 2], MINUTE + 3)]


def test_logs_are_cut_by_start() -> None:
    made = batch(
        flow(start_s=MINUTE + start, duration_s=600.0, sport=number)
        for number, start in enumerate((1, 2, 61))
    )
    assert cut(made, MINUTE + 61, by_start=True) == [([0, 1], MINUTE + 2), ([2], MINUTE + 61)]


def test_attempts_come_in_the_minute_they_were_told_before_its_flows() -> None:
    """An attempt is told a second after its first packet."""
    ended = flows(MINUTE + 1, MINUTE + 61, MINUTE + 121)
    tried = batch(
        flow(start_s=MINUTE + at, duration_s=0.0, sport=number, reason=EndReason.ATTEMPT)
        for number, at in ((8, 59.5), (9, 119.5))
    )
    parts = [
        part.flows["orig"]["port"].tolist() for part, _ in slice_both(ended, tried, MINUTE + 122)
    ]
    assert parts == [[0], [8], [1], [9], [2]]


def test_without_attempts_the_batch_itself_comes_back() -> None:
    made = flows(MINUTE)
    assert [part for part, _ in slice_both(made, None, MINUTE)] == [made]
