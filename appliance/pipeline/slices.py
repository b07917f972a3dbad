"""A batch in the order in which things happened, cut where the minute changes.

A replay hands over thousands of flows at once, hours of packet time in a quiet capture; judging
needs to know the time at which it judges.
"""

from collections.abc import Iterator

import numpy as np

from appliance.model.flow import EndReason, FlowBatch

_ATTEMPT = int(EndReason.ATTEMPT)
_PATIENCE_NS = 1_000_000_000  # after which an attempt is told
_SLICE_NS = 60_000_000_000


def merge_attempts(batch: FlowBatch, attempts: FlowBatch) -> FlowBatch:
    """Return both as one batch, by the time of the last packet or of being told.

    Both must be enriched.
    """
    if not len(attempts):
        return batch
    flows = np.concatenate([attempts.flows, batch.flows])
    order = np.argsort(_told_ns(flows), kind="stable")
    merged = FlowBatch(flows[order], batch.interfaces)
    picked = order.tolist()
    for field in ("meta", "orig", "resp"):
        both = [*getattr(attempts, field), *getattr(batch, field)]
        setattr(merged, field, [both[index] for index in picked])
    return merged


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
