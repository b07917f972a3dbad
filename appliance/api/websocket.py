"""`/ws`: the live feed over a WebSocket, and `ping` answered with `pong`."""

import asyncio
from typing import Any

from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect

from appliance.api.access import services_of
from appliance.api.live import Client
from appliance.api.queries import QueriesBusy

MAX_INBOUND_BYTES = 1_024  # a client has nothing to say but "ping"
SEND_TIMEOUT_S = 30.0  # a client that takes nothing for so long gives its place away
TRY_AGAIN_LATER = 1013  # IANA close code


@websocket("/ws")
async def watch(socket: WebSocket[Any, Any, Any]) -> None:
    """Send `init`, then a `traffic_update` a second, until the client leaves."""
    services = services_of(socket)
    await socket.accept()
    client = services.live.subscribe()
    if client is None:
        await socket.close(code=TRY_AGAIN_LATER, reason="too many dashboards are open")
        return
    try:
        first = await services.live.open(client, services.health())
        await _converse(socket, client, first)
    except QueriesBusy:
        await socket.close(code=TRY_AGAIN_LATER, reason="too many queries are waiting")
    finally:
        services.live.unsubscribe(client)


async def _converse(socket: WebSocket[Any, Any, Any], client: Client, first: str) -> None:
    try:
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(_send(socket, client, first), name="live-send")
            await _answer_pings(socket)
            sending.cancel()
    except* (WebSocketDisconnect, OSError):
        pass  # gone, or silent for SEND_TIMEOUT_S: either way nobody is left to tell


async def _send(socket: WebSocket[Any, Any, Any], client: Client, first: str) -> None:
    text = first
    while True:
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await socket.send_data(text)
        text = await client.take()


async def _answer_pings(socket: WebSocket[Any, Any, Any]) -> None:
    async for text in socket.iter_data(mode="text"):
        if text == "ping":
            await socket.send_data("pong")
