"""The built-in network from the command line: the daemon, who asks it, and its back end."""

import csv
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.daemon import ROOT, Daemon, clean_environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),  # a machine without compiled kernels compiles them first
]

PATIENCE_S = 30.0
SETTINGS = ("flows.linger_s=0.5", "flows.udp_idle_s=1", "store.commit_s=0.2", "api.port=0")


class BackEnd(ThreadingHTTPServer):
    """Takes flow events as TracerAI does."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.changed = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Ingest)

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.events) >= count, PATIENCE_S)


class _Ingest(BaseHTTPRequestHandler):
    server: BackEnd
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.changed:
            self.server.events.append(event)
            self.server.changed.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def back_end() -> Iterator[BackEnd]:
    with BackEnd() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Demo(NamedTuple):
    """The running demonstration."""

    daemon: Daemon
    folder: Path
    port: int

    def ask(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run another command beside it."""
        known = {"APPLIANCE_API_PORT": str(self.port)} | variables
        return subprocess.run(
            [sys.executable, "-m", "appliance", *arguments], cwd=ROOT, check=False, text=True,
            env=clean_environment(self.folder, **known), capture_output=True, timeout=PATIENCE_S,
        )  # fmt: skip


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, back_end: BackEnd) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"http://127.0.0.1:{back_end.server_port}/ingest"
    arguments = ("demo", *(f"--set={setting}" for setting in SETTINGS))
    environment = clean_environment(folder, AGENT_ENDPOINT_URL=url)
    with Daemon(folder, arguments, environment=environment) as daemon:
        port = daemon.wait_until_ready()
        back_end.wait_for(20)
        yield Demo(daemon, folder, port)


def test_status_tells_how_it_is(demo: Demo) -> None:
    text = demo.ask("status")
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.startswith("state       running\n")
    health = json.loads(demo.ask("status", "-o", "json").stdout)
    assert (health["state"], health["reasons"]) == ("running", [])
    assert health["interfaces"][0]["name"] == "demo0"
    assert health["packets"] > 100
    assert health["dropped_queue"] == health["dropped_kernel"] == 0
    assert 0 < health["rss_bytes"] < 400e6


def test_flows_are_listed(demo: Demo) -> None:
    answer = demo.ask("flows", "list", "-o", "json", "--limit", "15")
    assert (answer.returncode, answer.stderr) == (0, "")
    page = json.loads(answer.stdout)
    assert page["count"] == len(page["data"]) == 15
    assert {row["interface"] for row in page["data"]} == {"demo0"}
    only = json.loads(demo.ask("flows", "list", "-o", "json", "--proto", "udp").stdout)
    assert {row["proto"] for row in only["data"]} == {"udp"}
    refused = demo.ask("flows", "list", "--state", "NONE")
    assert refused.returncode == 1
    assert "state" in refused.stderr


def test_hosts_are_listed(demo: Demo) -> None:
    answer = demo.ask("hosts", "list", "-o", "csv")
    rows = list(csv.DictReader(answer.stdout.splitlines()))
    assert {"True", "False"} >= {row["local"] for row in rows}
    assert any(row["name"] and row["ip"].startswith("192.168.20.") for row in rows)


def test_the_back_end_is_told_what_the_list_shows(demo: Demo, back_end: BackEnd) -> None:
    back_end.wait_for(20)
    event = back_end.events[5]
    query = ("--src", event["src_ip"], "--port", event["src_port"], "--limit", "5")
    rows = json.loads(demo.ask("flows", "list", "-o", "json", *query).stdout)["data"]
    assert event["byte_count"] in [row["bytes_out"] + row["bytes_in"] for row in rows]
    assert event["protocol"] in {"TCP", "UDP"}
    assert event["interface"] == "demo0"


def test_its_end_leaves_a_store_that_can_be_read(demo: Demo, back_end: BackEnd) -> None:
    """Runs last: it ends the demonstration."""
    assert demo.daemon.terminate() == 0
    events = len(back_end.events)
    status = demo.ask("status")
    assert status.returncode == 1
    assert "not running" in status.stderr
    store = str(demo.folder / "state" / "demo")
    answer = demo.ask(
        "flows", "list", "-o", "ndjson", "--limit", "9999", APPLIANCE_STORE_PATH=store
    )
    assert f"not running, reading {store}" in answer.stderr
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    assert "shutdown" in {row["reason"] for row in rows}
    told = [row for row in rows if row["proto"] in {"tcp", "udp"}]
    assert events == len(told)
    assert not [line for line in demo.daemon.lines if "<3>" in line or "<4>" in line]


def test_a_second_one_does_not_write_to_the_same_store(tmp_path: Path) -> None:
    arguments = ("demo", *(f"--set={setting}" for setting in SETTINGS))
    with Daemon(tmp_path, arguments) as first:
        first.wait_until_ready()
        with Daemon(tmp_path, arguments) as second:
            second.wait_for_line("another process writes to the store")
            assert second.process.wait(PATIENCE_S) == 1
        first.signal(signal.SIGINT)
        assert first.process.wait(PATIENCE_S) == 0
