"""Queries run here: a few threads, so that nothing blocks the loop, and a bounded queue."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import TypeVar

import msgspec

from appliance.api.reader import Reader
from appliance.errors import StoreError

T = TypeVar("T")

_log = logging.getLogger(__name__)


class QueriesBusy(Exception):  # noqa: N818 - a condition of the moment, not a failure
    """As many queries wait as may wait; ask again in a second."""


class QueryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since start, and how many are under way now."""

    answered: int = 0
    failed: int = 0  # the store could not be read
    refused: int = 0  # too many were waiting
    waiting: int = 0  # queued or running


class QueryPool:
    """Runs store queries on its own threads. `run` and `submit` may be called from any thread.

    reader : called in the query thread, once a query
    threads : queries that run at the same time
    max_waiting : queries queued or running before new ones are refused
    """

    def __init__(
        self, reader: Callable[[], Reader], *, threads: int = 2, max_waiting: int = 32
    ) -> None:
        self._reader = reader
        self._max_waiting = max_waiting
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="api-query")
        self._lock = Lock()
        self._waiting = 0
        self._answered = 0
        self._failed = 0
        self._refused = 0
        self._down = False

    def submit(self, query: Callable[[Reader], T]) -> Future[T]:
        """Start a query; raises QueriesBusy at once if too many wait."""
        with self._lock:
            if self._waiting >= self._max_waiting:
                self._refused += 1
                raise QueriesBusy
            self._waiting += 1
        job = self._pool.submit(self._answer, query)
        job.add_done_callback(self._withdraw)
        return job

    async def run(self, query: Callable[[Reader], T]) -> T:
        """Return the query's answer; raises QueriesBusy, or what the reader raises."""
        return await asyncio.wrap_future(self.submit(query))

    def statistics(self) -> QueryStatistics:
        """Return the counters."""
        with self._lock:
            return QueryStatistics(
                answered=self._answered,
                failed=self._failed,
                refused=self._refused,
                waiting=self._waiting,
            )

    def close(self) -> None:
        """Forget what has not begun; what runs is left to finish."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _answer(self, query: Callable[[Reader], T]) -> T:
        try:
            answer = query(self._reader())
        except StoreError as error:
            self._note(failure=error)
            raise
        else:
            self._note(failure=None)
            return answer
        finally:
            self._leave()

    def _note(self, failure: StoreError | None) -> None:
        with self._lock:
            changed = self._down != (failure is not None)
            self._down = failure is not None
            if failure is None:
                self._answered += 1
            else:
                self._failed += 1
        if changed and failure is not None:
            _log.warning("the store does not answer queries: %s", failure)
        elif changed:
            _log.info("the store answers queries again")

    def _withdraw(self, job: Future[T]) -> None:
        if job.cancelled():  # before it began; otherwise the thread has left by itself
            self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._waiting -= 1
