"""A foreign page must get nothing: not by a name that resolves to us, not by a WebSocket."""

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.api.app import create_app
from appliance.api.guard import Guard


def ask(app: Any, host: str, path: str = "/health") -> httpx.Response:
    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get(path, headers={"host": host})

    return asyncio.run(run())


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8480", "[::1]:1", "LOCALHOST:65535", "[::1]"]
)
def test_own_names_are_answered(world: Any, host: str) -> None:
    assert ask(create_app(world.services), host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8480",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.0.0.2",
        "127.0.0.1@evil.example",
        "localhost:8480.evil.example",
        "::1",
        "",
    ],
)
def test_other_names_are_refused_on_every_path(world: Any, host: str) -> None:
    app = create_app(world.services)
    for path in ("/", "/api/v1/flows", "/nothing"):
        answer = ask(app, host, path)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["instance"] == path
    assert world.reader.asked == []


def test_answers_of_every_kind_carry_the_security_headers(world: Any) -> None:
    app = create_app(world.services)
    for host, path in (
        ("localhost", "/health"),
        ("localhost", "/"),
        ("localhost", "/nothing"),
        ("localhost", "/schema"),
        ("evil.example", "/"),
    ):
        headers = ask(app, host, path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"]
        assert headers["date"] == "Thu, 20 Nov 2025 14:46:40 GMT"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers


def connect(headers: list[tuple[bytes, bytes]]) -> list[dict[str, Any]]:
    """Return what is sent to a WebSocket with these headers; `accept` if it was let through."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/ws", "headers": headers}
    asyncio.run(Guard(app, lambda: 0.0)(scope, None, send))
    return sent


@pytest.mark.parametrize(
    ("host", "origin", "allowed"),
    [
        (b"127.0.0.1:8480", None, True),
        (b"127.0.0.1:8480", b"http://127.0.0.1:8480", True),
        (b"localhost:8480", b"http://LOCALHOST:8480", True),
        (b"[::1]:8480", b"https://[::1]:8480", True),
        (b"127.0.0.1:8480", b"http://127.0.0.1:9999", False),
        (b"127.0.0.1:8480", b"http://localhost:8480", False),
        (b"127.0.0.1:8480", b"http://evil.example", False),
        (b"127.0.0.1:8480", b"null", False),
        (b"127.0.0.1:8480", b"", False),
        (b"evil.example", b"http://evil.example", False),
        (b"evil.example", None, False),
    ],
)
def test_websockets_of_foreign_pages_are_refused(
    host: bytes, origin: bytes | None, allowed: bool
) -> None:
    headers = [(b"host", host)] + ([] if origin is None else [(b"origin", origin)])
    (message,) = connect(headers)
    assert message["type"] == ("websocket.accept" if allowed else "websocket.close")


def test_two_host_headers_or_none_are_refused() -> None:
    assert connect([])[0]["type"] == "websocket.close"
    twice = [(b"host", b"localhost"), (b"host", b"localhost")]
    assert connect(twice)[0]["type"] == "websocket.close"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_refused_without_an_exception(host: bytes, origin: bytes) -> None:
    (message,) = connect([(b"host", host), (b"origin", origin)])
    assert message["type"] == "websocket.close"
