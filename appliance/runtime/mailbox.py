"""Work that other threads ask of one: it is done there, in order, and its outcome handed back."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

from appliance.errors import ApplianceError

T = TypeVar("T")


class MailboxFull(Exception):  # noqa: N818 - a condition of the moment, not a failure
    """As many requests wait as may wait, or nobody serves them any more."""


class _Request(Generic[T]):
    """What is to be done, and where its outcome goes."""

    __slots__ = ("_work", "job")

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self.job: Future[T] = Future()

    def carry_out(self) -> None:
        """Do it, unless nobody waits for it any more.

        ValueError and ApplianceError are an outcome. Whatever else is raised is a fault of the
        thread that serves: it is handed back, and raised there too.
        """
        if not self.job.set_running_or_notify_cancel():
            return
        try:
            outcome = self._work()
        except (ValueError, ApplianceError) as error:
            self.job.set_exception(error)
        except BaseException as error:
            self.job.set_exception(error)
            raise
        else:
            self.job.set_result(outcome)


class Mailbox:
    """`ask` from any thread, `serve` from the one that owns what the work is about.

    limit : requests that wait at most
    """

    def __init__(self, limit: int = 64) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: deque[_Request[Any]] = deque()
        self._closed = False
        self.refused = 0

    def ask(self, work: Callable[[], T]) -> Future[T]:
        """Have something done by the thread that serves. Raises MailboxFull."""
        request = _Request(work)
        with self._lock:
            if self._closed or len(self._waiting) >= self._limit:
                self.refused += 1
                raise MailboxFull
            self._waiting.append(request)
        return request.job

    def serve(self) -> int:
        """Do what waits; return how many requests that were. Costs next to nothing if none do."""
        done = 0
        while self._waiting:  # only this thread takes any out
            with self._lock:
                request = self._waiting.popleft()
            request.carry_out()
            done += 1
            if done >= self._limit:
                break
        return done

    def close(self) -> None:
        """Refuse what comes from now on, and cancel what waits."""
        with self._lock:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
        for request in left:
            request.job.cancel()
