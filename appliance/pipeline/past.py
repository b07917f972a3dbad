"""The stored past, gone through again before the present is judged."""

import logging
from collections.abc import Iterator
from pathlib import Path

from appliance.errors import StoreError
from appliance.model.flow import FlowBatch
from appliance.store.history import find_start, iterate_flows

SPAN_S = 86_400.0
MOST_FLOWS = 500_000  # the newest; 5 s of a desktop's time, 40 s of a small board's
SLICE_FLOWS = 1_024  # between two looks at what comes in

_log = logging.getLogger(__name__)


def read_past(path: Path, now_s: float) -> Iterator[FlowBatch]:
    """Yield the last day's flows in the order of storing, at most MOST_FLOWS.

    path : folder of the store, which may be written meanwhile.  A store that cannot be read ends
    it, with a warning. Addresses are as stored: they must be enriched anew.
    """
    try:
        since_s = find_start(path, now_s - SPAN_S, now_s, MOST_FLOWS)
        yield from iterate_flows(path, since_s, now_s, SLICE_FLOWS)
    except StoreError as error:
        _log.warning("detection begins without the past: %s", error)
