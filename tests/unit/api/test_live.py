"""The feed: a slow dashboard costs a bounded amount of memory and loses nothing uncounted."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import wait
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api import examples
from appliance.api.live import (
    HISTORY_TICKS,
    MAX_CLIENTS,
    QUEUE_ALERTS,
    QUEUE_MESSAGES,
    SHOWN_ALERTS,
    SHOWN_FLOWS,
    Client,
    Message,
    Update,
    merge,
)
from appliance.api.queries import QueriesBusy
from appliance.errors import StoreError
from appliance.model.alert import Alert, AlertChange
from appliance.model.health import Health, Tick
from appliance.model.views import FlowRow


def take_all(client: Client) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        return [json.loads(await client.take())["data"] for _ in range(client.waiting)]

    return asyncio.run(run())


def settle(world: Any) -> None:
    """Wait until the summary the feed asked for is there."""
    if world.live._summary is not None:
        wait([world.live._summary], 5)


def publish(world: Any, second: int, flows: list[FlowRow] | None = None) -> None:
    shown = flows or []
    world.live.publish(Tick(ts=second), Health(packets=second), shown, len(shown))


def test_messages_come_in_order_and_once(world: Any, flow_of: Callable[[int], FlowRow]) -> None:
    client = world.live.subscribe()
    for second in range(1, 6):
        publish(world, second, [flow_of(second)])
    received = take_all(client)
    assert [update["tick"]["ts"] for update in received] == [1, 2, 3, 4, 5]
    assert [update["flows"][0]["id"] for update in received] == [1, 2, 3, 4, 5]
    assert client.waiting == 0


def test_one_text_serves_all_clients(world: Any) -> None:
    clients = [world.live.subscribe() for _ in range(3)]
    publish(world, 1)

    async def run() -> list[str]:
        return [await client.take() for client in clients]

    texts = asyncio.run(run())
    assert texts[0] is texts[1] is texts[2]


def test_a_client_that_stalls_holds_a_bounded_number_of_messages(
    world: Any, flow_of: Callable[[int], FlowRow]
) -> None:
    slow = world.live.subscribe()
    for second in range(1, 1_001):
        publish(world, second, [flow_of(second * 100 + n) for n in range(30, 0, -1)])
        assert slow.waiting <= QUEUE_MESSAGES
    received = take_all(slow)
    seconds = [update["tick"]["ts"] for update in received]
    assert seconds == [1, 2, 3, 4, 5, 6, 7, 1_000]
    last = received[-1]
    assert last["flows_total"] == 993 * 30
    assert len(last["flows"]) == SHOWN_FLOWS
    ids = [flow["id"] for flow in last["flows"]]
    assert ids == sorted(ids, reverse=True)
    assert ids[0] == 100_030
    assert world.live.statistics().merged == 992


def test_a_slow_client_does_not_touch_what_others_get(world: Any) -> None:
    world.live.subscribe()
    for second in range(1, 50):
        publish(world, second)
    quick = world.live.subscribe()
    publish(world, 50)
    assert [update["tick"]["ts"] for update in take_all(quick)] == [50]


@given(st.lists(st.integers(0, 70), min_size=1, max_size=12))
def test_merging_keeps_the_newest_and_counts_the_rest(counts: list[int]) -> None:
    next_id = 0
    updates = []
    for second, count in enumerate(counts):
        ids = range(next_id + count, next_id, -1)
        next_id += count
        flows = [_bare(number) for number in ids][:SHOWN_FLOWS]
        updates.append(
            Update(tick=Tick(ts=second), health=Health(), flows=flows, flows_total=count)
        )
    merged = updates[0]
    for update in updates[1:]:
        merged = merge(merged, update)
    assert merged.tick.ts == len(counts) - 1
    assert merged.flows_total == sum(counts)
    assert len(merged.flows) <= SHOWN_FLOWS
    newest = [flow.id for flow in merged.flows]
    assert newest == sorted(newest, reverse=True)
    assert set(newest) >= {flow.id for flow in updates[-1].flows}


def _bare(number: int) -> FlowRow:
    flow = examples.FLOW
    return type(flow)(
        **{name: getattr(flow, name) for name in flow.__struct_fields__} | {"id": number}
    )


def test_merging_keeps_the_latest_summary() -> None:
    def update(second: int, **more: Any) -> Update:
        return Update(tick=Tick(ts=second), health=Health(), flows=[], flows_total=0, **more)

    merged = merge(update(1, top=[examples.TALKER], countries=[]), update(2))
    assert merged.top == [examples.TALKER]
    assert json.loads(Message(merged).text)["data"]["countries"] == []
    assert merge(merged, update(3, top=[])).top == []


def test_only_so_many_flows_are_sent_and_the_rest_is_counted(
    world: Any, flow_of: Callable[[int], FlowRow]
) -> None:
    client = world.live.subscribe()
    world.live.publish(Tick(ts=1), Health(), [flow_of(n) for n in range(900, 0, -1)], 900)
    (update,) = take_all(client)
    assert len(update["flows"]) == SHOWN_FLOWS
    assert update["flows"][0]["id"] == 900
    assert update["flows_total"] == 900


def test_nothing_is_asked_or_kept_while_nobody_watches(world: Any) -> None:
    for second in range(1_000):
        publish(world, second)
    assert not world.live.watched
    assert world.reader.asked == []
    assert len(world.live._history) == HISTORY_TICKS


def test_the_summary_comes_every_ten_seconds(world: Any) -> None:
    client = world.live.subscribe()
    with_summary = []
    for second in range(1, 32):
        publish(world, second)
        settle(world)
        (update,) = take_all(client)
        if "top" in update:
            assert update["top"][0]["org"] == "Example Networks"
            assert update["countries"] == [{"country": "DE", "flows": 1, "bytes": 2}]
            with_summary.append(second)
        assert ("top" in update) == ("countries" in update)
    assert with_summary == [2, 12, 22]
    assert sum(question[0] == "top" for question in world.reader.asked) == 4


@pytest.mark.parametrize(("failure", "lines"), [(StoreError("gone"), 0), (KeyError("fault"), 1)])
def test_a_summary_that_fails_is_left_out_and_a_fault_is_logged(
    world: Any, failure: Exception, lines: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.live.subscribe()
    world.reader.failure = failure
    for second in range(1, 4):
        publish(world, second)
        settle(world)
    assert all("top" not in update for update in take_all(client))
    assert caplog.text.count("the live summary failed") == lines


def test_a_busy_store_delays_the_summary(world: Any) -> None:
    client = world.live.subscribe()
    world.reader.gate.clear()
    jobs = [world.queries.submit(lambda reader: reader.stats()) for _ in range(8)]
    publish(world, 1)
    world.reader.gate.set()
    wait(jobs, 5)
    for second in (2, 3):
        publish(world, second)
        settle(world)
    assert ["top" in update for update in take_all(client)] == [False, False, True]


def open_for(world: Any, client: Client) -> dict[str, Any]:
    text = asyncio.run(world.live.open(client, world.health))
    message = json.loads(text)
    assert message["type"] == "init"
    return message["data"]


def test_the_opening_has_everything_and_swallows_what_was_queued(
    world: Any, flow_of: Callable[[int], FlowRow]
) -> None:
    for second in range(1, 400):
        publish(world, second)
    client = world.live.subscribe()
    publish(world, 400, [flow_of(101), flow_of(100)])  # 100 is in the store, 101 not yet
    opening = open_for(world, client)
    assert [tick["ts"] for tick in opening["history"]] == list(range(101, 401))
    assert [flow["id"] for flow in opening["flows"]] == list(range(101, 51, -1))
    assert opening["health"]["state"] == "running"
    assert opening["top"][0]["ip"] == "203.0.113.7"
    assert opening["countries"][0]["country"] == "DE"
    assert opening["attribution"] == [
        {"name": "DB", "link": "https://example.org", "licence": "CC BY 4.0"}
    ]
    assert client.waiting == 0


def test_the_opening_works_without_a_store(world: Any) -> None:
    publish(world, 1)
    client = world.live.subscribe()
    world.reader.failure = StoreError("gone")
    opening = open_for(world, client)
    assert (opening["flows"], opening["top"], opening["countries"]) == ([], [], [])
    assert len(opening["history"]) == 1


def test_the_opening_says_when_too_many_queries_wait(world: Any) -> None:
    client = world.live.subscribe()
    world.reader.gate.clear()
    for _ in range(8):
        world.queries.submit(lambda reader: reader.stats())
    with pytest.raises(QueriesBusy):
        open_for(world, client)


def test_only_so_many_clients_and_room_comes_back(world: Any) -> None:
    clients = [world.live.subscribe() for _ in range(MAX_CLIENTS)]
    assert all(clients)
    assert world.live.subscribe() is None
    assert world.live.statistics().refused == 1
    world.live.unsubscribe(clients[0])
    world.live.unsubscribe(clients[0])
    assert world.live.subscribe() is not None
    assert world.live.statistics().clients == MAX_CLIENTS


def tell(world: Any, *alerts: Alert, what: str = "raised") -> None:
    world.live.publish_alerts([AlertChange(what=what, alert=alert) for alert in alerts])


def take_messages(client: Client) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        found = []
        while client.waiting:
            found.append(json.loads(await client.take()))
        return found

    return asyncio.run(run())


def test_an_alert_overtakes_the_seconds_that_wait(
    world: Any, alert_of: Callable[..., Alert]
) -> None:
    client = world.live.subscribe()
    publish(world, 1)
    publish(world, 2)
    one = alert_of(1)
    tell(world, one)
    one.severity = "low"  # what was said is what was so
    tell(world, alert_of(2), what="escalated")
    messages = take_messages(client)
    kinds = [message["type"] for message in messages]
    assert kinds == ["alert", "alert", "traffic_update", "traffic_update"]
    assert [message["data"]["what"] for message in messages[:2]] == ["raised", "escalated"]
    assert messages[0]["data"]["alert"]["severity"] == "high"
    assert messages[0]["data"]["incident"] is None


def test_one_text_of_an_alert_serves_all_clients(
    world: Any, alert_of: Callable[..., Alert]
) -> None:
    clients = [world.live.subscribe() for _ in range(3)]
    tell(world, alert_of(1))

    async def run() -> list[str]:
        return [await client.take() for client in clients]

    texts = asyncio.run(run())
    assert texts[0] is texts[1] is texts[2]


def test_a_flood_of_alerts_is_bounded_and_said(world: Any, alert_of: Callable[..., Alert]) -> None:
    slow = world.live.subscribe()
    for number in range(QUEUE_ALERTS + 36):
        tell(world, alert_of(number))
        assert slow.waiting <= QUEUE_ALERTS
    assert world.live.statistics().missed == 36
    first, *others = take_messages(slow)
    assert first == {"type": "alerts_missed", "data": {"count": 36}}
    ids = [message["data"]["alert"]["id"] for message in others]
    assert ids == [f"A{number:012}" for number in range(36, QUEUE_ALERTS + 36)]
    tell(world, alert_of(5))
    assert [message["type"] for message in take_messages(slow)] == ["alert"]
    world.live.unsubscribe(slow)
    assert world.live.statistics().missed == 36
    assert world.live.statistics().alerts == QUEUE_ALERTS + 37


def test_the_opening_has_open_alerts_also_those_not_stored_yet(
    world: Any, alert_of: Callable[..., Alert]
) -> None:
    late = 1_763_650_100.0
    tell(world, alert_of(500, ts=late), alert_of(9, ts=late, state="closed"))
    client = world.live.subscribe()
    tell(world, alert_of(501, ts=late + 1))
    opening = open_for(world, client)
    ids = [alert["id"] for alert in opening["alerts"]]
    assert ids[:3] == ["A000000000501", "A000000000500", "A000000000008"]
    assert "A000000000009" not in ids
    assert opening["alert_counts"] == {"high": 9}
    assert client.waiting == 1  # it is said again: nothing is lost between the two


def test_the_opening_is_bounded(world: Any, alert_of: Callable[..., Alert]) -> None:
    for number in range(300):
        tell(world, alert_of(number))
    client = world.live.subscribe()
    assert len(open_for(world, client)["alerts"]) == SHOWN_ALERTS
    assert len(world.live._latest) == SHOWN_ALERTS
    world.reader.failure = StoreError("gone")
    opening = open_for(world, client)
    assert len(opening["alerts"]) == SHOWN_ALERTS
    assert opening["alert_counts"]["critical"] == 0
