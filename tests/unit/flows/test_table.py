"""The table as the rest of the program sees it: outputs that belong to the receiver."""

import numpy as np
import pytest

from appliance.config.schema import Flows
from appliance.flows.table import FlowTable, TableStatistics
from appliance.model.flow import FLOW_ATTEMPTED, EndReason
from appliance.model.health import TRAFFIC_DTYPE
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import HOME, feed_table, home_rows, make_table, run_table, sum_traffic

A, B = "10.0.0.1", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND


def udp(port: int, body: bytes = b"query") -> bytes:
    return f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((port, 53), body)))


def spread(count: int, step_ns: int) -> list[Arrival]:
    return [Arrival(START_NS + n * step_ns, udp(40_000 + n)) for n in range(count)]


def test_a_new_table_has_nothing_to_say() -> None:
    table = make_table(Limits())
    assert all(len(output.flows) == len(output.traffic) == 0 for output in table.flush())
    assert table.statistics() == TableStatistics(
        packets=0, bytes=0, flow_packets=0, active=0, capacity=4_096, ended=0, evicted=0,
        evicted_answered=0, samples_dropped=0, fragments_held=0, clock_steps=0, now_ns=0,
        rejected={},
    )  # fmt: skip


def test_empty_blocks_change_nothing() -> None:
    table = make_table(Limits())
    assert feed_table(table, []) == []
    assert run_table(table, []).ended == []


def test_outputs_belong_to_the_receiver() -> None:
    table = make_table(Limits(udp=SECOND), samples_per_s=10)
    feed_table(table, [Arrival(START_NS, udp(40_000)), Arrival(START_NS + 3 * SECOND, udp(40_001))])
    first = table.drain()
    copies = first.flows.copy(), first.samples.headers.copy(), first.samples.data.copy()
    feed_table(table, [Arrival(START_NS + 9 * SECOND, udp(40_002, b"other"))])
    table.drain()
    for kept, copy in zip((first.flows, *first.samples), copies, strict=True):
        assert kept.tobytes() == copy.tobytes()
    assert (len(first.flows), len(first.samples.headers)) == (1, 2)


def test_a_second_is_told_when_it_is_over() -> None:
    table = make_table(Limits())
    feed_table(table, spread(3, SECOND))
    assert table.drain().traffic["second"].tolist() == [1_700_000_000, 1_700_000_001]
    assert table.drain().traffic["second"].tolist() == []
    feed_table(table, [Arrival(START_NS + 2 * SECOND + 5, udp(1))])
    (output,) = table.flush()
    assert output.traffic["second"].tolist() == [1_700_000_002]
    assert output.traffic["new_flows"].tolist() == [2]


def test_more_seconds_than_an_output_holds() -> None:
    said = run_table(make_table(Limits()), spread(1_000, SECOND), 1_000)
    assert len(said.traffic) == 1_000
    assert sum(second["packets1"] for second in said.traffic.values()) == 1_000


def test_totals_hold_what_is_open_too() -> None:
    table = make_table(Limits())
    for part in range(3):
        feed_table(table, [Arrival(START_NS + (2 * part + n) * SECOND, udp(n)) for n in range(2)])
        totals = table.totals()
        assert (totals["packets"].sum(), totals["second"]) == (2 * (part + 1), 0)
        if part == 1:
            table.drain()
    assert totals["udp_bytes"] == table.statistics().bytes


def test_totals_are_a_copy() -> None:
    table = make_table(Limits())
    feed_table(table, spread(1, 0))
    before = table.totals()
    feed_table(table, [Arrival(START_NS, udp(1))])
    assert before["packets"].sum() == 1
    assert before.dtype == TRAFFIC_DTYPE


def test_waiting_fragments_are_orphans_at_the_end() -> None:
    table = make_table(Limits())
    piece = f.ethernet(0x0800, f.ipv4((A, B), 17, bytes(8), ident=1, offset=8))
    feed_table(table, [Arrival(START_NS, piece)])
    assert table.statistics().fragments_held == 1
    list(table.flush())
    counters = table.statistics()
    assert (counters.fragments_held, counters.rejected) == (0, {"fragment_orphan": 1})
    first = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((9, 9)), ident=1, more=True))
    feed_table(table, [Arrival(START_NS, first)])
    (output,) = table.flush()  # the fragment is told as an orphan, not as part of this flow
    assert output.flows["orig"]["packets"].tolist() == [1]


def test_capacity_is_what_was_configured() -> None:
    table = FlowTable(Flows(max_flows=1_024), home_rows(HOME))
    assert table.statistics().capacity == 1_024


@pytest.mark.parametrize("home", [np.zeros((0, 4), np.uint64), home_rows(HOME)])
def test_home_networks_may_be_missing(home: np.ndarray) -> None:  # type: ignore[type-arg]
    table = FlowTable(Flows(max_flows=1_024), home)
    feed_table(table, spread(1, 0))
    (output,) = table.flush()
    assert output.flows["direction"].tolist() == [1 if len(home) else 0]


def test_two_tables_share_nothing() -> None:
    one, other = make_table(Limits()), make_table(Limits())
    feed_table(one, spread(5, 1))
    assert other.statistics().packets == 0
    assert sum_traffic(output.traffic for output in other.flush()) == {}


def test_an_attempt_is_told_after_a_second_and_once() -> None:
    table = make_table(Limits(udp=5 * SECOND))
    feed_table(table, [Arrival(START_NS, udp(1)), Arrival(START_NS + SECOND // 2, udp(2))])
    list(table.advance(START_NS + SECOND + SECOND // 4))
    output = table.drain()
    assert output.attempts["orig"]["port"].tolist() == [1]
    assert output.attempts["reason"].tolist() == [EndReason.ATTEMPT]
    assert len(output.flows) == 0
    list(table.advance(START_NS + 20 * SECOND))
    output = table.drain()
    assert output.attempts["orig"]["port"].tolist() == [2]
    assert output.flows["reason"].tolist() == [EndReason.IDLE, EndReason.IDLE]
    assert (output.flows["bits"] & FLOW_ATTEMPTED != 0).all()


def test_an_answered_flow_is_no_attempt() -> None:
    table = make_table(Limits())
    answer = f.ethernet(0x0800, f.ipv4((B, A), 17, f.udp((53, 7), b"yes")))
    question = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((7, 53), b"no")))
    feed_table(table, [Arrival(START_NS, question), Arrival(START_NS + 9, answer)])
    list(table.advance(START_NS + 3 * SECOND))
    assert len(table.drain().attempts) == 0


def test_attempts_without_room_are_told_at_their_end() -> None:
    table = make_table(Limits(flows=8_192))
    feed_table(table, [Arrival(START_NS + n, udp(1 + n)) for n in range(5_000)])
    list(table.advance(START_NS + 3 * SECOND))
    assert len(table.drain().attempts) == 4_096
    list(table.advance(START_NS + 4 * SECOND))
    assert len(table.drain().attempts) == 5_000 - 4_096
