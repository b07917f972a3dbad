"""The sensor's own figures: drops must be seen, and nothing counted twice."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import appliance
from appliance.flows.table import TableStatistics
from appliance.model.flow import Direction
from appliance.model.frame import CaptureStatistics
from appliance.model.health import TRAFFIC_DTYPE, DetectionStatistics
from appliance.model.views import StoreStatistics
from appliance.pipeline.monitor import SHOWN_FLOWS, Identity, LatestFlows, Monitor
from appliance.runtime.channel import ChannelStatistics
from tests.support.flowbatches import batch, flow
from tests.support.sources import ListSource

SECOND_NS = 10**9
QUIET = ChannelStatistics(items=0, load=0, capacity=100, put=0, taken=0, dropped=0, refused=0)
TABLE = TableStatistics(
    packets=10, bytes=1_000, flow_packets=8, active=3, capacity=100, ended=5, evicted=1,
    evicted_answered=0, samples_dropped=2, fragments_held=0, clock_steps=1, now_ns=0,
    rejected={"arp": 2},
)  # fmt: skip


class StillWorker:
    """A capture worker whose figures are set by hand."""

    def __init__(self, name: str = "eth0", table: TableStatistics = TABLE, **said: Any) -> None:
        self.source = ListSource(interfaces=(name,), statistics=CaptureStatistics(**said))
        self.totals = np.zeros(1, TRAFFIC_DTYPE)[0]
        self.table = table

    def statistics(self) -> TableStatistics:
        return self.table

    def move(self, direction: Direction, packets: int, size: int) -> None:
        self.totals = self.totals.copy()
        self.totals["packets"][direction] += packets
        self.totals["bytes"][direction] += size
        self.totals["tcp_bytes"] += size


def make_monitor(
    *workers: StillWorker,
    channel: ChannelStatistics = QUIET,
    store: Callable[[], StoreStatistics] = StoreStatistics,
) -> Monitor:
    identity = Identity("sensor", ["10.0.0.0/8"], 5.0)
    geo = lambda: [{"name": "a database"}]  # noqa: E731
    return Monitor(identity, workers, lambda: channel, store, geo)  # type: ignore[arg-type]


def test_a_tick_is_what_has_come_since_the_last_as_rates() -> None:
    worker = StillWorker()
    monitor = make_monitor(worker)
    worker.move(Direction.OUTBOUND, 10, 1_000)
    first = monitor.tick(100.0, SECOND_NS)
    assert (first.ts, first.packets, first.bytes, first.out_bytes) == (100.0, 10, 1_000, 1_000)
    worker.move(Direction.INBOUND, 8, 600)
    second = monitor.tick(102.0, 3 * SECOND_NS)
    assert (second.packets, second.bytes, second.in_bytes, second.out_bytes) == (4, 300, 300, 0)
    assert second.tcp_bytes == 300
    assert monitor.tick(103.0, 4 * SECOND_NS).packets == 0


def test_traffic_before_the_monitor_is_no_burst() -> None:
    worker = StillWorker()
    worker.move(Direction.LOCAL, 1_000_000, 10**9)
    assert make_monitor(worker).tick(1.0, SECOND_NS).packets == 0


def test_what_is_no_ip_is_traffic_too() -> None:
    worker = StillWorker()
    monitor = make_monitor(worker)
    worker.totals = worker.totals.copy()
    worker.totals["non_ip_packets"], worker.totals["non_ip_bytes"] = 3, 180
    tick = monitor.tick(1.0, SECOND_NS)
    assert (tick.packets, tick.bytes, tick.other_bytes) == (3, 180, 180)


def test_drops_of_this_second_are_shown() -> None:
    worker = StillWorker(kernel_dropped=5)
    monitor = make_monitor(worker)
    monitor.tick(1.0, SECOND_NS)
    worker.source.said = CaptureStatistics(kernel_dropped=25, nic_dropped=1)
    assert monitor.tick(2.0, 2 * SECOND_NS).dropped == 21


def test_health_adds_up_the_workers() -> None:
    health = make_monitor(StillWorker("eth0"), StillWorker("eth1")).health(9.0)
    assert (health.state, health.reasons) == ("running", [])
    assert (health.packets, health.flows_active, health.flows_capacity) == (20, 6, 200)
    assert (health.rejected, health.samples_dropped, health.clock_steps) == ({"arp": 4}, 4, 2)
    assert (health.version, health.sensor) == (appliance.__version__, "sensor")
    assert (health.home_networks, health.geo_sources) == (["10.0.0.0/8"], ["a database"])
    assert [entry["name"] for entry in health.interfaces] == ["eth0", "eth1"]
    assert health.rss_bytes > 0


def test_threads_of_one_card_are_one_interface() -> None:
    """Each thread has its own ring, but all read the counters of the same card."""
    workers = [StillWorker(frames=100, kernel_dropped=2, nic_dropped=7) for _ in range(2)]
    health = make_monitor(*workers).health(9.0)
    (entry,) = health.interfaces
    assert (entry["frames"], entry["kernel_dropped"], entry["nic_dropped"]) == (200, 4, 7)
    assert (health.dropped_kernel, health.dropped_nic) == (4, 7)


def test_one_thread_that_is_down_takes_its_interface_with_it() -> None:
    workers = [StillWorker(), StillWorker(up=False, error="eth0 is gone")]
    (entry,) = make_monitor(*workers).health(9.0).interfaces
    assert (entry["up"], entry["error"]) == (False, "eth0 is gone")
    workers.reverse()
    (entry,) = make_monitor(*workers).health(9.0).interfaces
    assert (entry["up"], entry["error"]) == (False, "eth0 is gone")


FULL = TableStatistics(
    **{name: getattr(TABLE, name) for name in TABLE.__struct_fields__} | {"active": 96}
)
BEHIND = ChannelStatistics(items=1, load=9, capacity=100, put=9, taken=0, dropped=4, refused=0)


@pytest.mark.parametrize(
    ("monitor", "word"),
    [
        (make_monitor(StillWorker(up=False, error="eth0 is down")), "eth0 is down"),
        (make_monitor(StillWorker(frames=10_000, kernel_dropped=11)), "11 packets"),
        (make_monitor(StillWorker(frames=10_000, nic_dropped=11)), "11 packets"),
        (make_monitor(StillWorker(), channel=BEHIND), "4 flows"),
        (make_monitor(StillWorker(table=FULL)), "full"),
        (make_monitor(StillWorker(), store=lambda: StoreStatistics(refused=6)), "6 flows"),
        (make_monitor(StillWorker(), store=lambda: StoreStatistics(damaged=("x.db",))), "x.db"),
    ],
    ids=["down", "ring", "card", "queue", "table", "store", "damage"],
)
def test_what_blinds_the_sensor_is_said(monitor: Monitor, word: str) -> None:
    health = monitor.health(9.0)
    assert health.state == "degraded"
    (reason,) = health.reasons
    assert word in reason


def test_a_few_drops_in_millions_are_no_alarm() -> None:
    assert make_monitor(StillWorker(frames=10**6, kernel_dropped=900)).health(9.0).reasons == []


def test_lag_is_of_what_waits() -> None:
    waiting = make_monitor(StillWorker(), channel=ChannelStatistics(
        items=1, load=50, capacity=100, put=50, taken=0, dropped=0, refused=0,
    ))  # fmt: skip
    waiting.lag_s = 7.5
    health = waiting.health(9.0)
    assert (health.lag_s, health.queue_fill) == (7.5, 0.5)
    assert "behind" in health.reasons[0]
    idle = make_monitor(StillWorker())
    idle.lag_s = 7.5
    assert idle.health(9.0).lag_s == 0.0


def test_stopping_is_a_state_of_its_own() -> None:
    monitor = make_monitor(StillWorker(up=False, error="gone"))
    monitor.stopping = True
    assert monitor.health(9.0).state == "stopping"


def test_latest_flows_are_newest_first_and_counted() -> None:
    latest = LatestFlows()
    for start in range(3):
        made = batch([flow(sport=start * 10 + n) for n in range(1, 4)])
        made.ids = [start * 10 + n for n in range(1, 4)]
        latest(made)
    rows, total = latest.collect(wanted=True)
    assert total == 9
    assert [row.src_port for row in rows] == [23, 22, 21, 13, 12, 11, 3, 2, 1]
    assert [row.id for row in rows] == [row.src_port for row in rows]
    assert latest.collect(wanted=True) == ([], 0)


@pytest.mark.parametrize("per_batch", [1, 7, SHOWN_FLOWS, 400])
def test_a_flood_of_flows_keeps_only_what_can_be_read(per_batch: int) -> None:
    latest = LatestFlows()
    for start in range(0, 400, per_batch):
        ports = range(start + 1, min(start + per_batch, 400) + 1)
        latest(batch([flow(sport=port) for port in ports]))
        assert sum(map(len, latest._batches)) < 2 * SHOWN_FLOWS
    rows, total = latest.collect(wanted=True)
    assert total == 400
    assert [row.src_port for row in rows] == list(range(400, 400 - SHOWN_FLOWS, -1))


def test_nobody_watching_costs_nothing_and_is_forgotten() -> None:
    latest = LatestFlows()
    latest(batch([flow()]))
    assert latest.collect(wanted=False) == ([], 1)
    assert latest.collect(wanted=True) == ([], 0)


def test_health_tells_how_detection_is() -> None:
    said = DetectionStatistics(enabled=True, open={"high": 2})
    identity = Identity("sensor", [], 5.0)
    monitor = Monitor(identity, [], lambda: QUIET, StoreStatistics, list, lambda: said)
    assert monitor.health(1.0).detection is said
    assert not make_monitor().health(1.0).detection.enabled
