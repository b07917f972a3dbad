"""Every field of every flow, against a dict: whatever arrives, in whatever order."""

import math
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import frames as f
from tests.oracles.arrivals import MS, START_NS, captures, limits
from tests.oracles.flowtable import SECOND, Arrival, FlowTableOracle, Limits
from tests.support.tables import HOME, SERVICES, Said, feed_table, make_table, run_table

A, B = "10.0.0.1", "192.0.2.7"


def run_oracle(arrivals: list[Arrival], given: Limits) -> FlowTableOracle:
    oracle = FlowTableOracle(given, HOME, SERVICES)
    for arrival in arrivals:
        oracle.take(arrival)
    oracle.finish()
    return oracle


def by_id(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(records, key=lambda record: (record["id"], record["updates"]))


def assert_same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    assert len(ours) == len(theirs)
    for one, other in zip(by_id(ours), by_id(theirs), strict=True):
        for name in ("iat_sumsq", "size_sumsq"):
            assert math.isclose(one[name], other[name], rel_tol=1e-9, abs_tol=1e-12), name
            one[name] = other[name]
        assert one == other


def balance(said: Said) -> None:
    counters = said.statistics
    rejected = sum(counters.rejected.values())
    assert counters.packets == counters.flow_packets + rejected + counters.fragments_held


@given(captures(), limits)
@settings(max_examples=max(settings().max_examples, 60))
def test_flows_are_what_the_oracle_says(arrivals: list[Arrival], given: Limits) -> None:
    oracle = run_oracle(arrivals, given)
    said = run_table(make_table(given), arrivals)
    counters = said.statistics
    assert (counters.packets, counters.bytes) == (oracle.packets, oracle.bytes)
    assert counters.rejected == {name: n for name, n in oracle.rejected.items() if n}
    assert counters.flow_packets == oracle.flow_packets
    assert counters.ended == len(oracle.ended)
    assert (counters.fragments_held, counters.active, counters.clock_steps) == (0, 0, 0)
    assert_same(said.ended, oracle.ended)
    assert_same(said.updates, oracle.updates)
    wanted = {second: sums for second, sums in oracle.traffic.items() if +sums}
    assert {second: sums for second, sums in said.traffic.items() if +sums} == wanted


@given(captures(back=False), limits, st.sampled_from([2, 7, 64, 10_000]))
def test_block_sizes_do_not_change_flows(
    arrivals: list[Arrival], given: Limits, per_block: int
) -> None:
    """Updates may be told at another packet of the same wheel tick, flows may not change."""
    single = run_table(make_table(given), arrivals)
    blocks = run_table(make_table(given), arrivals, per_block)
    assert_same(blocks.ended, single.ended)
    assert blocks.traffic == single.traffic
    counters = [msgspec.structs.replace(said.statistics, now_ns=0) for said in (blocks, single)]
    assert counters[0] == counters[1]
    assert [r["id"] for r in by_id(blocks.updates)] == [r["id"] for r in by_id(single.updates)]


@given(captures(), st.integers(0, 2**64 - 1))
def test_the_seed_of_the_hash_changes_nothing(arrivals: list[Arrival], seed: int) -> None:
    fixed = run_table(make_table(Limits(), samples_per_s=5), arrivals, 64)
    seeded = run_table(make_table(Limits(), samples_per_s=5, seed=seed), arrivals, 64)
    assert fixed.ended == seeded.ended
    assert fixed.updates == seeded.updates
    assert fixed.statistics == seeded.statistics


@given(captures(most=60))
def test_the_same_input_gives_the_same_output(arrivals: list[Arrival]) -> None:
    once = run_table(make_table(Limits(), samples_per_s=3), arrivals, 7)
    again = run_table(make_table(Limits(), samples_per_s=3), arrivals, 7)
    assert repr(once) == repr(again)


@given(captures(back=False), st.integers(0, 20))
def test_updates_tell_what_has_been_so_far(arrivals: list[Arrival], stop: int) -> None:
    """The n-th update of a flow is numbered n, and nothing in it ever shrinks."""
    said = run_table(make_table(Limits(active=2 * SECOND)), arrivals)
    last: dict[int, dict[str, Any]] = {}
    for record in said.updates + said.ended:
        before = last.get(record["id"])
        assert record["updates"] == (before["updates"] + 1 if before else 0)
        if before:
            assert record["first_ns"] == before["first_ns"]
            assert record["history"].startswith(before["history"])
            for side in ("orig", "resp"):
                for name in ("packets", "bytes", "payload"):
                    assert record[side][name] >= before[side][name]
        last[record["id"]] = record


@given(st.lists(captures(most=12, back=False), min_size=1, max_size=3), st.integers(1, 12))
def test_a_full_table_loses_nothing_but_time(parts: list[list[Arrival]], capacity: int) -> None:
    """However small the table: every packet is in exactly one flow, every flow is told once."""
    arrivals = [arrival for part in parts for arrival in part]
    arrivals.sort(key=lambda arrival: arrival.ts_ns)
    said = run_table(make_table(Limits(flows=capacity)), arrivals, 7)
    balance(said)
    numbers = [record["id"] for record in said.ended]
    assert len(numbers) == len(set(numbers)) == said.statistics.ended
    assert said.statistics.active == 0
    assert said.statistics.evicted == sum(record["reason"] == 4 for record in said.ended)


def test_time_that_steps_back_an_hour_is_counted_and_ends_nothing_twice() -> None:
    frame = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((40_000, 53), b"x")))
    times = [0, 1, -3_600, -3_599, -3_500, 0, 10]
    said = run_table(
        make_table(Limits()), [Arrival(START_NS + second * SECOND, frame) for second in times]
    )
    balance(said)
    assert said.statistics.clock_steps == 1
    assert sum(record["orig"]["packets"] for record in said.ended) == len(times)
    numbers = [record["id"] for record in said.ended]
    assert len(numbers) == len(set(numbers))


def test_nothing_is_written_behind_a_full_output() -> None:
    """The wheel fills the output to two records short of its end; the batch behind ends 32 more."""

    def frame(n: int, flags: int) -> bytes:
        host = f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
        return f.ethernet(0x0800, f.ipv4((host, B), 6, f.tcp((40_000, 80), flags)))

    first = [Arrival(START_NS + n, frame(n, f.SYN)) for n in range(8_190)]
    later = START_NS + 100 * SECOND
    reused = [Arrival(later + n, frame(9_000, (f.SYN, f.RST)[n % 2])) for n in range(64)]
    said = run_table(make_table(Limits(flows=9_000)), first + reused, 10_000)
    assert len(said.ended) == said.statistics.ended == 8_190 + 32
    balance(said)


def test_protocols_with_the_same_ports_are_different_flows() -> None:
    """Their keys differ in nothing but the protocol."""
    bodies = {17: f.udp((40_000, 9_999)), 136: f.udp((40_000, 9_999)), 33: f.udp((40_000, 9_999))}
    arrivals = [
        Arrival(START_NS, f.ethernet(0x0800, f.ipv4((A, B), proto, body)))
        for proto, body in bodies.items()
    ]
    said = run_table(make_table(Limits()), arrivals * 2)
    assert sorted(flow["proto"] for flow in said.ended) == sorted(bodies)
    assert {flow["orig"]["packets"] for flow in said.ended} == {2}


@pytest.mark.parametrize("seconds", [0, 1])
def test_waiting_without_packets_ends_flows(seconds: int) -> None:
    frame = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((40_000, 53), b"x")))
    table = make_table(Limits())
    assert list(table.advance(START_NS)) == []  # no time before the first packet
    assert feed_table(table, [Arrival(START_NS, frame)]) == []
    assert list(table.advance(START_NS + 29 * SECOND)) == []
    assert len(table.drain().flows) == 0
    list(table.advance(START_NS + (30 + seconds) * SECOND + 300 * MS))
    assert len(table.drain().flows) == 1
    assert table.now_s == (START_NS + (30 + seconds) * SECOND + 300 * MS) / 1e9


def test_statistics_are_immutable() -> None:
    with pytest.raises(AttributeError):
        make_table(Limits()).statistics().packets = 1  # type: ignore[misc]
    assert msgspec.structs.asdict(make_table(Limits(flows=9)).statistics())["capacity"] == 9
