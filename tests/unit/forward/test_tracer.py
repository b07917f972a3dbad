"""The back end may refuse, hang or vanish: nothing waits for it, nothing is lost uncounted."""

import json
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest

from appliance.config.schema import Forward
from appliance.forward import tracer
from appliance.forward.tracer import FlowEventForwarder
from appliance.model.flow import EndReason, FlowBatch
from appliance.runtime.tasks import Threads

Batches = Callable[..., FlowBatch]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "BACKOFF_FIRST_S", 0.001)
    monkeypatch.setattr(tracer, "BACKOFF_LAST_S", 0.002)


def forwarder_for(url: str, **more: Any) -> FlowEventForwarder:
    return FlowEventForwarder(Forward(endpoint_url=url, **more), "sensor-1")


def fail() -> None:
    pytest.fail("the forward thread died")


def test_events_arrive_in_order_one_each_on_one_connection(
    back_end: Any, batch_of: Batches
) -> None:
    forwarder = forwarder_for(back_end.url)
    forwarder.start(Threads(fail))
    for first in range(0, 30, 10):
        forwarder.offer(batch_of(10, first))
    forwarder.close(5)
    assert back_end.ports == [str(50_000 + n) for n in range(30)]
    assert len(set(back_end.peers)) == 1
    assert json.loads(back_end.bodies[0])["hostname"] == "sensor-1"
    found = forwarder.statistics()
    assert (found.offered, found.sent, found.waiting, found.discarded) == (30, 30, 0, 0)
    assert found.up


def test_updates_and_other_protocols_are_not_sent(back_end: Any, batch_of: Batches) -> None:
    forwarder = forwarder_for(back_end.url)
    forwarder.start(Threads(fail))
    forwarder.offer(batch_of(3, proto=1))
    forwarder.offer(batch_of(3, reason=EndReason.ACTIVE))
    forwarder.offer(batch_of(0))
    forwarder.close(5)
    assert back_end.bodies == []
    assert forwarder.statistics().offered == 0


@pytest.mark.parametrize("trouble", [500, 301, 202, 404, "close", "junk"])
def test_anything_but_200_is_tried_again(
    back_end: Any, batch_of: Batches, trouble: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    back_end.script = [trouble, trouble, trouble]
    forwarder = forwarder_for(back_end.url)
    forwarder.start(Threads(fail))
    forwarder.offer(batch_of(2))
    back_end.wait_for(5)
    forwarder.close(5)
    assert back_end.ports == ["50000"] * 4 + ["50001"]
    found = forwarder.statistics()
    assert (found.sent, found.failures, found.up, found.error) == (2, 3, True, "")
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_an_event_the_back_end_will_never_take_does_not_hold_up_the_rest(
    back_end: Any, batch_of: Batches
) -> None:
    back_end.script = [200, 422, 400]
    forwarder = forwarder_for(back_end.url)
    forwarder.start(Threads(fail))
    forwarder.offer(batch_of(4))
    forwarder.close(5)
    assert back_end.ports == ["50000", "50001", "50002", "50003"]
    found = forwarder.statistics()
    assert (found.sent, found.rejected, found.failures) == (2, 2, 0)


def test_nobody_listening_is_told_once_and_the_oldest_give_way(
    batch_of: Batches, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        forwarder = forwarder_for(f"http://127.0.0.1:{closed.getsockname()[1]}/", queue=16)
        forwarder.start(Threads(fail))
        for first in range(100):
            forwarder.offer(batch_of(1, first))
            assert forwarder.statistics().waiting <= 17  # one may be on its way
        while forwarder.statistics().failures < 3:
            threading.Event().wait(0.001)
        assert not forwarder.statistics().up
        assert "refused" in forwarder.statistics().error
        forwarder.close(5)
    found = forwarder.statistics()
    assert (found.offered, found.sent, found.discarded, found.waiting) == (100, 0, 100, 0)
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_newest_survive_a_full_queue(back_end: Any, batch_of: Batches) -> None:
    forwarder = forwarder_for(back_end.url, queue=16)
    for first in range(0, 40, 10):
        forwarder.offer(batch_of(10, first))
    forwarder.offer(batch_of(3, 40))
    assert (forwarder.statistics().waiting, forwarder.statistics().discarded) == (16, 27)
    forwarder.start(Threads(fail))
    forwarder.close(5)
    assert back_end.ports == [str(50_000 + n) for n in range(27, 43)]


def test_a_batch_bigger_than_the_queue_keeps_its_end(back_end: Any, batch_of: Batches) -> None:
    forwarder = forwarder_for(back_end.url, queue=16)
    forwarder.offer(batch_of(100))
    forwarder.start(Threads(fail))
    forwarder.close(5)
    assert back_end.ports == [str(50_000 + n) for n in range(84, 100)]


def test_a_back_end_that_hangs_does_not_hold_up_offers_or_the_end(
    back_end: Any, batch_of: Batches
) -> None:
    back_end.script = ["hang"]
    forwarder = forwarder_for(back_end.url, timeout_s=60)
    forwarder.start(Threads(fail))
    forwarder.offer(batch_of(1))
    back_end.wait_for(1)
    forwarder.offer(batch_of(5, 1))
    forwarder.close(0.01)
    found = forwarder.statistics()
    assert (found.sent, found.discarded, found.waiting) == (0, 6, 0)


def test_a_hang_is_an_outage_after_the_time_limit(back_end: Any, batch_of: Batches) -> None:
    back_end.script = ["hang"]
    forwarder = forwarder_for(back_end.url, timeout_s=0.02)
    forwarder.start(Threads(fail))
    forwarder.offer(batch_of(1))
    back_end.wait_for(2)
    forwarder.close(5)
    found = forwarder.statistics()
    assert (found.sent, found.failures) == (1, 1)


def test_after_the_end_offers_are_counted_as_lost(back_end: Any, batch_of: Batches) -> None:
    forwarder = forwarder_for(back_end.url)
    forwarder.offer(batch_of(2))
    forwarder.close(1)  # never started
    forwarder.offer(batch_of(3))
    forwarder.close(1)
    assert forwarder.statistics().discarded == 5


def test_offers_from_several_threads_add_up(back_end: Any, batch_of: Batches) -> None:
    forwarder = forwarder_for(back_end.url, queue=64)
    forwarder.start(Threads(fail))
    batch = batch_of(4)
    threads = [
        threading.Thread(target=lambda: [forwarder.offer(batch) for _ in range(100)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    forwarder.close(5)
    found = forwarder.statistics()
    assert found.offered == 1_600
    assert found.sent + found.discarded == 1_600
    assert found.sent == len(back_end.bodies) >= 64
