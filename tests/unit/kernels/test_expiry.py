"""When flows end, which ones give way, and that none is lost on the way."""

import pytest

from appliance.model.flow import EndReason
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, FlowTableOracle, Limits
from tests.support.tables import HOME, SERVICES, Said, feed_table, make_table, run_table

A, B = "10.0.0.1", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND


def host(n: int) -> str:
    return f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def tcp(flags: int, *, src: str = A, port: int = 40_000, back: bool = False) -> bytes:
    ends, ports = ((B, src), (80, port)) if back else ((src, B), (port, 80))
    return f.ethernet(0x0800, f.ipv4(ends, 6, f.tcp(ports, flags)))


def udp(port: int, *, back: bool = False) -> bytes:
    port += 40_000
    ends, ports = ((B, A), (9_999, port)) if back else ((A, B), (port, 9_999))
    return f.ethernet(0x0800, f.ipv4(ends, 17, f.udp(ports, b"x")))


def run(*frames: tuple[float, bytes], limits: Limits | None = None, per_block: int = 1) -> Said:
    arrivals = [Arrival(START_NS + round(at * SECOND), frame) for at, frame in frames]
    return run_table(make_table(limits or Limits()), arrivals, per_block)


def reasons(said: Said) -> list[str]:
    return [EndReason(flow["reason"]).name for flow in said.ended]


@pytest.mark.parametrize(
    ("frame", "idle_s"),
    [
        (tcp(f.SYN), 60), (udp(1), 30),
        (f.ethernet(0x0800, f.ipv4((A, B), 1, f.icmp(8, 0))), 30),
        (f.ethernet(0x86DD, f.ipv6(("fd00::1", "fd00::2"), 58, f.icmp(128, 0))), 30),
        (f.ethernet(0x0800, f.ipv4((A, B), 47, b"")), 60),
        (tcp(f.RST), 5),
    ],
)  # fmt: skip
def test_silence_ends_a_flow_by_its_protocol(frame: bytes, idle_s: int) -> None:
    assert len(run((0, frame), (idle_s, frame)).ended) == 1
    assert len(run((0, frame), (idle_s + 1e-9, frame)).ended) == 2


def test_a_flow_lives_as_long_as_packets_come() -> None:
    said = run(*((n * 29, udp(1)) for n in range(10)))
    assert (reasons(said), said.ended[0]["orig"]["packets"]) == (["SHUTDOWN"], 10)


def test_ended_flows_are_told_without_waiting_for_their_own_packets() -> None:
    said = run((0, udp(1)), (31, udp(2)))
    assert reasons(said) == ["IDLE", "SHUTDOWN"]


def test_a_closed_conversation_lingers_for_stragglers() -> None:
    fins = ((0, tcp(f.SYN)), (0.1, tcp(f.SYN | f.ACK, back=True)), (0.2, tcp(f.FIN | f.ACK)),
            (0.3, tcp(f.FIN | f.ACK, back=True)))  # fmt: skip
    said = run(*fins, (4, tcp(f.ACK)), (20, udp(1)))
    assert reasons(said) == ["CLOSED", "SHUTDOWN"]
    assert said.ended[0]["orig"]["packets"] == 3


def test_the_same_ports_may_begin_again_at_once() -> None:
    said = run((0, tcp(f.SYN)), (0.1, tcp(f.RST, back=True)), (0.2, tcp(f.SYN)))
    assert reasons(said) == ["REUSED", "SHUTDOWN"]
    assert said.ended[0]["resp"]["packets"] == 1


def test_long_flows_are_reported_on_the_way_and_once_at_the_end() -> None:
    said = run(*((n, udp(1)) for n in range(0, 100, 10)), limits=Limits(active=20 * SECOND))
    assert [update["updates"] for update in said.updates] == [0, 1, 2, 3]
    (flow,) = said.ended
    assert (flow["updates"], flow["orig"]["packets"]) == (4, 10)


def test_after_an_hour_of_silence_one_update_is_enough() -> None:
    said = run((0, tcp(f.SYN)), (3_500, udp(1)), limits=Limits(tcp=3_600 * SECOND))
    assert [update["updates"] for update in said.updates] == [0]


def test_the_oldest_unanswered_flow_gives_way_first() -> None:
    """A flood pushes out its own kind: the conversation is older and stays."""
    talk = ((0, tcp(f.SYN)), (0.01, tcp(f.SYN | f.ACK, back=True)), (0.02, tcp(f.ACK)))
    flood = [(1 + n / 1_000, tcp(f.SYN, src=host(n + 5))) for n in range(100)]
    said = run(*talk, *flood, (2, tcp(f.ACK)), limits=Limits(flows=10))
    evicted = [flow for flow in said.ended if flow["reason"] == EndReason.EVICTED]
    assert len(evicted) == said.statistics.evicted == 91
    assert said.statistics.evicted_answered == 0
    assert [str(flow["orig"]["address"]) for flow in evicted] == [host(n + 5) for n in range(91)]
    (kept,) = [flow for flow in said.ended if str(flow["orig"]["address"]) == A]
    assert (kept["orig"]["packets"], kept["reason"]) == (3, EndReason.SHUTDOWN)


@pytest.mark.parametrize(
    "flood",
    [
        lambda n: f.ipv4((host(n + 5), A), 17, f.udp((53, 40_000))),
        lambda n: f.ipv4((host(n + 5), A), 6, f.tcp((443, 40_000), f.SYN | f.ACK)),
        lambda n: f.ipv4((host(n + 5), A), 1, f.icmp(0, 0)),
    ],
    ids=["answers nobody asked for", "backscatter", "echo replies"],
)
def test_a_flood_that_looks_like_answers_is_unanswered_too(flood: object) -> None:
    talk = ((0, tcp(f.SYN)), (0.01, tcp(f.SYN | f.ACK, back=True)), (0.02, tcp(f.ACK)))
    frames = [(50 + n / 1_000, f.ethernet(0x0800, flood(n))) for n in range(100)]  # type: ignore[operator]
    said = run(*talk, *frames, (51, tcp(f.ACK)), limits=Limits(flows=10))
    assert said.statistics.evicted_answered == 0
    (kept,) = [flow for flow in said.ended if str(flow["resp"]["address"]) == B]
    assert (kept["orig"]["packets"], kept["reason"]) == (3, EndReason.SHUTDOWN)


def test_among_conversations_the_one_nearest_its_end_gives_way() -> None:
    """Busy is safe: the flow that began first, but spoke last, is not the one to go."""
    both = [(n / 10, udp(n + 1, back=back)) for n in range(4) for back in (False, True)]
    busy = [(20.0, udp(1)), (20.1, udp(2)), (20.2, udp(4))]
    new = [(25.0, udp(9)), (25.1, udp(9, back=True))]
    said = run(*both, *busy, *new, limits=Limits(flows=4))
    assert said.statistics.evicted_answered == 1
    (gone,) = [flow for flow in said.ended if flow["reason"] == EndReason.EVICTED]
    assert gone["orig"]["port"] == 40_003


def test_time_that_steps_back_a_little_does_not_keep_flows_for_minutes() -> None:
    said = run((100, udp(1)), (90, tcp(f.RST)), (101, udp(1)), (110, udp(1)))
    assert reasons(said) == ["CLOSED", "SHUTDOWN"]


def test_slots_of_ended_flows_are_found_again() -> None:
    """Deleting from an open-addressing table must not hide the flows behind the hole."""
    limits = Limits(flows=256, linger=1_000_000, udp=SECOND)
    arrivals = []
    for n in range(1_500):
        frame = udp(n * 7 % 97) if n % 2 else tcp(f.RST, port=40_000 + n)
        arrivals.append(Arrival(START_NS + n * 1_000_000, frame))
    oracle = FlowTableOracle(limits, HOME, SERVICES)
    for arrival in arrivals:
        oracle.take(arrival)
    oracle.finish()
    said = run_table(make_table(limits), arrivals)
    assert said.statistics.active == said.statistics.evicted == 0
    assert sorted(flow["id"] for flow in said.ended) == sorted(flow["id"] for flow in oracle.ended)
    assert len(said.ended) > 400


def test_more_flows_than_an_output_holds_end_in_several() -> None:
    table = make_table(Limits(flows=3_000))
    arrivals = []
    for turn in range(4):
        start = START_NS + turn * 1_000 * SECOND
        hosts = (host(turn * 2_500 + n) for n in range(2_500))
        arrivals += [Arrival(start + n, tcp(f.SYN, src=src)) for n, src in enumerate(hosts)]
    outputs = [*feed_table(table, arrivals), *table.flush()]
    ended = [flow for output in outputs for flow in output.flows["id"].tolist()]
    assert len(outputs) == 2
    assert len(set(ended)) == len(ended) == 10_000
