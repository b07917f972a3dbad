"""The outermost layer: who may ask, and what every answer carries.

There is no authentication yet and the appliance listens on loopback only. What remains is the
browser on the same machine, led by a foreign page: a name of theirs that resolves to us (DNS
rebinding) shows in Host, a WebSocket opened or a change asked for by their page shows in Origin and
Sec-Fetch-Site. All are refused.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import Any, TypeAlias

import msgspec

from appliance.api.problem import MEDIA_TYPE, Problem

Scope: TypeAlias = dict[str, Any]  # ASGI leaves them as loose as this
Message: TypeAlias = dict[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?", re.IGNORECASE)

SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        b"form-action 'none'; object-src 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_NO_STORE = (b"cache-control", b"no-store")
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})  # change nothing here
_OWN_SITES = frozenset({b"same-origin", b"none"})  # none: typed in, or no browser's page


class Guard:
    """Passes a request on to `app` if it may be asked, and completes the answer's headers."""

    def __init__(self, app: Any, now: Callable[[], float]) -> None:
        self._app = app
        self._now = now

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request or WebSocket (ASGI)."""
        refusal = _refuse_host(scope["headers"])
        if scope["type"] == "websocket":
            if not refusal and _is_foreign(scope["headers"]):
                refusal = "Pages of other sites may not watch."
            await (_close(send) if refusal else self._app(scope, receive, send))
            return
        if not refusal and scope["method"] not in _HARMLESS and _is_foreign(scope["headers"]):
            refusal = "Pages of other sites may not change anything."
        answer = self._complete(send, bodiless=scope["method"] == "HEAD")
        if refusal:
            await _send_refusal(answer, refusal, scope["path"])
        else:
            await self._app(_as_get(scope), receive, answer)

    def _complete(self, send: Send, *, bodiless: bool) -> Send:
        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                date = formatdate(self._now(), usegmt=True).encode()
                headers = [*message["headers"], *SECURITY_HEADERS, (b"date", date)]
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
                message["headers"] = headers
            elif message["type"] == "http.response.body" and bodiless:
                message["body"] = b""
            await send(message)

        return complete


def _refuse_host(headers: Headers) -> str:
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    if len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0]):
        return ""
    return "This is reached as localhost, 127.0.0.1 or [::1] only; the Host header says otherwise."


def _is_foreign(headers: Headers) -> bool:
    """Programs send no Origin; a page's browser sends its own, which must be this one."""
    host = next(value.decode("latin-1").lower() for name, value in headers if name == b"host")
    own = {f"http://{host}", f"https://{host}"}
    for name, value in headers:
        if name == b"origin" and value.decode("latin-1").lower() not in own:
            return True
        if name == b"sec-fetch-site" and value.lower() not in _OWN_SITES:
            return True
    return False


def _as_get(scope: Scope) -> Scope:
    """HEAD is answered as GET whose body is not sent (RFC 9110, 9.3.2)."""
    if scope["method"] != "HEAD":
        return scope
    return {**scope, "method": "GET"}


async def _close(send: Send) -> None:
    """Refuse a WebSocket before it is accepted: the server answers 403."""
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _send_refusal(send: Send, detail: str, path: str) -> None:
    problem = Problem(title="Forbidden", status=403, detail=detail, instance=path)
    body = msgspec.json.encode(problem)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
