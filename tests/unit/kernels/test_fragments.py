"""Fragments are the same conversation as the packet they were cut from, in whatever order."""

from itertools import permutations

import numpy as np
import pytest

from appliance.kernels.packet import FRAGMENT_DTYPE, FRAGMENT_TIMEOUT_NS, FRAGMENTS
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.tables import Said, feed_table, make_table, run_table

LOW, HIGH = "10.0.0.1", "10.0.0.9"
START_NS = 1_700_000_000 * SECOND


def piece(
    proto: int, body: bytes, offset: int = 0, more: bool = True, *,
    ident: int = 1, ends: tuple[str, str] = (LOW, HIGH),
) -> bytes:  # fmt: skip
    packet = f.ipv4(ends, proto, body, ident=ident, offset=offset, more=more)
    return f.ethernet(0x0800, packet)


DATAGRAM = [
    piece(17, f.udp((40_000, 53), bytes(16), 80)),
    piece(17, bytes(24), 24),
    piece(17, bytes(32), 48, more=False),
]


def run(frames: list[bytes], step_ns: int = 1_000) -> Said:
    return run_table(
        make_table(Limits()),
        [Arrival(START_NS + n * step_ns, frame) for n, frame in enumerate(frames)],
    )


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_any_order_they_are_one_flow(order: tuple[int, ...]) -> None:
    said = run([DATAGRAM[n] for n in order])
    (flow,) = said.ended
    assert (flow["orig"]["packets"], flow["orig"]["payload"]) == (3, 72)
    assert flow["orig"]["bytes"] == sum(map(len, DATAGRAM))
    assert flow["orig"]["ip_bytes"] == 3 * 20 + 80
    assert (flow["orig"]["port"], flow["resp"]["port"], flow["fragments"]) == (40_000, 53, True)
    assert said.statistics.flow_packets == 3
    seconds = sum(sum(row[f"packets{k}"] for k in range(4)) for row in said.traffic.values())
    assert seconds == 3


def test_what_never_gets_its_first_fragment_is_counted() -> None:
    said = run(DATAGRAM[1:])
    assert said.ended == []
    assert said.statistics.rejected == {"fragment_orphan": 2}


def test_what_waits_is_neither_lost_nor_found() -> None:
    table = make_table(Limits())
    feed_table(table, [Arrival(START_NS, DATAGRAM[1])])
    assert table.statistics().fragments_held == 1
    assert table.statistics().rejected == {}


def test_fragments_of_long_ago_belong_to_another_datagram() -> None:
    """Identifications come round again: after a minute the old ports are not believed."""
    soon = run([DATAGRAM[0], DATAGRAM[1]], FRAGMENT_TIMEOUT_NS - 1)
    late = run([DATAGRAM[0], DATAGRAM[1]], FRAGMENT_TIMEOUT_NS)
    assert soon.statistics.rejected == {}
    assert late.statistics.rejected == {"fragment_orphan": 1}


@pytest.mark.parametrize("ends", [(LOW, HIGH), (HIGH, LOW)])
def test_long_pings_are_one_flow_whoever_sends_them(ends: tuple[str, str]) -> None:
    back = ends[::-1]
    said = run(
        [
            piece(1, f.icmp(8, 0, bytes(16)), ends=ends),
            piece(1, bytes(24), 24, more=False, ends=ends),
            piece(1, bytes(24), 24, more=False, ident=2, ends=back),
            piece(1, f.icmp(0, 0, bytes(16)), ident=2, ends=back),
        ]
    )
    (flow,) = said.ended
    assert (flow["orig"]["packets"], flow["resp"]["packets"]) == (2, 2)


def test_the_same_identification_elsewhere_is_another_datagram() -> None:
    said = run(
        [DATAGRAM[0], piece(17, bytes(24), 24, ends=("10.0.0.2", HIGH)), piece(6, bytes(24), 24)]
    )
    assert said.statistics.rejected == {"fragment_orphan": 2}


def test_the_cache_is_small_and_what_it_gives_up_is_counted() -> None:
    """A stranger can send as many first-less fragments as there are addresses."""
    flood = [piece(17, bytes(8), 8, ident=n) for n in range(5_000)]
    said = run_table(make_table(Limits()), [Arrival(START_NS, frame) for frame in flood], 5_000)
    assert said.statistics.rejected == {"fragment_orphan": 5_000}
    assert FRAGMENTS * FRAGMENT_DTYPE.itemsize <= 1 << 20
    assert np.dtype(FRAGMENT_DTYPE).itemsize % 8 == 0
