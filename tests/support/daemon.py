"""The real daemon as a process: started, listened to, asked, ended."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[2]
START_S = 300.0  # a machine without compiled kernels compiles them first
STOP_S = 10.0


def clean_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return an environment in which nothing but `variables` configures the appliance.

    Its directories are below `folder`; compiled kernels are shared with the tests.
    """
    names = ("AGENT_", "APPLIANCE_", "LOG_LEVEL", "NOTIFY_SOCKET")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    places = {f"{kind}_DIRECTORY": str(folder / kind.lower()) for kind in ("STATE", "CACHE")}
    return kept | places | {"RUNTIME_DIRECTORY": str(folder / "run")} | variables


class Daemon:
    """`appliance ARGUMENTS`; whoever leaves the context kills it if it still runs.

    prefix : a command that starts the process elsewhere, in a namespace for instance
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str],
        *,
        prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.lines: list[str] = []
        self._said = threading.Condition()
        self._ended = False
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "appliance", *arguments],
            cwd=ROOT,
            env=clean_environment(folder) if environment is None else dict(environment),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_S)
        self._listener.join(STOP_S)

    def wait_for_line(self, text: str, *, after: int = 0, timeout_s: float = START_S) -> str:
        """Return the first line of stderr that contains `text`; `after` lines are left out."""

        def find() -> str:
            return next((line for line in self.lines[after:] if text in line), "")

        with self._said:
            self._said.wait_for(lambda: find() or self._ended, timeout_s)
            line = find()
        assert line, f"never said {text!r}:\n" + "\n".join(self.lines)
        return line

    def wait_until_ready(self) -> int:
        """Return the port of the API."""
        line = self.wait_for_line("the dashboard is at ")
        return urlsplit(line.rpartition(" ")[2]).port or 0

    def signal(self, number: signal.Signals) -> int:
        """Send a signal; returns how many lines had been said before."""
        with self._said:
            said = len(self.lines)
        self.process.send_signal(number)
        return said

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        code = self.process.wait(STOP_S)
        self._listener.join(STOP_S)
        return code

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                with self._said:
                    self.lines.append(line.rstrip("\n"))
                    self._said.notify_all()
        with self._said:
            self._ended = True
            self._said.notify_all()


def ask(sock: socket.socket, path: str) -> Any:
    """Return the JSON answer of the API behind a connected socket, which is closed."""
    connection = http.client.HTTPConnection("localhost", timeout=STOP_S)
    connection.sock = sock
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)
    finally:
        connection.close()
