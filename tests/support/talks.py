"""Real programs talking between two namespaces, and what a sensor must say about each.

The near end is 10.99.0.1 and fd99::1, the far end 10.99.0.2 and fd99::2.
"""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.veth import PATIENCE_S, Pair, inside, ip

NEAR, FAR = "10.99.0.1", "10.99.0.2"
NEAR6, FAR6 = "fd99::1", "fd99::2"
TOOLS = ("curl", "dig", "iperf3", "ping", "ssh-keygen", "ssh-keyscan", "sshd")
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"

Row = dict[str, Any]


def find_tool(name: str) -> str:
    """Return the path of a program; "" if it is not there."""
    return shutil.which(name, path=_PATH) or ""


def missing_tools() -> str:
    """Return the names of the programs this machine lacks."""
    return ", ".join(name for name in TOOLS if not find_tool(name))


def add_ipv6(pair: Pair) -> None:
    """Give both ends an IPv6 address, and the near one its loopback."""
    ip("-n", pair.near, "link", "set", "lo", "up")
    ends = ((pair.near, pair.near_if, NEAR6), (pair.far, pair.far_if, FAR6))
    for namespace, name, address in ends:
        with inside(namespace):
            Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("0")
        ip("-n", namespace, "addr", "add", f"{address}/64", "dev", name, "nodad")


def find_mac(namespace: str, name: str) -> str:
    """Return an interface's hardware address."""
    with inside(namespace):
        links = subprocess.run(
            ["ip", "-j", "link", "show", name], check=True, capture_output=True, timeout=10
        )
    return str(json.loads(links.stdout)[0]["address"])


def run_in(namespace: str, tool: str, *arguments: str) -> str:
    """Run a program in a namespace to its end; returns what it said on both streams."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, find_tool(tool), *arguments],
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


class _Pages(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def web_server(pair: Pair, folder: Path) -> Iterator[None]:
    """Serve a folder at the near end, as `python -m http.server` does."""
    with inside(pair.near):
        server = ThreadingHTTPServer(
            (NEAR, 80), lambda *given: _Pages(*given, directory=str(folder))
        )
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class NameServer:
    """Answers every question for an address at the far end with 198.51.100.7."""

    def __init__(self, pair: Pair) -> None:
        self.sizes: list[tuple[int, int]] = []  # of each question and its answer, bytes
        self.ports: list[int] = []  # who asked
        with inside(pair.far):
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.bind((FAR, 53))
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        with contextlib.suppress(OSError):  # says that it is not connected, and wakes the reader
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        while True:
            try:
                question, client = self._socket.recvfrom(512)
            except OSError:
                return
            if not question:
                return
            answer = question[:2] + b"\x81\x80" + question[4:6] + b"\0\1\0\0\0\0" + question[12:]
            answer += bytes.fromhex("c00c000100010000003c0004c6336407")
            self.sizes.append((len(question), len(answer)))
            self.ports.append(client[1])
            self._socket.sendto(answer, client)


@contextmanager
def ssh_server(pair: Pair, folder: Path) -> Iterator[None]:
    """Run sshd at the near end with a key made for the occasion."""
    key = folder / "host_key"
    subprocess.run([find_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(key)],
                   check=True, timeout=PATIENCE_S)  # fmt: skip
    # sshd insists on a directory under /run; `ip netns exec` gives it mounts of its own
    script = 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec "$@"'
    options = ("-o", f"HostKey={key}", "-o", "PidFile=none", "-o", f"ListenAddress={NEAR}:22")
    with _serving(
        pair, "sh", "-c", script, "sh", find_tool("sshd"), "-D", "-e", "-f", "/dev/null", *options
    ) as listening:
        listening("Server listening")
        yield


@contextmanager
def throughput_server(pair: Pair) -> Iterator[None]:
    """Run iperf3 at the near end for one test."""
    with _serving(pair, find_tool("iperf3"), "-s", "-1", "--forceflush", "-B", NEAR) as listening:
        listening("Server listening")
        yield


@contextmanager
def _serving(pair: Pair, *command: str) -> Iterator[Callable[[str], None]]:
    """Run a server; yields a function that waits for a line it says when it listens."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", pair.near, *command],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []

    def listening(text: str) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if text in line:
                return
        raise AssertionError("".join(said))

    try:
        yield listening
    finally:
        process.kill()
        process.wait(PATIENCE_S)
        process.stdout.close()


@contextmanager
def servers(pair: Pair, folder: Path) -> Iterator[NameServer]:
    """Run all servers."""
    with ExitStack() as stack:
        stack.enter_context(web_server(pair, folder))
        stack.enter_context(ssh_server(pair, folder))
        stack.enter_context(throughput_server(pair))
        names = NameServer(pair)
        stack.callback(names.close)
        yield names


def talk_http(pair: Pair, page: str = "page.html") -> Row:
    """curl, far to near."""
    figures = run_in(
        pair.far, "curl", "-sS", "-o", "/dev/null", "-A", "tracer-test/1.0",
        "-H", "Host: www.example.org", "-w",
        "%{local_port} %{size_request} %{size_header} %{size_download}", f"http://{NEAR}/{page}",
    )  # fmt: skip
    port, request, header, body = map(int, figures.split())
    return _inbound("tcp", (port, 80)) | {
        "state": "SF", "service": "http", "http_host": "www.example.org",
        "user_agent": "tracer-test/1.0", "payload_out": request, "payload_in": header + body,
    }  # fmt: skip


def talk_dns(pair: Pair, names: NameServer) -> Row:
    """dig, near to far."""
    answer = run_in(
        pair.near, "dig", f"@{FAR}", "db.example.org", "A", "+noedns", "+short", "+tries=1"
    )
    assert answer.strip() == "198.51.100.7"
    return {
        "src_ip": NEAR, "src_port": names.ports[-1], "dst_ip": FAR, "dst_port": 53, "proto": "udp",
        "direction": "outbound", "state": "SF", "history": "Dd", "packets_out": 1, "packets_in": 1,
        "payload_out": names.sizes[-1][0], "payload_in": names.sizes[-1][1], "service": "dns",
        "dns_query": "db.example.org", "dns_type": "A", "dns_rcode": "NOERROR",
        "dns_answers": "198.51.100.7",
    }  # fmt: skip


def talk_ssh(pair: Pair) -> Row:
    """ssh-keyscan, far to near."""
    said = run_in(pair.far, "ssh-keyscan", "-t", "ed25519", "-T", "5", NEAR)
    banner = re.search(rf"# {NEAR}:22 SSH-2\.0-(.+)", said)
    assert banner is not None, said
    return _inbound("tcp", (None, 22)) | {
        "state": "SF", "service": "ssh", "ssh_server": banner[1].strip(),
        "ssh_client": "OpenSSH-keyscan",
    }  # fmt: skip


def talk_throughput(pair: Pair) -> Row:
    """iperf3 for a second, far to near: its data connection."""
    result = json.loads(run_in(pair.far, "iperf3", "-c", NEAR, "-t", "1", "-b", "400M", "-J"))
    port = result["start"]["connected"][0]["local_port"]
    cookie = 37  # bytes that each of its connections begins with
    return _inbound("tcp", (port, 5_201)) | {
        "state": "SF", "payload_out": result["end"]["sum_sent"]["bytes"] + cookie,
        "payload_in": 0,
    }  # fmt: skip


def talk_ping(pair: Pair) -> Row:
    """Three echoes, far to near."""
    run_in(pair.far, "ping", "-c", "3", "-i", "0.2", "-s", "56", NEAR)
    return _inbound("icmp", (8, 0)) | _three_echoes()


def talk_ping6(pair: Pair) -> Row:
    """The same over IPv6."""
    run_in(pair.far, "ping", "-6", "-c", "3", "-i", "0.2", "-s", "56", NEAR6)
    ends = {"src_ip": FAR6, "dst_ip": NEAR6}
    return _inbound("ipv6-icmp", (128, 129)) | ends | _three_echoes()


def _inbound(proto: str, ports: tuple[int | None, int]) -> Row:
    ends = {"src_ip": FAR, "src_port": ports[0], "dst_ip": NEAR, "dst_port": ports[1]}
    given = {name: value for name, value in ends.items() if value is not None}
    return given | {"proto": proto, "direction": "inbound"}


def _three_echoes() -> Row:
    payloads = {"payload_out": 3 * 56, "payload_in": 3 * 56}
    return {"state": "OTH", "packets_out": 3, "packets_in": 3} | payloads
