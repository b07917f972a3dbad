import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from appliance.cli.entry import main

ROWS = [{"ip": f"10.0.0.{n}", "flows": n} for n in range(5)]


class Daemon(ThreadingHTTPServer):
    """Answers as the API does, two rows a page."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        start = int(query.get("cursor", "0"))
        end = start + min(2, int(query["limit"]))
        data = ROWS[start:end]
        return {"count": len(data), "data": data, "next": str(end) if end < len(ROWS) else ""}


class _Handler(BaseHTTPRequestHandler):
    server: Daemon

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self.server.asked.append((url.path, query))
        health = {"state": "degraded", "reasons": ["eth0 is down"]}
        body = json.dumps(
            health if url.path == "/api/v1/health" else self.server.page(query)
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    with Daemon() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        monkeypatch.setenv("APPLIANCE_API_PORT", str(server.server_port))
        yield server
        server.shutdown()
        thread.join(5)


def test_status_shows_a_degraded_appliance(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 0
    assert capsys.readouterr().out.startswith("state       degraded\n            eth0 is down\n")
    assert main(["status", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "degraded"


def test_list_follows_the_pages_to_the_limit(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["hosts", "list", "-o", "ndjson", "--limit", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines] == ROWS[:3]
    assert daemon.asked == [
        ("/api/v1/hosts", {"since": "0.0", "limit": "3"}),
        ("/api/v1/hosts", {"since": "0.0", "limit": "1", "cursor": "2"}),
    ]


def test_list_ends_with_the_last_page(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["hosts", "list", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"count": 5, "data": ROWS}


def test_filters_reach_the_api(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    line = "flows list -o csv --address 10.0.0.0/8 --port 443 --asn 0 --name ex --since 1700000000"
    assert main(line.split()) == 0
    assert capsys.readouterr().out.startswith("ip,flows\n10.0.0.0,0\n")
    path, query = daemon.asked[0]
    assert path == "/api/v1/flows"
    assert query == {
        "address": "10.0.0.0/8",
        "port": "443",
        "asn": "0",
        "name": "ex",
        "since": "1700000000.0",
        "limit": "50",
    }


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        port = server.server_port
    monkeypatch.setenv("APPLIANCE_API_PORT", str(port))


@pytest.mark.usefixtures("nobody")
def test_status_without_a_daemon_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 1
    assert "not running" in capsys.readouterr().err


@pytest.mark.usefixtures("nobody")
def test_list_without_daemon_and_store_fails(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APPLIANCE_STORE_PATH", str(tmp_path / "none"))
    assert main(["flows", "list"]) == 1
    assert f"there is no store in {tmp_path / 'none'}" in capsys.readouterr().err
