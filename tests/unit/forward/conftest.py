"""Flows made by hand, and a tiny HTTP server that behaves as badly as it is told to."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

from appliance.model.address import parse_address
from appliance.model.flow import FLOW_DTYPE, Direction, EndReason, FlowBatch


def fill(flow: Any, number: int = 0, **changes: Any) -> None:
    """Make one record a finished HTTPS flow of 192.168.1.20."""
    for side, address, port in (("orig", "192.168.1.20", 50_000), ("resp", "203.0.113.7", 443)):
        hi, lo = parse_address(address)
        flow[side]["addr_hi"], flow[side]["addr_lo"], flow[side]["port"] = hi, lo, port
    flow["orig"]["port"] += number
    flow["orig"]["packets"], flow["resp"]["packets"] = 3, 5
    flow["orig"]["bytes"], flow["resp"]["bytes"] = 400, 4_000
    flow["proto"], flow["direction"] = 6, Direction.OUTBOUND
    flow["first_ns"], flow["last_ns"] = 1_763_640_000_500_000_000, 1_763_640_001_750_000_999
    flow["reason"] = EndReason.CLOSED
    for name, value in changes.items():
        flow[name] = value


def make_batch(count: int, first: int = 0, **changes: Any) -> FlowBatch:
    flows = np.zeros(count, FLOW_DTYPE)
    for index in range(count):
        fill(flows[index], first + index, **changes)
    return FlowBatch(flows, ("eth0",))


class QuietServer(ThreadingHTTPServer):
    """Says nothing about clients that leave in the middle of an answer."""

    daemon_threads = False

    def handle_error(self, *_: Any) -> None:
        assert isinstance(sys.exc_info()[1], ConnectionError)


class BackEnd:
    """Answers by a script, one word or status a request, 200 when the script is over.

    close: the connection is closed without an answer; hang: no answer until `release`;
    leave: 200, and the connection is closed afterwards without a warning; huge: 200 and 200 kB;
    junk: what is no HTTP.
    """

    def __init__(self) -> None:
        self.script: list[int | str] = []
        self.bodies: list[bytes] = []
        self.headers: list[Any] = []
        self.peers: list[int] = []
        self.changed = threading.Condition()
        self.released = threading.Event()
        self._server = QuietServer(("127.0.0.1", 0), self._make_handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/ingest"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.005,))
        self._thread.start()

    def _make_handler(back_end: Any) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5
            disable_nagle_algorithm = True  # else each answer takes 40 ms

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with back_end.changed:
                    back_end.bodies.append(body)
                    back_end.headers.append((self.path, dict(self.headers)))
                    back_end.peers.append(self.client_address[1])
                    action = back_end.script.pop(0) if back_end.script else 200
                    back_end.changed.notify_all()
                self.act(action)

            def act(self, action: int | str) -> None:
                if action == "hang":
                    back_end.released.wait(5)
                if action in ("close", "hang"):
                    self.close_connection = True
                elif action == "junk":
                    self.wfile.write(b"\xff\x00 this is no HTTP\r\n\r\n")
                    self.close_connection = True
                else:
                    self.answer(action)

            def answer(self, action: int | str) -> None:
                body = b'{"id": 1}' if action != "huge" else bytes(200_000)
                self.send_response(action if isinstance(action, int) else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except ConnectionError:
                    self.close_connection = True
                if action == "leave":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    @property
    def ports(self) -> list[str]:
        """Return the source port of each event that came, in order."""
        return [json.loads(body)["src_port"] for body in self.bodies]

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bodies) >= count, 5)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def back_end() -> Iterator[BackEnd]:
    made = BackEnd()
    yield made
    made.close()


@pytest.fixture
def batch_of() -> Callable[..., FlowBatch]:
    return make_batch
