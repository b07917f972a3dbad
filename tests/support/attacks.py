"""Real attack tools between two namespaces: the far end attacks the near one."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.support.talks import NEAR, find_tool
from tests.support.veth import PATIENCE_S, Pair, inside

TOOLS = ("nmap", "hydra", "hping3", "iodine", "iodined")
TOOL_S = 60.0
TUNNEL = "t.example.org"


def missing_tools() -> str:
    """Return the names of the programs this machine lacks."""
    return ", ".join(name for name in TOOLS if not find_tool(name))


def attack(namespace: str, tool: str, *arguments: str) -> str:
    """Run a tool to its end, whatever it thinks of its success; returns what it said."""
    done = subprocess.run(
        ["ip", "netns", "exec", namespace, find_tool(tool), *arguments],
        check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=TOOL_S,
    )  # fmt: skip
    return done.stdout


def scan_ports(pair: Pair) -> str:
    """nmap, SYN scan of 400 ports."""
    options = ("-n", "-Pn", "-sS", "--max-retries", "0", "-T4", "-p", "1-400")
    return attack(pair.far, "nmap", *options, NEAR)


def flood(pair: Pair) -> str:
    """hping3, 20,000 SYNs to one port."""
    return attack(pair.far, "hping3", "-q", "-S", "-p", "80", "-i", "u200", "-c", "20000", NEAR)


class _Refusing(StreamRequestHandler):
    """An FTP server that knows nobody, and hangs up after three tries as they do."""

    timeout = PATIENCE_S

    def handle(self) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(b"220 files\r\n")
            tries = 0
            while tries < 3 and (line := self.rfile.readline(512)):
                asked = line.split()[:1] == [b"USER"]
                self.wfile.write(b"331 password?\r\n" if asked else b"530 no\r\n")
                tries += not asked


@contextmanager
def file_server(pair: Pair) -> Iterator[None]:
    """Run the FTP server at the near end."""
    with inside(pair.near):
        server = ThreadingTCPServer((NEAR, 21), _Refusing)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def guess(pair: Pair, folder: Path) -> str:
    """hydra, 120 passwords."""
    words = folder / "words"
    words.write_text("".join(f"secret{number}\n" for number in range(120)))
    return attack(pair.far, "hydra", "-l", "root", "-P", str(words), "-t", "4", f"ftp://{NEAR}")


@contextmanager
def tunnel(pair: Pair) -> Iterator[None]:
    """iodine through DNS, far to near, with pings inside."""
    server = ["iodined", "-f", "-c", "-P", "pass", "-d", "dnsn", "10.98.0.1", TUNNEL]
    client = [
        "iodine",
        "-f",
        "-r",
        "-m",
        "700",
        "-P",
        "pass",
        "-d",
        "dnsf",
        "-T",
        "TXT",
        NEAR,
        TUNNEL,
    ]
    processes = []
    try:
        for namespace, command in ((pair.near, server), (pair.far, client)):
            processes.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", namespace, find_tool(command[0]), *command[1:]],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )  # fmt: skip
        _ping_inside(pair)
        yield
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE_S)


def _ping_inside(pair: Pair) -> None:
    """Send something through the tunnel as soon as it stands."""
    deadline_s = time.monotonic() + PATIENCE_S
    while "bytes from" not in attack(pair.far, "ping", "-c", "1", "-W", "1", "10.98.0.1"):
        assert time.monotonic() < deadline_s, "there is no tunnel"
    attack(pair.far, "ping", "-q", "-i", "0.05", "-s", "600", "-c", "60", "10.98.0.1")
