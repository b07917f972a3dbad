"""The one way to start a task or a thread: named, kept, and not able to die unseen."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from appliance.runtime.clock import Clock, SystemClock

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


def spawn(
    group: asyncio.TaskGroup, coroutine: Coroutine[Any, Any, Result], *, name: str
) -> asyncio.Task[Result]:
    """Start a task whose failure ends the group. The group keeps the reference."""
    return group.create_task(coroutine, name=name)


def terminate_process() -> None:
    """Ask this process to end in order, as an operator would: SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)


class Threads:
    """The threads of the process, supervised.

    An exception that leaves a thread is logged and remembered, and `on_failure` is called once, in
    that thread. By default the process is told to terminate; whoever handles that must return a
    code other than 0 while `failure` is set.
    """

    def __init__(
        self, on_failure: Callable[[], None] = terminate_process, clock: Clock | None = None
    ) -> None:
        self._on_failure = on_failure
        self._clock = clock or SystemClock()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._failure: str = ""

    @property
    def failure(self) -> str:
        """Which thread died first and why; "" while none has."""
        return self._failure

    def start(self, target: Callable[..., object], *arguments: Any, name: str) -> threading.Thread:
        """Start a thread under supervision."""
        thread = threading.Thread(
            target=self._supervise, args=(target, arguments, name), name=name, daemon=True
        )
        with self._lock:
            self._threads = [known for known in self._threads if known.is_alive()]
            thread.start()
            self._threads.append(thread)
        return thread

    def join(self, timeout_s: float) -> tuple[str, ...]:
        """Wait for all threads to end; return the names of those still running after the time."""
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        with self._lock:
            threads = [t for t in self._threads if t is not threading.current_thread()]
        for thread in threads:
            thread.join(max(0.0, (deadline_ns - self._clock.monotonic_ns()) / 1e9))
        return tuple(thread.name for thread in threads if thread.is_alive())

    def _supervise(
        self, target: Callable[..., object], arguments: tuple[Any, ...], name: str
    ) -> None:
        try:
            target(*arguments)
        except BaseException as error:  # noqa: BLE001 - a dead stage must end the process
            _log.critical("thread %s died", name, exc_info=error)
            with self._lock:
                first = not self._failure
                self._failure = self._failure or f"{name}: {type(error).__name__}: {error}"
            if first:
                self._on_failure()
