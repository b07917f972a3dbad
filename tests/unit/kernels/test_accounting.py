"""What is counted for a flow and for a second must be what went over the wire."""

import pytest

from appliance.model.flow import Direction
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import Said, make_table, run_table

HOME, OTHER, FAR = "10.0.0.1", "10.0.0.2", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND


def datagram(ends: tuple[str, str], ports: tuple[int, int], size: int = 100) -> bytes:
    return f.ethernet(0x0800, f.ipv4(ends, 17, f.udp(ports, bytes(size))))


def run(*arrivals: Arrival) -> Said:
    return run_table(make_table(Limits()), arrivals, 100)


def test_sums_of_sizes_and_gaps() -> None:
    frames = [(0, 100), (3_000, 200), (1_000_000, 50), (2_000_000, 1_000)]
    said = run(
        *(Arrival(START_NS + ns, datagram((HOME, FAR), (40_000, 9_999), n)) for ns, n in frames)
    )
    (flow,) = said.ended
    sizes = [42 + n for _, n in frames]
    assert (flow["size_min"], flow["size_max"]) == (92, 1_042)
    assert flow["size_sumsq"] == sum(size * size for size in sizes)
    assert (flow["iat_min_us"], flow["iat_max_us"]) == (3, 1_000)
    gaps = [3_000e-9, 997_000e-9, 1_000_000e-9]
    assert flow["iat_sumsq"] == pytest.approx(sum(gap * gap for gap in gaps))
    assert flow["orig"]["payload"] == 1_350


def test_a_merged_frame_counts_as_the_segments_it_stands_for() -> None:
    """Offload is the commonest way to be wrong: three packets look like one of 4 kB."""
    big = datagram((HOME, FAR), (40_000, 9_999), 4_000)
    said = run(
        Arrival(START_NS, big, segments=3),
        Arrival(START_NS + 5_000, datagram((HOME, FAR), (40_000, 9_999))),
    )
    (flow,) = said.ended
    assert (flow["orig"]["packets"], flow["gso_frames"], flow["gso"]) == (4, 1, True)
    assert flow["size_sumsq"] == pytest.approx(3 * (len(big) / 3) ** 2 + 142**2)
    assert flow["iat_min_us"] == 5
    (second,) = said.traffic.values()
    assert second["packets1"] == 4
    assert said.statistics.flow_packets == 2


@pytest.mark.parametrize(("size", "marked"), [(1_522, False), (1_523, True)])
def test_a_frame_longer_than_ordinary_is_marked(size: int, marked: bool) -> None:
    frame = datagram((HOME, FAR), (40_000, 9_999))
    (flow,) = run(Arrival(START_NS, frame, wirelen=size)).ended
    assert (flow["gso"], flow["orig"]["packets"], flow["orig"]["bytes"]) == (marked, 1, size)
    (known,) = run(Arrival(START_NS, frame, wirelen=size, segments=1)).ended
    assert known["gso"] is False  # the kernel has said that it is one packet


def test_sizes_saturate() -> None:
    (flow,) = run(
        Arrival(START_NS, datagram((HOME, FAR), (40_000, 9_999)), wirelen=200_000, segments=1)
    ).ended
    assert (flow["size_min"], flow["size_max"], flow["orig"]["bytes"]) == (65_535, 65_535, 200_000)


@pytest.mark.parametrize(
    ("ends", "there", "back"),
    [
        ((HOME, FAR), Direction.OUTBOUND, Direction.INBOUND),
        ((FAR, HOME), Direction.INBOUND, Direction.OUTBOUND),
        ((HOME, OTHER), Direction.LOCAL, Direction.LOCAL),
        ((FAR, "198.51.100.9"), Direction.EXTERNAL, Direction.EXTERNAL),
    ],
)
def test_a_second_is_kept_by_the_direction_of_each_packet(
    ends: tuple[str, str], there: Direction, back: Direction
) -> None:
    ports = (40_000, 9_999)
    said = run(
        Arrival(START_NS, datagram(ends, ports)),
        Arrival(START_NS, datagram(ends[::-1], ports[::-1])),
    )
    (second,) = said.traffic.values()
    wanted = {f"packets{there}": 1} if there != back else {f"packets{there}": 2}
    if there != back:
        wanted[f"packets{back}"] = 1
    assert {name: n for name, n in second.items() if name.startswith("packets")} == wanted
    assert second["udp_bytes"] == 2 * 142
    assert said.ended[0]["direction"] == there


def test_seconds_add_up_to_the_counters() -> None:
    said = run(
        Arrival(START_NS, datagram((HOME, FAR), (40_000, 53))),
        Arrival(START_NS + 1, f.ethernet(0x0800, f.ipv4((HOME, FAR), 6, f.tcp((1, 2))))),
        Arrival(START_NS + 2, f.ethernet(0x0800, f.ipv4((HOME, FAR), 1, f.icmp(8, 0)))),
        Arrival(START_NS + 3, f.ethernet(0x0800, f.ipv4((HOME, FAR), 47, b"gre"))),
        Arrival(START_NS + SECOND, f.ethernet(0x0806, bytes(46))),
        Arrival(START_NS + SECOND, f.ethernet(0x88CC, bytes(46))),
    )
    names = ("tcp_bytes", "udp_bytes", "icmp_bytes", "other_bytes", "non_ip_bytes")
    total = sum(second[name] for second in said.traffic.values() for name in names)
    assert total == said.statistics.bytes
    assert [second["non_ip_packets"] for second in said.traffic.values()] == [0, 2]
    assert [second["new_flows"] for second in said.traffic.values()] == [4, 0]


def test_first_packets_give_each_side_its_address_and_ttl() -> None:
    there = f.ethernet(0x0800, f.ipv4((HOME, FAR), 17, f.udp((1, 2))), f.MAC_A, f.MAC_B)
    back = f.ethernet(0x0800, f.ipv4((FAR, HOME), 17, f.udp((2, 1))), b"\2\0\0\0\0\x99", f.MAC_A)
    (flow,) = run(Arrival(START_NS, there), Arrival(START_NS, back)).ended
    assert flow["orig"]["mac"] == int.from_bytes(f.MAC_A, "big")
    assert flow["resp"]["mac"] == 0x020000000099  # what answered, not what was asked
    assert (flow["orig"]["ttl"], flow["resp"]["ttl"]) == (64, 64)


@pytest.mark.parametrize(
    ("sizes", "history"), [([0], ""), ([0, 5], "D"), ([5, 5, -5], "Dd"), ([-1, 1], "dD")]
)
def test_datagrams_with_data_are_noted_once_each_way(sizes: list[int], history: str) -> None:
    arrivals = []
    for n, size in enumerate(sizes):
        ends, ports = (
            ((HOME, FAR), (40_000, 9_998)) if size >= 0 else ((FAR, HOME), (9_998, 40_000))
        )
        arrivals.append(Arrival(START_NS + n, datagram(ends, ports, abs(size))))
    (flow,) = run(*arrivals).ended
    assert flow["history"].lower() == history.lower()
    assert len(flow["history"]) == len(history)
