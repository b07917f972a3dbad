"""A batch in the order in which things happened, cut where the minute changes.

A replay hands over thousands of flows at once, hours of packet time in a quiet capture; judging
needs to know the time at which it judges.
"""

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter

import numpy as np

from appliance.model.flow import EndReason, FlowBatch

_ATTEMPT = int(EndReason.ATTEMPT)
_PATIENCE_NS = 1_000_000_000  # after which an attempt is told
_SLICE_NS = 60_000_000_000


def slice_both(
    batch: FlowBatch, attempts: FlowBatch | None, now_s: float, *, by_start: bool = False
) -> Iterator[tuple[FlowBatch, float]]:
    """Yield parts of both in the order in which they were told, with the time at their end in s.

    Within a minute attempts come first. by_start : see `slice_minutes`
    """
    parts = slice_minutes(batch, now_s, by_start=by_start)
    if attempts is None or not len(attempts):
        return parts
    return merge(slice_minutes(attempts, now_s), parts, key=itemgetter(1))


def slice_minutes(
    batch: FlowBatch, now_s: float, *, by_start: bool = False
) -> Iterator[tuple[FlowBatch, float]]:
    """Yield (part of the batch, time at its end in s), in order; the last one ends at `now_s`.

    by_start : the clock is the latest start of a flow, as of logs; else the latest end
    """
    if not len(batch):
        return
    times = batch.flows["first_ns"] if by_start else _told_ns(batch.flows)
    reached = np.maximum.accumulate(times)
    np.minimum(reached, round(now_s * 1e9), out=reached)  # a flow from the future moves no clock
    minutes = reached // _SLICE_NS
    cuts = [*(np.flatnonzero(np.diff(minutes)) + 1).tolist(), len(batch)]
    begin = 0
    for end in cuts:
        last = end == len(batch)
        yield batch.part(begin, end), now_s if last else int(reached[end - 1]) / 1e9
        begin = end


def _told_ns(flows: np.ndarray) -> np.ndarray:
    attempt = flows["reason"] == _ATTEMPT
    return np.where(attempt, flows["first_ns"] + _PATIENCE_NS, flows["last_ns"])
