"""One real server on loopback: it takes a port, answers, and lets go of it in time."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import uvloop

from appliance.api import server as server_module
from appliance.api.app import create_app
from appliance.api.server import ApiServer, listen
from appliance.errors import ConfigError


def serve(world: Any, use: Callable[[ApiServer], Awaitable[None]], host: str = "127.0.0.1") -> None:
    async def run() -> None:
        server = ApiServer(create_app(world.services), host, 0)
        await server.start()
        try:
            await use(server)
        finally:
            await server.stop()
            await server.stop()

    uvloop.run(run())


def test_it_answers_on_the_port_it_took_and_no_longer_after_the_stop(world: Any) -> None:
    urls = []

    async def use(server: ApiServer) -> None:
        urls.append(server.url)
        async with httpx.AsyncClient(base_url=server.url) as client:
            answers = [await client.get("/api/v1/flows?limit=1") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert "server" not in answers[0].headers
        assert answers[0].headers["date"]
        assert len(answers[0].headers.get_list("date")) == 1

    serve(world, use)
    with pytest.raises(httpx.ConnectError):
        httpx.get(urls[0])


def test_signals_stay_with_the_daemon(world: Any) -> None:
    def handlers() -> list[Any]:
        return [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]

    async def run() -> None:
        before = handlers()
        server = ApiServer(create_app(world.services), "127.0.0.1", 0)
        await server.start()
        during = handlers()
        await server.stop()
        assert before == during == handlers()

    uvloop.run(run())


def test_ipv6_loopback_has_brackets_in_its_address(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        assert server.url == f"http://[::1]:{server.port}"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/health")).status_code == 200

    serve(world, use, "::1")


def test_a_used_port_is_a_sentence_that_names_the_key() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"api\.port: {port} .* used by another program"):
            listen("127.0.0.1", port)


def test_an_address_that_is_not_ours_is_a_sentence_too() -> None:
    with pytest.raises(ConfigError, match=r"api\.host: cannot listen on 203\.0\.113\.1"):
        listen("203.0.113.1", 0)


def test_what_is_not_http_gets_400_and_the_server_lives_on(world: Any) -> None:
    async def use(server: ApiServer) -> None:
        for junk in (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", bytes(100)):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(junk + b"\r\n\r\n")
            assert b" 400 " in (await reader.readline()) + await reader.read()
            writer.close()
            await writer.wait_closed()
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{server.url}/health")).status_code == 200

    serve(world, use)


def test_a_query_that_hangs_does_not_hold_up_the_stop(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "STOP_TIMEOUT_S", 0)
    world.reader.gate.clear()
    hanging: list[socket.socket] = []

    async def use(server: ApiServer) -> None:
        client = socket.create_connection(("127.0.0.1", server.port))
        hanging.append(client)
        client.sendall(b"GET /api/v1/flows HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not world.queries.statistics().waiting:  # noqa: ASYNC110 - it comes over a socket
            await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        await server.stop()
        assert asyncio.get_running_loop().time() - began < 2

    serve(world, use)
    hanging[0].close()
