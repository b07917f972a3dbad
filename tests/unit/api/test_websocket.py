"""The live feed over a real socket, with a client that is not ours."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvloop
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from appliance.api import live, websocket
from appliance.api.app import create_app
from appliance.api.server import ApiServer
from appliance.model.alert import Alert, AlertChange
from appliance.model.health import Health, Tick
from appliance.model.views import FlowRow


def serve(world: Any, use: Callable[[ApiServer], Awaitable[None]]) -> None:
    async def run() -> None:
        server = ApiServer(create_app(world.services), "127.0.0.1", 0)
        await server.start()
        try:
            await use(server)
        finally:
            await server.stop()

    uvloop.run(run())


def url(server: ApiServer) -> str:
    return f"ws://127.0.0.1:{server.port}/ws"


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until something is so; the test's time limit ends a vain wait."""
    while not condition():  # noqa: ASYNC110 - what is waited for comes over a socket
        await asyncio.sleep(0)


def test_init_then_updates_in_order_and_pong(world: Any, flow_of: Callable[[int], FlowRow]) -> None:
    async def use(server: ApiServer) -> None:
        world.live.publish(Tick(ts=1), world.health, [], 0)
        async with connect(url(server)) as client:
            first = json.loads(await client.recv())
            assert first["type"] == "init"
            assert [tick["ts"] for tick in first["data"]["history"]] == [1]
            assert len(first["data"]["flows"]) == 50
            for second in range(2, 6):
                world.live.publish(Tick(ts=second), world.health, [flow_of(second)], 1)
            updates = [json.loads(await client.recv()) for _ in range(4)]
            assert {update["type"] for update in updates} == {"traffic_update"}
            assert [update["data"]["tick"]["ts"] for update in updates] == [2, 3, 4, 5]
            for text in ("hello", "PING", "{}"):
                await client.send(text)
            await client.send(b"ping")
            await client.send("ping")
            assert await client.recv() == "pong"
        await until(lambda: not world.live.watched)

    serve(world, use)


def test_a_message_that_is_too_long_ends_the_connection(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        async with connect(url(server)) as client:
            await client.recv()
            await client.send("x" * (websocket.MAX_INBOUND_BYTES + 1))
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009
        await until(lambda: not world.live.watched)

    serve(world, use)


def test_a_page_of_another_site_gets_403(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        with pytest.raises(InvalidStatus) as refused:
            await connect(url(server), origin="http://evil.example")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403
        async with connect(url(server), origin=server.url) as client:  # type: ignore[arg-type]
            assert json.loads(await client.recv())["type"] == "init"

    serve(world, use)


def test_too_many_dashboards_are_told_to_come_later(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MAX_CLIENTS", 2)

    async def use(server: ApiServer) -> None:
        async with connect(url(server)) as one, connect(url(server)) as two:
            await one.recv()
            await two.recv()
            async with connect(url(server)) as three:
                with pytest.raises(ConnectionClosed) as closed:
                    await three.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1013

    serve(world, use)


def test_a_busy_store_turns_a_dashboard_away(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        world.reader.gate.clear()
        for _ in range(8):
            world.queries.submit(lambda reader: reader.stats())
        async with connect(url(server)) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
        assert not world.live.watched

    serve(world, use)


def test_a_fault_of_ours_is_logged_and_the_client_told_a_code(
    world: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world.reader.failure = KeyError("fault")

    async def use(server: ApiServer) -> None:
        async with connect(url(server)) as client:
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4500
        assert "fault" not in closed.value.rcvd.reason
        assert not world.live.watched

    serve(world, use)
    assert "/ws failed" in caplog.text
    assert "fault" in caplog.text


def stalled_client(port: int) -> socket.socket:
    """Open the feed with a small receive buffer and read nothing but the handshake."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.connect(("127.0.0.1", port))
    client.sendall(
        b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    return client


def test_a_stalled_dashboard_is_bounded_and_the_others_go_on(
    world: Any, flow_of: Callable[[int], FlowRow]
) -> None:
    flows = [flow_of(number) for number in range(50, 0, -1)]

    async def use(server: ApiServer) -> None:
        stalled = stalled_client(server.port)
        await until(lambda: world.live.watched)
        (slow,) = world.live._clients
        async with connect(url(server)) as client:
            await client.recv()
            second = 0
            while not slow.merged:
                second += 1
                world.live.publish(Tick(ts=second), Health(), flows, 50)
                assert json.loads(await client.recv())["data"]["tick"]["ts"] == second
            assert slow.waiting == live.QUEUE_MESSAGES
        stalled.close()
        await until(lambda: not world.live.watched)

    serve(world, use)


def test_a_client_that_takes_nothing_gives_its_place_away(
    world: Any, flow_of: Callable[[int], FlowRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "SEND_TIMEOUT_S", 0.02)
    flows = [flow_of(number) for number in range(50, 0, -1)]

    async def use(server: ApiServer) -> None:
        stalled = stalled_client(server.port)
        await until(lambda: world.live.watched)
        while world.live.watched:
            world.live.publish(Tick(ts=1), Health(), flows, 50)
            await asyncio.sleep(0)
        stalled.close()

    serve(world, use)


def test_the_stop_closes_dashboards_in_time(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        stalled = stalled_client(server.port)
        async with connect(url(server)) as client:
            await client.recv()
            began = asyncio.get_running_loop().time()
            await server.stop()
            assert asyncio.get_running_loop().time() - began < 2
            with pytest.raises(ConnectionClosed) as closed:
                await client.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
        stalled.close()
        await until(lambda: not world.live.watched)

    serve(world, use)


def test_an_alert_is_there_at_once(world: Any, alert_of: Callable[..., Alert]) -> None:
    """No second's tick passes: nothing but the alert itself can have brought it."""

    async def use(server: ApiServer) -> None:
        async with connect(url(server)) as client:
            assert json.loads(await client.recv())["type"] == "init"
            loop = asyncio.get_running_loop()
            before = loop.time()
            change = AlertChange(what="raised", alert=alert_of(1))
            loop.call_soon_threadsafe(world.live.publish_alerts, [change])
            message = json.loads(await client.recv())
            assert loop.time() - before < 0.1
            assert message["type"] == "alert"
            assert message["data"]["alert"]["id"] == "A000000000001"

    serve(world, use)
