"""A capture thread: everything that ends goes into the channel, nothing twice, nothing never."""

from itertools import pairwise

import pytest

from appliance.model.frame import FrameBlock
from appliance.pipeline.worker import CaptureWorker, Parcel, weigh
from appliance.runtime.channel import Channel, Overflow
from appliance.runtime.clock import ManualClock
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.sources import EMPTY_BLOCK, ListSource
from tests.support.tables import make_block, make_table

pytestmark = pytest.mark.filterwarnings("ignore:overflow encountered in scalar multiply")
A, B = "10.0.0.1", "192.0.2.7"
START_NS = 1_700_000_000 * SECOND
MS = SECOND // 1_000


def udp(port: int, at_s: float = 0) -> Arrival:
    frame = f.ethernet(0x0800, f.ipv4((A, B), 17, f.udp((port, 9_999), b"x")))
    return Arrival(START_NS + round(at_s * SECOND), frame)


def run(
    *blocks: FrameBlock, first_interface: int = 0, step_ns: int = 0
) -> tuple[CaptureWorker, list[Parcel]]:
    """Run a worker to its end; the clocks advance by a step after each block."""
    clock = ManualClock(START_NS, 1)
    channel: Channel[Parcel] = Channel(1_000, Overflow.DROP_OLDEST, weigh)
    source = ListSource(blocks, during=lambda: clock.advance(step_ns))
    worker = CaptureWorker(source, make_table(Limits()), channel, clock, first_interface)
    worker.run()
    channel.close()
    parcels = []
    while not channel.drained:
        parcel = channel.get()
        assert parcel is not None
        parcels.append(parcel)
    return worker, parcels


def count(parcels: list[Parcel]) -> int:
    return sum(len(parcel.output.flows) for parcel in parcels)


def test_the_end_of_the_source_ends_every_flow() -> None:
    worker, parcels = run(make_block([udp(40_000 + n) for n in range(100)]))
    assert (count(parcels), worker.statistics().active) == (100, 0)
    assert worker.totals["packets"].sum() == 100


def test_silence_ends_flows_by_the_clock() -> None:
    blocks = [make_block([udp(40_000)]), *[EMPTY_BLOCK] * 3]
    _, parcels = run(*blocks, step_ns=15 * SECOND)
    reasons = [parcel.output.flows["reason"].tolist() for parcel in parcels]
    assert [1] in reasons  # idle, told before the end


def test_silence_before_the_first_packet_is_nothing() -> None:
    worker, parcels = run(EMPTY_BLOCK, EMPTY_BLOCK, step_ns=SECOND)
    assert parcels == []
    assert worker.statistics().packets == 0


def test_outputs_travel_on_at_least_every_fifth_of_a_second() -> None:
    blocks = [make_block([udp(40_000 + n, n * 1.0)]) for n in range(8)]
    _, parcels = run(*blocks, step_ns=100 * MS)
    times = [parcel.sent_ns for parcel in parcels]
    assert len(parcels) >= 4
    assert all(b - a <= 300 * MS for a, b in pairwise(times))


def test_totals_grow_while_it_runs() -> None:
    seen = []
    clock = ManualClock(START_NS, 1)
    channel: Channel[Parcel] = Channel(1_000, Overflow.DROP_OLDEST, weigh)

    def watch() -> None:
        clock.advance(SECOND)
        seen.append(int(worker.totals["packets"].sum()))

    source = ListSource([make_block([udp(40_000 + n)]) for n in range(4)], during=watch)
    worker = CaptureWorker(source, make_table(Limits()), channel, clock, 0)
    worker.run()
    assert seen == sorted(seen)
    assert seen[-1] >= 3


def test_interfaces_are_numbered_among_all_of_the_appliance() -> None:
    _, parcels = run(make_block([udp(40_000)]), first_interface=2)
    assert parcels[-1].output.flows["interface"].tolist() == [2]


def test_a_parcel_weighs_its_flows() -> None:
    _, parcels = run(make_block([udp(40_000 + n) for n in range(7)]))
    assert weigh(parcels[-1]) == 8
