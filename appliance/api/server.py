"""The listening socket, and uvicorn in the loop of whoever calls, without a task of its own."""

import errno
import os
import socket
from typing import Any

import uvicorn

from appliance.api.websocket import MAX_INBOUND_BYTES
from appliance.errors import ConfigError

MAX_CONNECTIONS = 256  # HTTP and WebSocket together; beyond it the answer is 503
BACKLOG = 128
STOP_TIMEOUT_S = 1  # for answers on their way; uvicorn's unit is whole seconds
KEEP_ALIVE_S = 15


class ApiServer:
    """Serves an ASGI application from the running loop.

    port : 0 takes any free port; after `start`, `port` is the one that was taken
    """

    def __init__(self, app: Any, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._socket: socket.socket | None = None
        self._config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,  # uvicorn's is set by a loop that is not run here; guard adds it
            ws="websockets-sansio",
            ws_max_size=MAX_INBOUND_BYTES,
            ws_max_queue=8,
            ws_per_message_deflate=False,  # on loopback bandwidth is free and CPU is not
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=STOP_TIMEOUT_S,
        )
        self._server = uvicorn.Server(self._config)

    @property
    def url(self) -> str:
        """Where to point a browser."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    async def start(self) -> None:
        """Listen; requests are answered as soon as this returns. Raises ConfigError.

        uvicorn's own `serve` is not used: it takes over the signals and polls ten times a second.
        """
        self._socket = listen(self.host, self.port)
        self.port = self._socket.getsockname()[1]
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[self._socket])

    async def stop(self) -> None:
        """Stop listening, let answers finish for STOP_TIMEOUT_S, then cut what is left."""
        if self._socket is None:
            return
        await self._server.shutdown(sockets=[self._socket])
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        self._socket = None


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises ConfigError that names the key to change."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(_explain(error, host, port)) from error


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"api.port: {port} on {host} is used by another program; choose another, or 0"
    if error.errno == errno.EACCES:
        return f"api.port: {port} needs privileges; choose one above 1023, or 0"
    return f"api.host: cannot listen on {host}: {os.strerror(error.errno or 0)}"
