"""A stranger may send what he likes: state stays bounded, and what was known still counts.

Each flood goes far beyond a cap while a quiet conversation, begun before it, goes on at its end.
"""

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from appliance.flows.table import FlowTable
from appliance.model.flow import EndReason
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import Said, feed_table, make_table, run_table

HOME, FAR = "10.9.9.9", "198.51.100.1"
START_NS = 1_700_000_000 * SECOND
CAPACITY = 1_000
FLOOD = 8_000


def host(n: int) -> str:
    return f"172.{16 + (n >> 16 & 15)}.{n >> 8 & 255}.{n & 255}"


def talk(at_ns: int, flags: int, *, back: bool = False, body: bytes = b"") -> Arrival:
    ends, ports = ((FAR, HOME), (443, 40_000)) if back else ((HOME, FAR), (40_000, 443))
    return Arrival(at_ns, f.ethernet(0x0800, f.ipv4(ends, 6, f.tcp(ports, flags, 1, 1, body))))


def handshake() -> list[Arrival]:
    return [
        talk(START_NS, f.SYN),
        talk(START_NS + 1_000, f.SYN | f.ACK, back=True),
        talk(START_NS + 2_000, f.ACK),
    ]


def syn(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 6, f.tcp((1_024 + n % 60_000, 443), f.SYN, n))


def spoofed_udp(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 17, f.udp((n % 65_535 + 1, 9), b"x"))


def answers(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 17, f.udp((53, 1_024 + n % 60_000), b"x"))


def backscatter(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 6, f.tcp((80, 1_024 + n % 60_000), f.SYN | f.ACK, n))


def resets(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 6, f.tcp((80, 1_024 + n % 60_000), f.RST, n))


def pings(n: int) -> bytes:
    return f.ipv4((host(n), HOME), 1, f.icmp(8, 0))


def other_protocols(n: int) -> bytes:
    return f.ipv4((host(n // 100), HOME), 140 + n % 100, b"x")


FLOODS: list[Callable[[int], bytes]] = [
    syn, spoofed_udp, answers, backscatter, resets, pings, other_protocols,
]  # fmt: skip


def run(packets: Iterable[bytes], table: FlowTable, step_ns: int = 50_000) -> Said:
    """Run a handshake, the packets 40 s later, and one more packet of the conversation."""
    begin = START_NS + 40 * SECOND
    flood = [
        Arrival(begin + n * step_ns, f.ethernet(0x0800, packet)) for n, packet in enumerate(packets)
    ]
    last = talk(flood[-1].ts_ns + 1, f.ACK, body=b"still here")
    return run_table(table, [*handshake(), *flood, last], 10_000)


def known_flow(said: Said) -> dict[str, Any]:
    (flow,) = [
        flow
        for flow in said.ended
        if str(flow["orig"]["address"]) == HOME and str(flow["resp"]["address"]) == FAR
    ]
    return flow


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
def test_a_flood_pushes_out_its_own_kind_and_every_flow_is_told_once(
    flood: Callable[[int], bytes],
) -> None:
    said = run((flood(n) for n in range(FLOOD)), make_table(Limits(flows=CAPACITY)))
    counters = said.statistics
    known = known_flow(said)
    assert (known["orig"]["packets"], known["orig"]["payload"]) == (3, 10)
    assert known["reason"] == EndReason.SHUTDOWN
    assert counters.evicted_answered == 0
    assert counters.ended == len(said.ended)
    assert len({flow["id"] for flow in said.ended}) == counters.ended
    assert counters.evicted >= FLOOD - CAPACITY - 1
    packets = sum(flow[side]["packets"] for flow in said.ended for side in ("orig", "resp"))
    assert packets == counters.packets == counters.flow_packets == FLOOD + 4


def test_the_table_never_grows() -> None:
    """Memory is taken once; afterwards a flood allocates nothing that stays."""
    table = make_table(Limits(flows=CAPACITY))
    flood = [
        Arrival(START_NS + n * 50_000, f.ethernet(0x0800, syn(n))) for n in range(3 * CAPACITY)
    ]
    feed_table(table, flood)
    sizes = [array.nbytes for array in table._table]
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(3):
            feed_table(table, flood)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [array.nbytes for array in table._table] == sizes
    assert after - before < 1 << 20
    assert table.statistics().active == CAPACITY


def test_answered_flows_fill_the_table_too_and_are_counted() -> None:
    """Both ends of a spoofed conversation can be forged: then the nearest deadline decides."""
    packets = (
        packet
        for n in range(FLOOD // 2)
        for packet in (
            f.ipv4((host(n), HOME), 17, f.udp((9_998, 9_999), b"x")),
            f.ipv4((HOME, host(n)), 17, f.udp((9_999, 9_998), b"x")),
        )
    )
    said = run(packets, make_table(Limits(flows=CAPACITY)))
    counters = said.statistics
    assert counters.evicted_answered > 0
    assert counters.ended == len(said.ended)
    packets_told = sum(flow[side]["packets"] for flow in said.ended for side in ("orig", "resp"))
    assert packets_told == counters.flow_packets == FLOOD + 4


def fragment(n: int, offset: int = 8) -> bytes:
    return f.ipv4((host(n), HOME), 17, bytes(64), ident=n & 0xFFFF, offset=offset, more=True)


def test_fragments_without_a_beginning_are_counted_and_hold_nothing() -> None:
    said = run((fragment(n) for n in range(FLOOD)), make_table(Limits()))
    assert said.statistics.rejected == {"fragment_orphan": FLOOD}
    assert said.statistics.fragments_held == 0
    assert known_flow(said)["orig"]["packets"] == 3


def test_a_fragmented_datagram_is_whole_again_after_a_flood_of_fragments() -> None:
    table = make_table(Limits())
    first = f.ipv4((HOME, FAR), 17, f.udp((40_000, 53), bytes(56)), ident=7, more=True)
    later = f.ipv4((HOME, FAR), 17, bytes(64), ident=7, offset=64)
    said = run([*(fragment(n) for n in range(FLOOD)), later, first], table)
    (flow,) = [flow for flow in said.ended if flow["proto"] == 17]
    assert (flow["orig"]["packets"], flow["orig"]["payload"]) == (2, 120)


@pytest.mark.parametrize("depth", [8, 60])
def test_tunnels_in_tunnels_are_given_up_and_counted(depth: int) -> None:
    def nested(n: int) -> bytes:
        packet = syn(n)
        for _ in range(depth):
            packet = f.ipv4((host(n), HOME), 4, packet)
        return packet

    said = run((nested(n) for n in range(500)), make_table(Limits()))
    assert said.statistics.rejected == {"too_deep": 500}
    assert len(said.ended) == 1


def test_samples_of_a_flood_are_limited_and_the_rest_is_counted() -> None:
    def queries() -> Iterator[bytes]:
        for n in range(FLOOD):
            yield f.ipv4((host(n), HOME), 17, f.udp((40_000, 53), bytes(300)))

    table = make_table(Limits(), samples_per_s=100)
    said = run(queries(), table)  # in one second
    assert said.statistics.samples_dropped >= FLOOD - 200
    assert len(said.samples) <= 200
    assert len(said.samples) + said.statistics.samples_dropped == FLOOD


def test_packets_of_one_nanosecond_are_all_told_apart() -> None:
    said = run((syn(n) for n in range(5_000)), make_table(Limits(flows=6_000)), step_ns=0)
    assert len({flow["id"] for flow in said.ended}) == 5_001


def test_a_clock_that_jumps_about_loses_no_packet() -> None:
    """Forged or broken time stamps: years ahead, back to zero, and between."""
    times = [0, 10**18, 5, 2 * 10**18, START_NS, 1, 3 * 10**18, START_NS + SECOND, 0] * 50
    arrivals = [Arrival(at_ns, f.ethernet(0x0800, syn(n % 40))) for n, at_ns in enumerate(times)]
    said = run_table(make_table(Limits()), arrivals, 3)
    packets = sum(flow[side]["packets"] for flow in said.ended for side in ("orig", "resp"))
    assert packets == said.statistics.flow_packets == len(times)
    assert said.statistics.clock_steps > 50
    assert said.statistics.active == 0
