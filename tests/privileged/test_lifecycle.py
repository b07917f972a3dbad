"""The daemon on a wire through reload, crash and restart, and as a go-Tracer agent's successor."""

import http.server
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import talks
from tests.support.daemon import Daemon, ask, clean_environment
from tests.support.live import Row, Watcher, daemon, dial, key_of, network, stored_flows
from tests.support.veth import PATIENCE_S, Pair, inside

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.timeout(400),  # a machine without compiled kernels compiles them first
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
    pytest.mark.skipif(bool(talks.missing_tools()), reason=f"missing: {talks.missing_tools()}"),
]


def wait_for_stored(pair: Pair, port: int, row: Row) -> Row:
    """Ask until a flow is on disk."""
    query = f"/api/v1/flows?port={row['src_port']}"
    deadline_s = time.monotonic() + PATIENCE_S
    while not (found := ask(dial(pair, port), query)["data"]):
        assert time.monotonic() < deadline_s, "never stored"
        time.sleep(0.02)
    flow: Row = found[0]
    return flow


def test_what_was_committed_survives_kill_9(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("x")
    with network() as pair, talks.web_server(pair, tmp_path):
        with daemon(pair, tmp_path, "--set=store.commit_s=0.2") as running:
            port = running.wait_until_ready()
            before = wait_for_stored(pair, port, talks.talk_http(pair))
            talks.talk_http(pair)  # under way when it happens
            running.process.kill()
            assert running.process.wait(PATIENCE_S) == -signal.SIGKILL
        with daemon(pair, tmp_path, "--set=store.commit_s=0.2") as running:
            port = running.wait_until_ready()
            health = ask(dial(pair, port), "/api/v1/health")
            after = wait_for_stored(pair, port, before)
            fresh = wait_for_stored(pair, port, talks.talk_http(pair))
            assert running.terminate() == 0
    assert after == before
    assert fresh["id"] > before["id"]
    assert health["reasons"] == []


def test_sighup_takes_over_what_works_and_refuses_the_rest(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("x")
    file = tmp_path / "config.toml"
    file.write_text("")
    with ExitStack() as stack:
        pair = stack.enter_context(network())
        stack.enter_context(talks.web_server(pair, tmp_path))
        names = talks.NameServer(pair)
        stack.callback(names.close)
        running = stack.enter_context(daemon(pair, tmp_path, "-c", str(file)))
        watcher = stack.enter_context(Watcher(pair, running.wait_until_ready()))
        for text, answer in (
            ("[capture]\nsnaplen = 1\n", "was not reloaded: capture.snaplen = 1 "),
            ('[capture]\nbpf_filter = "no filter"\n', "the old configuration stays: "),
            ('[capture]\nbpf_filter = "tcp port 80"\n', "configuration reloaded"),
        ):
            file.write_text(text)
            running.wait_for_line(answer, after=running.signal(signal.SIGHUP))
            unseen = talks.talk_dns(pair, names)
            watcher.wait_for(**key_of(talks.talk_http(pair)))
        assert running.terminate() == 0
    rows = stored_flows(tmp_path)
    assert [row["service"] for row in rows].count("http") == 3
    assert [row["service"] for row in rows].count("dns") == 2
    assert unseen["src_port"] not in {row["src_port"] for row in rows}


class BackEnd(http.server.ThreadingHTTPServer):
    """Takes flow events at the near end."""

    def __init__(self) -> None:
        self.events: list[Row] = []
        super().__init__(("127.0.0.1", 0), _Ingest)


class _Ingest(http.server.BaseHTTPRequestHandler):
    server: BackEnd

    def do_POST(self) -> None:
        self.server.events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def back_end(pair: Pair) -> Iterator[BackEnd]:
    with inside(pair.near):
        server = BackEnd()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_environment_for_go_tracer_is_understood(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("x" * 5_000)
    with ExitStack() as stack:
        pair = stack.enter_context(network())
        stack.enter_context(talks.web_server(pair, tmp_path))
        names = talks.NameServer(pair)
        stack.callback(names.close)
        collector = stack.enter_context(back_end(pair))
        environment = clean_environment(
            tmp_path,
            AGENT_INTERFACE=pair.near_if,
            AGENT_BPF_FILTER="tcp port 80",
            AGENT_SNAP_LEN="96",
            AGENT_PROMISCUOUS="false",
            AGENT_ENDPOINT_URL=f"http://127.0.0.1:{collector.server_port}/ingest",
            APPLIANCE_API_PORT="0",
        )
        prefix = ("ip", "netns", "exec", pair.near)
        running = stack.enter_context(
            Daemon(tmp_path, ["run"], prefix=prefix, environment=environment)
        )
        running.wait_until_ready()
        talks.talk_dns(pair, names)
        expected = talks.talk_http(pair)
        assert promiscuity(pair) == 0
        assert running.terminate() == 0
    (event,) = collector.events
    (row,) = stored_flows(tmp_path)
    for name in ("src_ip", "dst_ip", "src_port", "dst_port"):
        assert event[name] == str(expected[name])
    assert (event["protocol"], event["interface"], event["direction"]) == ("TCP", "near0", "local")
    # cut frames count in full
    assert row["payload_in"] == expected["payload_in"] > 5_000
    assert event["byte_count"] == row["bytes_out"] + row["bytes_in"]
    assert row["http_host"] == ""  # which lies behind the cut


def promiscuity(pair: Pair) -> int:
    with inside(pair.near):
        links = subprocess.run(
            ["ip", "-d", "-j", "link", "show", pair.near_if],
            check=True, capture_output=True, timeout=10,
        )  # fmt: skip
    return int(json.loads(links.stdout)[0]["promiscuity"])


def test_a_reload_loses_no_packet_and_counts_none_twice(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("")
    with ExitStack() as stack:
        pair = stack.enter_context(network())
        running = stack.enter_context(daemon(pair, tmp_path, "-c", str(file)))
        running.wait_until_ready()
        with inside(pair.near):  # listens, so that nothing is answered
            listener = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            listener.bind((talks.NEAR, 0))
        with inside(pair.far):
            sender = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        said = len(running.lines)
        sent = 0
        deadline_s = time.monotonic() + PATIENCE_S
        while not any("reloaded" in line for line in running.lines[said:]):
            assert time.monotonic() < deadline_s
            if sent == 1_000:
                running.signal(signal.SIGHUP)
            for _ in range(20):
                sender.sendto(b"x" * 100, listener.getsockname())
                sent += 1
            time.sleep(0.002)
        assert running.terminate() == 0
    rows = [row for row in stored_flows(tmp_path) if row["proto"] == "udp"]
    assert len(rows) == 2
    assert sum(row["packets_out"] for row in rows) == sent
