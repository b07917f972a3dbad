"""Requests to the whole application, without a socket."""

import asyncio
from typing import Any

import httpx

from appliance.api.app import create_app

BASE = "http://127.0.0.1:8480"


def ask(world: Any, *paths: str, method: str = "GET", **more: Any) -> list[httpx.Response]:
    """Return the answers to several requests, made one after the other."""

    async def run() -> list[httpx.Response]:
        app = create_app(world.services)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return [await client.request(method, path, **more) for path in paths]

    return asyncio.run(run())


def get(world: Any, path: str) -> Any:
    (answer,) = ask(world, path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
