"""Who began a conversation: the question that every later figure hangs on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import make_table, run_table

A, B = "192.0.2.1", "192.0.2.2"
START_NS = 1_700_000_000 * SECOND
S, SA, ACK = f.SYN, f.SYN | f.ACK, f.ACK


def first(packet: bytes) -> dict[str, object]:
    (flow,) = run_table(make_table(Limits()), [Arrival(START_NS, f.ethernet(0x0800, packet))]).ended
    return flow


def tcp(ports: tuple[int, int], flags: int) -> bytes:
    return f.ipv4((A, B), 6, f.tcp(ports, flags))


@pytest.mark.parametrize(
    ("packet", "flipped"),
    [
        (tcp((40_000, 443), S), False),
        (tcp((443, 40_000), S), False),  # whoever sends a SYN begins
        (tcp((443, 40_000), SA), True),
        (tcp((40_000, 55_000), SA), True),
        (tcp((40_000, 443), SA), False),  # a probe: servers do not open with SYN/ACK
        (tcp((443, 40_000), ACK), True),
        (tcp((40_000, 443), ACK), False),
        (tcp((80, 443), ACK), True),  # both could be the server: the lower port
        (tcp((443, 80), ACK), False),
        (tcp((20_001, 40_000), ACK), True),  # nobody knows them, but clients live above 32768
        (tcp((40_000, 20_001), ACK), False),
        (tcp((20_001, 20_002), ACK), False),
        (tcp((40_000, 55_000), ACK), False),  # no hint: the first to be seen
        (f.ipv4((A, B), 17, f.udp((53, 40_000))), True),
        (f.ipv4((A, B), 17, f.udp((40_000, 53))), False),
        (f.ipv4((A, B), 17, f.udp((53, 53))), False),
        (f.ipv4((A, B), 17, f.udp((20_001, 40_000))), False),
        (f.ipv4((A, B), 132, f.sctp((80, 40_000))), True),
        (f.ipv4((A, B), 1, f.icmp(0, 0)), True),
        (f.ipv4((A, B), 1, f.icmp(8, 0)), False),
        (f.ipv4((A, B), 1, f.icmp(3, 1)), False),
        (f.ipv4((A, B), 47, b"carrier"), False),
    ],
)
def test_the_first_packet_tells(packet: bytes, flipped: bool) -> None:
    flow = first(packet)
    ends = [str(flow[side]["address"]) for side in ("orig", "resp")]  # type: ignore[index]
    assert ends == ([B, A] if flipped else [A, B])
    assert flow["flipped"] is flipped
    assert str(flow["history"]).startswith("^") is flipped


@pytest.mark.parametrize("group", ["224.0.0.251", "239.255.255.250", "255.255.255.255"])
def test_a_group_never_begins(group: str) -> None:
    for proto, body in ((17, f.udp((5353, 40_000))), (1, f.icmp(9, 0))):
        flow = first(f.ipv4((A, group), proto, body))
        assert str(flow["orig"]["address"]) == A  # type: ignore[index]


def test_a_report_to_routers_is_no_reply() -> None:
    """MLD reports (type 131) come unasked; neither they nor neighbours' news are answers."""
    for kind in (131, 134, 136):
        packet = f.ipv6(("fe80::1", "ff02::1"), 58, f.icmp(kind, 0, bytes(16)))
        arrival = Arrival(START_NS, f.ethernet(0x86DD, packet))
        (flow,) = run_table(make_table(Limits()), [arrival]).ended
        assert str(flow["orig"]["address"]) == "fe80::1"
        assert flow["flipped"] is False


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=30), st.integers(0, 15))
def test_numbers_are_unique_and_near_their_time(steps: list[int], worker: int) -> None:
    """Within the same nanosecond and when time steps back a little."""
    now, arrivals = START_NS, []
    for n, step in enumerate(steps):
        now += step
        frame = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((n + 1, 9_999))))
        arrivals.append(Arrival(now, frame))
    said = run_table(make_table(Limits(worker=worker)), arrivals, 100)
    numbers = [flow["id"] for flow in said.ended]
    assert len(set(numbers)) == len(steps)
    assert {number & 15 for number in numbers} == {worker}
    assert all(abs(flow["id"] - flow["first_ns"]) < 1_000 for flow in said.ended)


def test_time_zero_has_numbers_too() -> None:
    """Some captures have no clock: every packet at 1970."""
    frames = [f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((n, 9_999)))) for n in range(1, 4)]
    said = run_table(make_table(Limits()), [Arrival(0, frame) for frame in frames])
    assert sorted(flow["id"] for flow in said.ended) == [16, 32, 48]


def test_a_flow_keeps_the_tags_and_the_interface_of_its_first_packet() -> None:
    inner = f.ipv4((A, B), 17, f.udp((1, 2)))
    tagged = f.ethernet(0x88A8, f.vlan(5, 0x8100, f.vlan(6, 0x0800, inner)))
    said = run_table(
        make_table(Limits()),
        [Arrival(START_NS, tagged, interface=3), Arrival(START_NS, f.ethernet(0x0800, inner))],
    )
    (flow,) = said.ended
    assert (flow["vlan"], flow["inner_vlan"], flow["interface"]) == (5, 6, 3)
