"""What training asks of the store, and how much of it is taken."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from appliance.learn.flowscorer import flow_keys
from appliance.learn.hostscorer import features_of_windows
from appliance.learn.promote import Recent

MOST_HOSTS = 4_096  # those with most windows
MOST_WINDOWS = 40_000  # all together; thinned evenly in time
LEAST_WINDOWS = 60
LEAST_HOSTS = 3
RECENT_S = 86_400.0  # what candidates are compared on
MOST_FLOWS = 40_000
LEAST_FLOWS = 1_000
_HOUR_NS = 3_600_000_000_000


class WindowHistory(NamedTuple):
    """Closed windows of inside hosts, in any order."""

    hi: NDArray[np.uint64]  # (n,) address
    lo: NDArray[np.uint64]
    start_s: NDArray[np.float64]
    values: NDArray[np.float32]  # (n, model.window.FEATURES)


class FlowSample(NamedTuple):
    """Stored flows. Fields of FLOW_DTYPE that are not stored may be 0."""

    flows: NDArray[Any]  # FLOW_DTYPE (n,)
    services: NDArray[np.uint8]  # (n,) indices of model.contact.SERVICES; all 0 if not known


class BadSpan(NamedTuple):
    """A host that people confirmed to have been bad for a while."""

    hi: int
    lo: int
    from_s: float
    until_s: float


class History(Protocol):
    """The stored past."""

    def windows(self, since_s: float) -> WindowHistory:
        """Return the windows that began since then."""

    def flow_sample(self, max_rows: int) -> FlowSample:
        """Return some of the newest flows, none of them updates."""

    def bad_spans(self, since_s: float) -> Sequence[BadSpan]:
        """Return the spans of alerts that were closed as real."""


def thin_windows(history: WindowHistory) -> WindowHistory:
    """Return the windows in order of host and time, as many of them as training can take.

    Windows with anything that is not a number are left out.
    """
    good = np.isfinite(history.values).all(axis=1) & np.isfinite(history.start_s)
    rows = np.flatnonzero(good)
    order = np.lexsort((history.start_s[rows], history.lo[rows], history.hi[rows]))
    rows = rows[order]
    pairs = np.column_stack([history.hi[rows], history.lo[rows]])
    known, host, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    host = host.reshape(-1)
    if len(known) > MOST_HOSTS:
        chosen = np.argsort(-counts, kind="stable")[:MOST_HOSTS]
        rows = rows[np.isin(host, chosen)]
    if len(rows) > MOST_WINDOWS:
        rows = rows[(np.arange(MOST_WINDOWS) * (len(rows) / MOST_WINDOWS)).astype(np.int64)]
    hi, lo, start_s, values = history
    return WindowHistory(hi[rows], lo[rows], start_s[rows], values[rows])


def recent_of(history: WindowHistory, spans: Sequence[BadSpan]) -> Recent:
    """Return the last day of the windows, with what people have said of them."""
    newest = history.start_s > history.start_s.max() - RECENT_S
    hi, lo, start_s = history.hi[newest], history.lo[newest], history.start_s[newest]
    bad = np.zeros(len(hi), bool)
    for span in spans:
        here = (hi == np.uint64(span.hi)) & (lo == np.uint64(span.lo))
        bad |= here & (start_s >= span.from_s) & (start_s <= span.until_s)
    return Recent(hi, lo, start_s, features_of_windows(history.values[newest]), bad)


def count_kinds(sample: FlowSample) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    """Return the kinds of flows in a sample, each once for a host and hour, as a census does."""
    keys = flow_keys(sample.flows, sample.services)
    orig = sample.flows["orig"]
    hour = (sample.flows["last_ns"] // _HOUR_NS).astype(np.uint64)
    once = np.unique(np.column_stack([orig["addr_hi"], orig["addr_lo"], hour, keys]), axis=0)
    kinds, counts = np.unique(once[:, 3], return_counts=True)
    return kinds, counts.astype(np.uint32)
