"""The whole appliance on a wire: real programs talk, and the dashboard's feed shows it in time."""

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
from typing import Any, NamedTuple, Self

import communityid
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from appliance.model.views import FlowFilter
from appliance.store.reader import StoreReader
from tests.support import talks
from tests.support.daemon import Daemon, ask, clean_environment
from tests.support.veth import PATIENCE_S, Pair, inside, veth_pair

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.timeout(400),  # a machine without compiled kernels compiles them first
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
    pytest.mark.skipif(bool(talks.missing_tools()), reason=f"missing: {talks.missing_tools()}"),
]

LINGER_S, IDLE_S = 1.0, 2.0
SHOWN_AFTER_S = 2.0  # of a flow's end
SETTINGS = {
    "api.port": "0",
    "flows.linger_s": str(LINGER_S),
    "flows.udp_idle_s": str(IDLE_S),
    "flows.icmp_idle_s": str(IDLE_S),
    "network.home": f"{talks.NEAR}/32,{talks.NEAR6}/128",
}

Row = dict[str, Any]


class Watcher:
    """A dashboard: keeps every flow of the live feed with the time it came."""

    def __init__(self, pair: Pair, port: int) -> None:
        self.opening: Row = {}
        self.flows: list[tuple[float, Row]] = []  # (s since the epoch, FlowRow)
        self.totals: list[int] = []
        self._changed = threading.Condition()
        self._connecting = connect(f"ws://127.0.0.1:{port}/ws", sock=dial(pair, port))
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._socket = self._connecting.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._connecting.__exit__(None, None, None)
        self._thread.join(PATIENCE_S)

    def find(self, **fields: Any) -> list[tuple[float, Row]]:
        return [(at, row) for at, row in self.flows if fields.items() <= row.items()]

    def wait_for(self, **fields: Any) -> tuple[float, Row]:
        with self._changed:
            assert self._changed.wait_for(lambda: self.find(**fields), PATIENCE_S), (
                fields,
                [row for _, row in self.flows],
            )
        return self.find(**fields)[0]

    def _run(self) -> None:
        try:
            for text in self._socket:
                self._take(json.loads(text), time.time())
        except ConnectionClosed:
            return

    def _take(self, message: Row, now_s: float) -> None:
        with self._changed:
            if message["type"] == "init":
                self.opening = message["data"]
            else:
                self.flows += [(now_s, row) for row in message["data"]["flows"]]
                self.totals.append(message["data"]["flows_total"])
            self._changed.notify_all()


def dial(pair: Pair, port: int) -> socket.socket:
    with inside(pair.near):
        return socket.create_connection(("127.0.0.1", port), PATIENCE_S)


@contextmanager
def daemon(pair: Pair, folder: Path, *arguments: str) -> Iterator[Daemon]:
    settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    command = ("run", "-i", pair.near_if, *settings, *arguments)
    with Daemon(folder, command, prefix=("ip", "netns", "exec", pair.near)) as started:
        yield started


@contextmanager
def network() -> Iterator[Pair]:
    with veth_pair() as pair:
        talks.add_ipv6(pair)
        yield pair


def stored_flows(folder: Path) -> list[Row]:
    reader = StoreReader(folder / "state")
    rows = reader.flows(FlowFilter(limit=1_000)).data
    reader.close()
    return [{name: getattr(row, name) for name in row.__struct_fields__} for row in rows]


class Recording(NamedTuple):
    """What was said on the wire, and what the appliance said about it."""

    expected: dict[str, Row]  # by conversation
    macs: tuple[str, str]  # near, far
    found: dict[str, tuple[float, Row]]
    watcher: Watcher
    health: Row
    exit_code: int
    exit_s: float
    open_port: int  # of the connection that was still open at the end
    stored: list[Row]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("live")
    (folder / "page.html").write_text("x" * 20_000)
    with network() as pair, talks.servers(pair, folder) as names, daemon(pair, folder) as running:
        port = running.wait_until_ready()
        with Watcher(pair, port) as watcher:
            expected = talk(pair, names)
            found = {name: watcher.wait_for(**key_of(row)) for name, row in expected.items()}
            health = ask(dial(pair, port), "/api/v1/health")
            macs = (talks.find_mac(pair.near, "near0"), talks.find_mac(pair.far, "far0"))
            with inside(pair.far):
                left_open = socket.create_connection((talks.NEAR, 80), PATIENCE_S)
            with left_open:
                began_s = time.monotonic()
                exit_code = running.terminate()
                exit_s = time.monotonic() - began_s
                open_port = left_open.getsockname()[1]
    stored = stored_flows(folder)
    return Recording(expected, macs, found, watcher, health, exit_code, exit_s, open_port, stored)


def talk(pair: Pair, names: talks.NameServer) -> dict[str, Row]:
    return {
        "http": talks.talk_http(pair),
        "dns": talks.talk_dns(pair, names),
        "ssh": talks.talk_ssh(pair),
        "iperf3": talks.talk_throughput(pair),
        "ping": talks.talk_ping(pair),
        "ping6": talks.talk_ping6(pair),
    }


def key_of(row: Row) -> Row:
    names = ("src_ip", "src_port", "dst_ip", "dst_port", "proto")
    return {name: row[name] for name in names if name in row}


CONVERSATIONS = ("http", "dns", "ssh", "iperf3", "ping", "ping6")


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_described(recording: Recording, name: str) -> None:
    expected = dict(recording.expected[name])
    _, row = recording.found[name]
    if name == "iperf3":
        del expected["payload_out"]  # see below
    assert {field: row[field] for field in expected} == expected
    macs = recording.macs[:: -1 if expected["direction"] == "inbound" else 1]
    assert (row["src_mac"], row["dst_mac"]) == macs
    assert row["interface"] == "near0"
    assert row["vlan"] == 0
    assert not row["partial"]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_shown_in_time(recording: Recording, name: str) -> None:
    at_s, row = recording.found[name]
    patience_s = LINGER_S if row["proto"] == "tcp" else IDLE_S
    assert -0.1 <= at_s - (row["end"] + patience_s) <= SHOWN_AFTER_S


@pytest.mark.parametrize("name", ["http", "ssh", "iperf3"])
def test_tcp_is_followed_from_handshake_to_end(recording: Recording, name: str) -> None:
    _, row = recording.found[name]
    assert row["history"].startswith("ShA")
    assert {"D", "F", "f"} <= set(row["history"])
    assert 0 < row["rtt_ms"] < 1_000
    assert row["gaps"] == 0
    assert row["reason"] == "closed"


def test_a_transfer_is_counted_to_the_byte(recording: Recording) -> None:
    _, row = recording.found["iperf3"]
    sent = recording.expected["iperf3"]["payload_out"]
    # a probe for a lost tail is sent again on the best of wires
    assert sent <= row["payload_out"] <= sent + row["retrans"] * 65_536
    assert row["packets_out"] * 1_448 >= sent


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_community_id_is_the_reference_librarys(recording: Recording, name: str) -> None:
    _, row = recording.found[name]
    make = {
        "tcp": communityid.FlowTuple.make_tcp,
        "udp": communityid.FlowTuple.make_udp,
        "icmp": communityid.FlowTuple.make_icmp,
        "ipv6-icmp": communityid.FlowTuple.make_icmp6,
    }[row["proto"]]
    ports = row["src_port"], row["dst_port"]
    if name == "ping6":
        ports = (128, 0)  # the library is given type and code
    wanted = communityid.CommunityID().calc(make(row["src_ip"], row["dst_ip"], *ports))
    assert row["community_id"] == wanted


def test_nothing_is_lost(recording: Recording) -> None:
    health = recording.health
    lost = ("dropped_nic", "dropped_kernel", "dropped_queue", "samples_dropped", "flows_evicted")
    assert {name: health[name] for name in lost} == dict.fromkeys(lost, 0)
    assert (health["state"], health["reasons"]) == ("running", [])
    (interface,) = health["interfaces"]
    assert (interface["name"], interface["up"], interface["frames"]) == (
        "near0", True, health["packets"],
    )  # fmt: skip
    assert health["flows_ended"] >= len(CONVERSATIONS)
    assert sum(recording.watcher.totals) == len(recording.watcher.flows)


def test_sigterm_ends_in_order_and_keeps_every_flow(recording: Recording) -> None:
    assert recording.exit_code == 0
    assert recording.exit_s < 10
    stored = {row["flow_id"]: row for row in recording.stored}
    for _, row in recording.watcher.flows:
        kept = stored[row["flow_id"]]
        measured = [name for name, value in row.items() if isinstance(value, float)]
        for name in measured:  # the store keeps microseconds and single precision
            assert kept[name] == pytest.approx(row[name], rel=1e-6, abs=1e-6)
        assert kept == row | {name: kept[name] for name in measured}
    (still_open,) = [row for row in recording.stored if row["src_port"] == recording.open_port]
    assert (still_open["reason"], still_open["state"]) == ("shutdown", "S1")


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
