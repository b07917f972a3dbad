import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.runtime.systemd import Notifier


@contextmanager
def manager(address: str | bytes) -> Iterator[socket.socket]:
    """Listen as the service manager does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)
        yield listener


def test_messages_are_those_of_sd_notify(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with manager(path) as listener:
        notifier = Notifier({"NOTIFY_SOCKET": path})
        assert notifier.ready("capturing on eth0")
        assert notifier.status("two\nlines")
        assert notifier.watchdog()
        assert notifier.reloading(monotonic_ns=5_000_000)
        assert notifier.stopping()
        assert notifier.extend_timeout(1.5)
        received = [listener.recv(4_096) for _ in range(6)]
    assert received == [
        b"READY=1\nSTATUS=capturing on eth0",
        b"STATUS=two lines",
        b"WATCHDOG=1",
        b"RELOADING=1\nMONOTONIC_USEC=5000",
        b"STOPPING=1",
        b"EXTEND_TIMEOUT_USEC=1500000",
    ]


def test_abstract_sockets_are_reached() -> None:
    name = f"appliance-test-{os.getpid()}"
    with manager(b"\0" + name.encode()) as listener:
        assert Notifier({"NOTIFY_SOCKET": "@" + name}).ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234", "/nonexistent/notify"])
def test_without_a_manager_nothing_happens(address: str) -> None:
    assert not Notifier({"NOTIFY_SOCKET": address}).ready()
    assert not Notifier({}).watchdog()


def test_manager_that_does_not_read_never_blocks_us(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with manager(path):
        notifier = Notifier({"NOTIFY_SOCKET": path})
        sent = [notifier.watchdog() for _ in range(2_000)]
    assert sent[0]
    assert not sent[-1]


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "often"}, 0.0),
        ({}, 0.0),
    ],
)
def test_watchdog_is_ours_only_if_it_says_so(environment: dict[str, str], seconds: float) -> None:
    assert Notifier(environment).watchdog_s == seconds
