"""The flow table's memory: what the kernels share, and who may touch what.

slots   open addressing: (32-bit tag | record number + 1), 0 is free; load <= 0.5
pool    one 256-byte record a flow; `free` is the stack of unused record numbers
links   a timing wheel: every live flow stands in the list of the tick at which it must be looked
        at again; circular doubly linked, list heads behind the records
young   flows that nobody answered yet, oldest first; they give way first when the table is full
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

TICK_SHIFT = 27  # a wheel tick is 2^27 ns, about 134 ms
WHEEL = 4_096  # ticks in the wheel, about 9 minutes; later deadlines are looked at on the way

LIMITS_DTYPE = np.dtype(
    [
        ("tcp_idle_ns", "<i8"),
        ("udp_idle_ns", "<i8"),
        ("icmp_idle_ns", "<i8"),
        ("other_idle_ns", "<i8"),
        ("linger_ns", "<i8"),
        ("active_ns", "<i8"),
        ("seed", "<u8"),
        ("slot_mask", "<i8"),
        ("capacity", "<i8"),
        ("young_mask", "<i8"),
        ("samples_per_s", "<i8"),  # 0 = metadata off
        ("worker", "<i8"),  # 0..15, lowest bits of every flow id
    ]
)

STATE_DTYPE = np.dtype(
    [
        ("now_ns", "<i8"),  # packet time so far
        ("tick", "<i8"),  # next wheel tick to look at
        ("free_top", "<i8"),  # record numbers on the free stack
        ("active", "<i8"),
        ("last_id", "<i8"),
        ("out", "<i8"),  # records waiting in `ended`
        ("samples", "<i8"),  # headers waiting
        ("sample_bytes", "<i8"),
        ("sample_second", "<i8"),
        ("sample_count", "<i8"),  # taken in that second
        ("traffic", "<i8"),  # rows in use, the last one still growing
        ("young_head", "<i8"),
        ("young_tail", "<i8"),
        ("young_told", "<i8"),  # entries before this one were looked at after a second
        ("attempts", "<i8"),  # records waiting in `attempts`
        ("fragments_held", "<i8"),  # packets waiting for their first fragment
        # counters
        ("packets", "<i8"),
        ("bytes", "<i8"),
        ("flow_packets", "<i8"),  # packets credited to flows, frames not segments
        ("ended", "<i8"),
        ("evicted", "<i8"),
        ("evicted_answered", "<i8"),  # of these, flows that had been answered
        ("samples_dropped", "<i8"),
        ("clock_steps", "<i8"),
    ]
)


class Table(NamedTuple):
    """Every array of one flow table. Owned by one worker; nobody else may touch them."""

    limits: NDArray[Any]  # LIMITS_DTYPE (1,)
    state: NDArray[Any]  # STATE_DTYPE (1,)
    pool: NDArray[Any]  # FLOW_DTYPE (capacity,)
    pool_bytes: NDArray[np.uint8]  # the same memory, for prefetching
    slots: NDArray[np.uint64]  # (2^k,)
    free: NDArray[np.uint32]  # (capacity,)
    links: NDArray[np.uint32]  # (capacity + WHEEL, 2): next, previous
    young: NDArray[np.uint64]  # (2^k,): low 32 bits of the flow id | record number
    fragments: NDArray[Any]  # FRAGMENT_DTYPE (FRAGMENTS,)
    packets: NDArray[Any]  # PACKET_DTYPE (BATCH,): scratch
    home: NDArray[np.uint64]  # (k, 4): hi mask, lo mask, hi value, lo value
    home_hints: NDArray[np.uint8]  # (512,): 1 = a home network may hold addresses that begin so
    server_ports: NDArray[np.uint64]  # (1024,): a bit a port, 1 = a service lives there
    name_ports: NDArray[np.uint8]  # (8192,): SampleKind of UDP; higher ports tell no names
    ended: NDArray[Any]  # FLOW_DTYPE (m,): output
    attempts: NDArray[Any]  # FLOW_DTYPE (a,): output
    sample_headers: NDArray[Any]  # SAMPLE_DTYPE (s,): output
    sample_data: NDArray[np.uint8]  # output
    traffic: NDArray[Any]  # TRAFFIC_DTYPE (t,): output
    rejects: NDArray[np.int64]  # (len(REJECTS),)
