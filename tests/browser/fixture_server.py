"""A fake sensor for the page: serves dist/ and the API with synthetic data, under a strict policy.

Run it by hand to work on the page: `python tests/browser/fixture_server.py 8481`.
`POST /_fixture/NAME=VALUE` turns a switch: silent, failing, empty, dropping, down.
"""

import asyncio
import contextlib
import ipaddress
import mimetypes
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import uvicorn

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]  # run by its path

from fixture_data import World, traffic  # noqa: E402

from appliance.model.views import FlowRow  # noqa: E402

DIST = Path(__file__).parents[2] / "appliance" / "web" / "dist"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
ATTRIBUTION = [
    {"name": "Example IP data", "link": "https://example.org/data", "licence": "CC BY 4.0"},
    {"name": "Sly", "link": "javascript:window.hacked=3", "licence": ""},
]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

world = World(started=time.time())
switches: dict[str, Any] = {"silent": False, "failing": False}


def matches(row: FlowRow, wanted: dict[str, str]) -> bool:
    """Tell whether a flow passes the filter, as the real store would."""
    ends = (row.src_ip, row.dst_ip)
    tests: dict[str, Callable[[str], bool]] = {
        "address": lambda value: any(within(end, value) for end in ends),
        "port": lambda value: int(value) in (row.src_port, row.dst_port),
        "proto": lambda value: row.proto == value,
        "country": lambda value: value in (row.src_country, row.dst_country),
        "asn": lambda value: int(value) in (row.src_asn, row.dst_asn),
        "name": lambda value: value.lower() in row.name.lower(),
        "state": lambda value: row.state == value,
        "direction": lambda value: row.direction == value,
    }
    return all(test(wanted[key]) for key, test in tests.items() if key in wanted)


def within(address: str, prefix: str) -> bool:
    """Tell whether an address lies in a prefix."""
    return ipaddress.ip_address(address) in ipaddress.ip_network(prefix, strict=False)


def flows(query: dict[str, str]) -> dict[str, Any]:
    """Answer one page of flows."""
    limit, skip = int(query.get("limit", 50)), int(query.get("cursor", 0))
    rows = [] if world.empty else [row for row in reversed(world.flows) if matches(row, query)]
    page = rows[skip : skip + limit]
    more = str(skip + limit) if skip + limit < len(rows) else ""
    return {"count": len(page), "data": page, "next": more}


def listed(rows: list[Any]) -> dict[str, Any]:
    """Wrap a list as the API does."""
    return {"count": len(rows), "data": rows}


def answer(path: str, query: dict[str, str]) -> Any:
    """Return what the API says, None where there is nothing."""
    minutes, step = int(query.get("minutes", 60)), int(query.get("step", 60))
    routes: dict[str, Callable[[], Any]] = {
        "/health": lambda: {"status": "ok"},
        "/api/v1/health": world.health,
        "/api/v1/flows": lambda: flows(query),
        "/api/v1/hosts": lambda: listed(world.hosts()) | {"next": ""},
        "/api/v1/top-ips": lambda: listed(world.talkers()),
        "/api/v1/countries": lambda: listed(world.countries()),
        "/api/v1/traffic": lambda: listed(traffic(minutes, step, world.second)),
        "/api/v1/stats": lambda: {"flows": len(world.flows)},
    }
    if path.startswith("/api/v1/flows/"):
        return next((row for row in world.flows if str(row.id) == path.rpartition("/")[2]), None)
    return routes[path]() if path in routes else None


def turn(text: str) -> None:
    """Turn a switch, "name=value"."""
    name, value = text.split("=")
    number = int(value)
    if name in switches:
        switches[name] = bool(number)
    else:
        setattr(world, name, number if name == "dropping" else bool(number))


async def respond(send: Send, status: int, kind: str, body: bytes) -> None:
    """Send one whole answer."""
    headers = {"content-type": kind, "content-security-policy": POLICY, "cache-control": "no-store"}
    raw = [(key.encode(), value.encode()) for key, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def http(scope: dict[str, Any], send: Send) -> None:
    """Answer the API, then files."""
    path = scope["path"]
    if path.startswith("/_fixture/"):
        turn(path.removeprefix("/_fixture/"))
        await respond(send, 200, "text/plain", b"")
    elif path.startswith(("/api/", "/health")):
        found = answer(path, dict(parse_qsl(scope["query_string"].decode())))
        status = 500 if switches["failing"] else 404 if found is None else 200
        await respond(
            send, status, "application/json", msgspec.json.encode(found if status == 200 else {})
        )
    else:
        file = DIST / ("index.html" if path == "/" else path.lstrip("/"))
        if not file.is_file():
            await respond(send, 404, "text/plain", b"not found")
            return
        kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
        await respond(send, 200, kind, file.read_bytes())


async def say(send: Send, kind: str, data: dict[str, Any]) -> None:
    """Send one message of the stream."""
    await send(
        {
            "type": "websocket.send",
            "text": msgspec.json.encode({"type": kind, "data": data}).decode(),
        }
    )


async def push(send: Send) -> None:
    """Send the beginning, then what is new, once a second."""
    first = {
        "history": world.history(), "health": world.health(), "flows": world.newest(50),
        "top": world.talkers(), "countries": world.countries(), "attribution": ATTRIBUTION,
    }  # fmt: skip
    await say(send, "init", first)
    total = len(world.flows)
    while True:
        await world.passed.wait()
        if switches["silent"]:
            await asyncio.sleep(0.1)
            continue
        fresh, total = world.flows[total:][::-1], len(world.flows)
        data = {
            "tick": world.tick(), "health": world.health(),
            "flows": fresh[:50], "flows_total": len(fresh),
        }  # fmt: skip
        if world.second % 10 == 0:
            data |= {"top": world.talkers(), "countries": world.countries()}
        await say(send, "traffic_update", data)
        await asyncio.sleep(0.1)


async def stream(receive: Receive, send: Send) -> None:
    """Keep one WebSocket until it is closed."""
    await receive()
    await send({"type": "websocket.accept"})
    pushing = asyncio.ensure_future(push(send))
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") == "ping":
            await send({"type": "websocket.send", "text": "pong"})
    pushing.cancel()
    with contextlib.suppress(asyncio.CancelledError, RuntimeError):
        await pushing


async def seconds() -> None:
    """Let the world go on."""
    while True:
        now = time.time()
        await asyncio.sleep(1 - now % 1)
        world.step(float(int(now) + 1))
        world.passed.set()
        await asyncio.sleep(0)  # whoever waits has its turn
        world.passed.clear()


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Speak ASGI."""
    if scope["type"] == "http":
        await http(scope, send)
    elif scope["type"] == "websocket":
        await stream(receive, send)


class Server(uvicorn.Server):
    """Says when it listens, so that nobody has to guess."""

    async def startup(self, sockets: Any = None) -> None:
        """Listen."""
        await super().startup(sockets)
        print("ready", flush=True)


async def main(port: int) -> None:
    """Serve until a signal comes."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    going = asyncio.ensure_future(seconds())
    await Server(config).serve()
    going.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
