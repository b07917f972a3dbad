"""Long flows are reported again and again; only the newest report is kept, and counted once."""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.flow import EndReason, FlowBatch
from appliance.store.files import SegmentKey

MAX_ACTIVE = 65_536  # flows that are reported while they go on; 30 MB at most

_Key = tuple[int, ...]  # the kernel's id is unique within a worker only: with both ends


class Credit(NamedTuple):
    """What is counted of a flow already, bytes."""

    bytes_out: int
    bytes_in: int


class Report:
    """A stored report of a flow that went on."""

    __slots__ = ("counted", "id", "segment", "total")

    def __init__(self, segment: SegmentKey, flow_id: int, total: Credit) -> None:
        self.segment = segment
        self.id = flow_id
        self.total = total  # its counters
        self.counted: Credit | None = None  # the share that closed buckets hold; None: none of it


class Update(NamedTuple):
    """One flow of a batch that was reported before."""

    place: int  # in the batch
    id: int
    former: Report
    new: Report | None  # None if the flow has ended


class Updates:
    """The last report of each flow that goes on; the ones updated longest ago are forgotten first.

    A flow that was forgotten, as all are in a restart, keeps the row it has, and the next report
    is counted as a new flow.
    """

    def __init__(self) -> None:
        self._reports: OrderedDict[_Key, Report] = OrderedDict()

    def __len__(self) -> int:
        return len(self._reports)

    def match(self, batch: FlowBatch, ids: NDArray[np.int64], segment: SegmentKey) -> list[Update]:
        """Return, in order, the flows that replace a report; remember those that go on.

        ids : int64 (n,), of the rows to come
        """
        flows = batch.flows
        active = flows["reason"] == EndReason.ACTIVE
        picked = np.flatnonzero(active | (flows["updates"] > 0))
        if not len(picked):
            return []
        chosen = flows[picked]
        orig, resp = chosen["orig"], chosen["resp"]
        columns = (
            picked, ids[picked], active[picked], orig["bytes"], resp["bytes"],
            chosen["id"], orig["addr_lo"], resp["addr_lo"], orig["port"], resp["port"],
        )  # fmt: skip
        updates = []
        rows = zip(*[column.tolist() for column in columns], strict=True)
        for place, flow_id, goes_on, bytes_out, bytes_in, *key in rows:
            former = self._reports.pop(tuple(key), None)
            new = Report(segment, flow_id, Credit(bytes_out, bytes_in)) if goes_on else None
            if new is not None:
                self._keep(tuple(key), new)
            if former is not None:
                updates.append(Update(place, flow_id, former, new))
        return updates

    def _keep(self, key: _Key, report: Report) -> None:
        if len(self._reports) >= MAX_ACTIVE:
            self._reports.popitem(last=False)
        self._reports[key] = report
