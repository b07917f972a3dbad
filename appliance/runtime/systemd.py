"""The service manager: readiness and watchdog over its socket (sd_notify(3))."""

import os
import socket
from collections.abc import Mapping

_MICROSECONDS = 1_000_000


class Notifier:
    """Says to the service manager how we are; says nothing where there is none."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _find_watchdog(environment)  # it wants a sign this often; 0.0 = never

    def ready(self, status: str = "") -> bool:
        """Report that start-up, or a reload, is complete."""
        return self._send("READY=1" + (f"\nSTATUS={_one_line(status)}" if status else ""))

    def status(self, text: str) -> bool:
        """Set the line that `systemctl status` shows."""
        return self._send(f"STATUS={_one_line(text)}")

    def watchdog(self) -> bool:
        """Give the sign of life; due at least every `watchdog_s`, better every half of it."""
        return self._send("WATCHDOG=1")

    def reloading(self, monotonic_ns: int) -> bool:
        """Report that the configuration is being read again; `ready` must follow."""
        return self._send(f"RELOADING=1\nMONOTONIC_USEC={monotonic_ns // 1_000}")

    def stopping(self, status: str = "") -> bool:
        """Report that the end has begun."""
        return self._send("STOPPING=1" + (f"\nSTATUS={_one_line(status)}" if status else ""))

    def extend_timeout(self, seconds: float) -> bool:
        """Ask for more time to start or stop, counted from now."""
        return self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * _MICROSECONDS)}")

    def _send(self, message: str) -> bool:
        """Return whether the message was delivered; never blocks, never raises."""
        if not self._address.startswith(("/", "@")):
            return False
        # "@" stands for the zero byte of an abstract socket
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), address)
        except OSError:
            return False
        return True


def _find_watchdog(environment: Mapping[str, str]) -> float:
    usec, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or (pid and pid != str(os.getpid())):
        return 0.0
    return int(usec) / _MICROSECONDS


def _one_line(text: str) -> str:
    return " ".join(text.split())
