"""Two network namespaces of our own joined by a veth pair, and a receiver. Needs root."""

import ctypes
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import NamedTuple, Self

from appliance.capture.afpacket import open_interface
from appliance.config.schema import Capture
from appliance.model.frame import CaptureStatistics, PacketSource

_CLONE_NEWNET = 0x4000_0000
_LIBC = ctypes.CDLL(None, use_errno=True)
_SERIAL = count()

PATIENCE_S = 10.0
MARK = b"tracer"  # in the payload of every frame these tests send


class Seen(NamedTuple):
    """A captured frame."""

    data: bytes
    tag: bytes  # the 4 bytes before it
    ts_ns: int
    wirelen: int
    segments: int
    flags: int


class Pair(NamedTuple):
    """Two namespaces and the interface that each has."""

    near: str
    far: str
    near_if: str = "near0"
    far_if: str = "far0"


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, timeout=10, capture_output=True)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Put this thread into a network namespace for a while."""
    old = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    new = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        assert _LIBC.setns(new, _CLONE_NEWNET) == 0
        yield
    finally:
        assert _LIBC.setns(old, _CLONE_NEWNET) == 0
        os.close(old)
        os.close(new)


def connect(pair: Pair) -> None:
    ip("-n", pair.near, "link", "add", pair.near_if, "type", "veth",
       "peer", "name", pair.far_if, "netns", pair.far)  # fmt: skip
    for namespace, name, last in ((pair.near, pair.near_if, 1), (pair.far, pair.far_if, 2)):
        ip("-n", namespace, "addr", "add", f"10.99.0.{last}/24", "dev", name)
        ip("-n", namespace, "link", "set", name, "up")


@contextmanager
def veth_pair() -> Iterator[Pair]:
    """Make the namespaces and remove them again."""
    stem = f"trc{os.getpid()}x{next(_SERIAL)}"
    pair = Pair(f"{stem}n", f"{stem}f")
    try:
        for namespace in (pair.near, pair.far):
            ip("netns", "add", namespace)
            with inside(namespace):
                Path("/proc/sys/net/ipv6/conf/all/disable_ipv6").write_text("1")
                Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
        connect(pair)
        yield pair
    finally:
        for namespace in (pair.near, pair.far):
            subprocess.run(["ip", "netns", "del", namespace], check=False, capture_output=True)


class Receiver:
    """Runs a source in a thread of the near namespace and keeps the marked frames."""

    def __init__(self, pair: Pair, config: Capture, name: str = "", **share: int) -> None:
        self.seen: list[Seen] = []
        self.empty = 0
        self._changed = threading.Condition()
        self._namespace = pair.near
        with inside(pair.near):
            self.source: PacketSource = open_interface(
                name or pair.near_if, config, share.get("group"), share.get("member", 0)
            )
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.source.close()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with inside(self._namespace):
            for block in self.source.blocks():
                found = []
                for frame in block.frames:
                    start = int(frame["offset"])
                    data = block.buffer[start : start + int(frame["caplen"])].tobytes()
                    tag = block.buffer[start - 4 : start].tobytes()
                    if MARK in data:
                        numbers = (frame[key] for key in ("ts_ns", "wirelen", "segments", "flags"))
                        found.append(Seen(data, tag, *map(int, numbers)))
                with self._changed:
                    self.seen += found
                    self.empty += not len(block.frames)
                    self._changed.notify_all()

    def wait_until(self, done: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(done, PATIENCE_S), (len(self.seen), self.statistics())

    def wait_for(self, count: int) -> list[Seen]:
        """Wait for so many frames, and two more signs of life that nothing follows."""
        self.wait_until(lambda: len(self.seen) >= count)
        quiet = self.empty + 2
        self.wait_until(lambda: self.empty >= quiet)
        return self.seen

    def wait_for_state(self, *, up: bool) -> CaptureStatistics:
        self.wait_until(lambda: self.statistics().up == up)
        return self.statistics()

    def statistics(self) -> CaptureStatistics:
        return self.source.statistics()


def raw_socket(namespace: str, name: str) -> socket.socket:
    with inside(namespace):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind((name, 0))
        return sock


def send(namespace: str, name: str, frames: list[bytes]) -> None:
    with raw_socket(namespace, name) as sock:
        for frame in frames:
            sock.send(frame)


def ethernet(payload: bytes, kind: int = 0x88B5) -> bytes:
    return b"\x02\0\0\0\0\x01" + b"\x02\0\0\0\0\x02" + struct.pack("!H", kind) + payload


def udp(source: str, target: str, ports: tuple[int, int], payload: bytes = MARK) -> bytes:
    addresses = socket.inet_aton(source) + socket.inet_aton(target)
    length = 8 + len(payload)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + addresses
    return header + struct.pack("!HHHH", *ports, length, 0) + payload
