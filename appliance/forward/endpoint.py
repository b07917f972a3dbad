"""One HTTP address that events are posted to, over one connection that is kept."""

import http.client
import socket
import ssl
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from appliance import __version__
from appliance.errors import ConfigError

MAX_ANSWER_BYTES = 65_536  # an answer that is longer costs its connection

_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": f"tracer-appliance/{__version__}",
}


class Endpoint:
    """Posts JSON. Used by one thread, but for `abort`. Raises ConfigError for an unusable address.

    timeout_s : for connecting, and for each wait for the other side
    """

    def __init__(self, url: str, timeout_s: float) -> None:
        parts = _split(url)
        self.url = url
        self._host = parts.hostname or ""
        self._port = parts.port
        self._target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        self._timeout_s = timeout_s
        self._context = ssl.create_default_context() if parts.scheme == "https" else None
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> int:
        """Send one body and return the status; raises OSError or HTTPException.

        A kept connection may have been closed by the other side meanwhile: then, and only then,
        the body is sent a second time, on a new one.
        """
        kept = self._connection is not None
        try:
            return self._exchange(body)
        except ConnectionError:
            if not kept:
                raise
        return self._exchange(body)

    def close(self) -> None:
        """Close the connection; the next `post` opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def abort(self) -> None:
        """Make a `post` that another thread is waiting in fail now."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):  # it was closed in this very moment
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _exchange(self, body: bytes) -> int:
        whole = False
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request("POST", self._target, body, _HEADERS)
            answer = self._connection.getresponse()
            whole = len(answer.read(MAX_ANSWER_BYTES + 1)) <= MAX_ANSWER_BYTES
            whole = whole and not answer.will_close
            return answer.status
        finally:
            if not whole:
                self.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._context is None:
            return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        return http.client.HTTPSConnection(
            self._host, self._port, timeout=self._timeout_s, context=self._context
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ConfigError(f"forward.endpoint_url: {url!r} is no address: {error}") from error
    if not usable or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigError(f"forward.endpoint_url: {url!r} is not like http://host:8000/ingest")
    if parts.username is not None:
        raise ConfigError("forward.endpoint_url: a user name in the address is not supported")
    return parts
