"""Flow events for a TracerAI back end, one POST each, from a thread of their own.

At least once: an event whose answer is lost is sent again. What cannot be sent waits in a bounded
queue in which the oldest give way.
"""

import http.client
import logging
import threading
from collections import deque
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Forward
from appliance.forward.endpoint import Endpoint
from appliance.forward.event import make_event, select_ended
from appliance.model.flow import FlowBatch
from appliance.runtime.tasks import Threads

BACKOFF_FIRST_S = 0.5
BACKOFF_LAST_S = 30.0
ABORT_S = 1.0  # for the thread to end once its connection is cut
REJECTED = frozenset({400, 413, 415, 422})  # the event is at fault: sending it again is no use

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode


class ForwardStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Events since start, and how it is now. offered = sent + rejected + discarded + waiting."""

    offered: int = 0  # TCP and UDP flows that ended
    sent: int = 0  # answered with 200
    rejected: int = 0  # answered with a status of REJECTED
    discarded: int = 0  # gave way to newer ones, or left over at the end
    waiting: int = 0  # queued, or being sent
    failures: int = 0  # attempts that were repeated
    up: bool = True  # False while the back end does not answer as it should
    error: str = ""  # why not


class _Waiting(NamedTuple):
    flows: NDArray[Any]  # FLOW_DTYPE
    interfaces: tuple[str, ...]


class FlowEventForwarder:
    """Sends ended flows to `config.endpoint_url`. Raises ConfigError if that is no HTTP address.

    sensor : the host name that events carry
    """

    def __init__(self, config: Forward, sensor: str) -> None:
        self._endpoint = Endpoint(config.endpoint_url, config.timeout_s)
        self._sensor = sensor
        self._limit = config.queue
        self._changed = threading.Condition()  # guards everything below
        self._queue: deque[_Waiting] = deque()
        self._taken = 0  # events of the first batch in the queue that have left it
        self._queued = 0  # events
        self._closing = False
        self._cut = False
        self._offered = self._sent = self._rejected = self._discarded = self._failures = 0
        self._error = ""
        self._thread: threading.Thread | None = None

    def start(self, threads: Threads) -> None:
        """Begin to send."""
        self._thread = threads.start(self._run, name="forward")

    def offer(self, batch: FlowBatch) -> None:
        """Queue the flows of a batch that ended. Never waits; the oldest queued give way."""
        flows = select_ended(batch)
        with self._changed:
            self._offered += len(flows)
            if self._closing:
                self._discarded += len(flows)
            elif len(flows):
                self._queue.append(_Waiting(flows, batch.interfaces))
                self._queued += len(flows)
                self._discard(self._queued - self._limit)
                self._changed.notify()

    def statistics(self) -> ForwardStatistics:
        """Return the counters; from any thread."""
        with self._changed:
            gone = self._sent + self._rejected + self._discarded
            return ForwardStatistics(
                offered=self._offered,
                sent=self._sent,
                rejected=self._rejected,
                discarded=self._discarded,
                waiting=self._offered - gone,
                failures=self._failures,
                up=not self._error,
                error=self._error,
            )

    def close(self, deadline_s: float) -> None:
        """Send what is queued for at most `deadline_s`, then stop; the rest is discarded.

        Returns after deadline_s + ABORT_S at the latest.
        """
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(deadline_s)
            if self._thread.is_alive():
                self._cut = True
                self._endpoint.abort()
                self._thread.join(ABORT_S)
        with self._changed:
            self._discard(self._queued)

    def _run(self) -> None:
        while (taken := self._take()) is not None:
            flow, interfaces = taken
            self._deliver(_encode(make_event(flow, interfaces, self._sensor)))
        self._endpoint.close()

    def _take(self) -> tuple[np.void, tuple[str, ...]] | None:
        """Wait for the oldest queued flow; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queued or self._closing)
            if not self._queued or self._cut:
                return None
            flows, interfaces = self._queue[0]
            flow: np.void = flows[self._taken]
            self._advance(1)
            return flow, interfaces

    def _deliver(self, body: bytes) -> None:
        """Send until it is accepted, rejected, or the end has come."""
        backoff_s = BACKOFF_FIRST_S
        while not self._attempt(body):
            with self._changed:
                self._failures += 1
                if self._changed.wait_for(lambda: self._closing, backoff_s):
                    self._discarded += 1
                    self._discard(self._queued)
                    return
            backoff_s = min(2 * backoff_s, BACKOFF_LAST_S)

    def _attempt(self, body: bytes) -> bool:
        """Send once; True if it is settled, for good or ill."""
        try:
            status = self._endpoint.post(body)
        except (OSError, http.client.HTTPException) as error:
            self._note(f"{type(error).__name__}: {error}")
            return False
        self._note("" if status == 200 else f"it answers with status {status}")
        with self._changed:
            self._sent += status == 200
            self._rejected += status in REJECTED
        return status == 200 or status in REJECTED

    def _note(self, error: str) -> None:
        """Remember whether it works; a change is logged, nothing else is."""
        with self._changed:
            changed = bool(self._error) != bool(error)
            self._error = error
            lost = self._discarded
        if changed and error:
            _log.warning("flow events do not reach %s: %s", self._endpoint.url, error)
        elif changed:
            _log.info("flow events reach %s again; %d were lost", self._endpoint.url, lost)

    def _discard(self, count: int) -> None:
        """Take the oldest `count` events out of the queue. Call with the lock held."""
        while count > 0:
            step = min(count, len(self._queue[0].flows) - self._taken)
            self._advance(step)
            self._discarded += step
            count -= step

    def _advance(self, count: int) -> None:
        """Step over events of the first batch. Call with the lock held."""
        self._taken += count
        self._queued -= count
        if self._taken == len(self._queue[0].flows):
            self._queue.popleft()
            self._taken = 0
