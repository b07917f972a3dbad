"""Parts of a simulated day, and what our own flow table makes of them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Flows
from appliance.demo.conversation import S_NS, Conversation
from appliance.demo.devices import HOME_NETWORKS
from appliance.demo.source import Timeline
from appliance.enrich.networks import HomeNetworks
from appliance.flows.table import FlowTable
from appliance.model.frame import FRAME_DTYPE, FrameBlock
from appliance.simulate.benign import Habit
from appliance.simulate.office import Office, Worker, dice, hire

START_NS = 1_767_571_200 * S_NS  # 2026-01-05 00:00 UTC, a Monday
NINE_S = 9 * 3_600.0
_FOREVER_NS = 1 << 62


class Read(NamedTuple):
    """What the table said."""

    flows: NDArray[Any]
    rejected: dict[str, int]


def office(count: int = 20, dawn_s: float = NINE_S) -> Office:
    """Return a whole cast at nine in the morning."""
    return Office(hire(count), dawn_s)


def worker(octet: int = 20, where: Office | None = None, start_s: float = 0.0) -> Worker:
    """Return somebody of the office by the last byte of the address."""
    where = where or office()
    device = next(device for device in where.find() if device.octet == octet)
    return Worker(device, dice(7, str(octet)), where, start_s)


def play(habit: Habit, count: int, octet: int = 20) -> list[Conversation]:
    """Return the first conversations of a habit."""
    return list(islice(habit(worker(octet)), count))


def read(talks: Iterable[Conversation]) -> Read:
    """Bring conversations, in order of start, through a flow table."""
    frames = list(Timeline([iter(talks)]).play(_FOREVER_NS))
    rows, at = np.zeros(len(frames), FRAME_DTYPE), 0
    for row, (at_ns, frame) in zip(rows, frames, strict=True):
        row["offset"], row["caplen"], row["wirelen"] = at, len(frame.data), frame.wire_bytes
        row["ts_ns"], row["linktype"], row["segments"] = START_NS + at_ns, 1, 1
        at += len(frame.data)
    buffer = np.frombuffer(b"".join(frame.data for _, frame in frames), np.uint8)
    table = FlowTable(Flows(max_flows=4_096), HomeNetworks(HOME_NETWORKS).array())
    outputs = [*table.absorb(FrameBlock(buffer, rows)), *table.flush()]
    flows = np.concatenate([output.flows for output in outputs])
    return Read(flows[flows["reason"] != 0], table.statistics().rejected)


def ports(talks: Iterable[Conversation]) -> Counter[tuple[int, int]]:
    """Count conversations by protocol and the responder's port."""
    return Counter((talk.proto, talk.resp.port) for talk in talks)


def is_ordered(talks: Iterable[Conversation]) -> bool:
    """Tell whether conversations come in order of start, each with at least a packet."""
    starts = [talk.start_ns for talk in talks if talk.steps]
    return starts == sorted(starts)


def starts_s(talks: Iterable[Conversation]) -> list[float]:
    """Return when conversations start, s since the start of the play."""
    return [talk.start_ns / S_NS for talk in talks]


def until(talks: Iterator[Conversation], end_s: float) -> list[Conversation]:
    """Return the conversations that start before a time."""
    found = []
    for talk in talks:
        if talk.start_ns >= end_s * S_NS:
            break
        found.append(talk)
    return found
