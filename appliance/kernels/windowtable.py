"""The memory of open windows: what the kernels of host fingerprints share.

Two windows are open at most; the one of number w uses half w & 1 of every array. A half is not
cleared when it is used again: a host's row says which window it is of, and an index entry holds
only if the entry it points at is in use and says the same contact.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.jit import records

ROWLESS = 4_096  # index places for contacts without a row: multicast, answers; a power of two
PROBES = 8  # places tried for one of them
LONG_FLOWS = 4_096  # flows that go on whose wire bytes are remembered; a power of two

WINDOW_STATE_DTYPE = np.dtype(
    [
        ("length_ns", "<i8"),
        ("oldest", "<i8"),  # numbers of the open windows: start / length
        ("newest", "<i8"),
        ("half_hosts", "<i8"),
        ("half_contacts", "<i8"),  # rows, and ROWLESS more
        ("half_entries", "<i8"),
        ("host_entries", "<i8"),  # most entries of one host in a window
        ("active", "<i8", (2,)),  # hosts of each half
        ("used", "<i8", (2,)),  # entries of each half
        # counters
        ("flows", "<i8"),
        ("late", "<i8"),  # flows whose own window was closed already
        ("entries_full", "<i8"),  # flows whose contact found no room
        ("hosts_replaced", "<i8"),  # rows given to another address in the middle of a window
    ]
)

# A host in one open window: what can be added up without telling peers apart.
HOST_WINDOW_DTYPE = np.dtype(
    [
        ("hi", "<u8"), ("lo", "<u8"),
        ("number", "<i8"),  # of the window, so that what is left of an older one is not read
        ("host", "<u4"),  # row of HOST_DTYPE
        ("place", "<u4"),  # in the list of active hosts
        ("flows", "<u4"),  # begun by it
        ("flows_in", "<u4"),  # it was asked
        ("failed", "<u4"),
        ("kept", "<u4"),  # of flows, those whose contact has an entry
        ("entries", "<u4"),
        ("dns_asked", "<u4"),  # packets to port 53, connections to 53 and 853
        ("dns_served", "<u4"),  # flows to its own port 53
        ("pad", "<u4"),
        ("duration_mean", "<f8"),  # s, Welford
        ("duration_m2", "<f8"),
        ("wire_out", "<f8"),  # frame bytes sent in flows it began
        ("outside_out", "<f8"),  # payload, to ends that are not at home
        ("outside_in", "<f8"),
        ("echo", "<f8"),  # bytes of ICMP echo, both ways
    ]
)  # fmt: skip

# One contact a host began, in one open window.
ENTRY_DTYPE = np.dtype(
    [
        ("resp_hi", "<u8"), ("resp_lo", "<u8"),
        ("contact", "<u4"),  # row of CONTACT_DTYPE; from half_contacts - ROWLESS on, none
        ("host", "<u4"),
        ("port", "<u2"),  # as in the flow record: ICMP has the code or counter-type
        ("proto", "u1"),
        ("bits", "u1"),  # ENTRY_* below
        ("country", "<u4"),  # as labelled: 0 unknown, two letters, or LOCAL_LABEL
        ("flows", "<u4"),
        ("failed", "<u4"),
        ("probes", "<u4"),
        ("answered", "<u4"),
        ("out", "<f8"),  # payload
        ("into", "<f8"),
    ]
)  # fmt: skip

ENTRY_OUTSIDE = 1
ENTRY_RARE = 2  # no other host here uses the peer, and no big vendor runs it
ENTRY_NEW_TO_HOST = 4
ENTRY_NEW_TO_ALL = 8
ENTRY_GROUP = 16  # multicast, broadcast
ENTRY_ECHO = 32
LOCAL_LABEL = 1 << 16

LONG_DTYPE = np.dtype([("id", "<u8"), ("bytes", "<u8")])


class WindowTable(NamedTuple):
    """Every array of the open windows."""

    state: NDArray[Any]  # WINDOW_STATE_DTYPE (1,)
    hosts: NDArray[Any]  # HOST_WINDOW_DTYPE (2 * half_hosts,), by row of HOST_DTYPE
    active: NDArray[np.uint32]  # (2 * half_hosts,): rows in order of appearance
    entry_of: NDArray[
        np.uint32
    ]  # (2 * half_contacts,): contact row, or place of one without -> entry
    entries: NDArray[Any]  # ENTRY_DTYPE (2 * half_entries,)
    longs: NDArray[Any]  # LONG_DTYPE (LONG_FLOWS,)


class FlowColumns(NamedTuple):
    """What is known of each flow of a batch beside its record; arrays (n,)."""

    classes: NDArray[np.uint8]  # FLOW_*
    contact: NDArray[np.int32]  # row, -1 none
    host: NDArray[np.int32]  # row of the end that is judged, -1 none
    server: NDArray[np.int32]  # row of the responder, -1 none
    out: NDArray[np.float64]  # new payload bytes, originator to responder
    into: NDArray[np.float64]
    novel: NDArray[np.uint8]  # 1 new to the host, 2 new to all, 4 rare
    marks: NDArray[np.uint32]  # of the responder


def make_windows(length_s: int, hosts: int, contacts: int, entries: int) -> WindowTable:
    """Allocate for so many rows of hosts and contacts; memory becomes resident where it is used."""
    state = np.zeros(1, WINDOW_STATE_DTYPE)
    state["length_ns"] = length_s * 1_000_000_000
    state["oldest"] = state["newest"] = -1
    state["half_hosts"] = hosts
    state["half_contacts"] = contacts + ROWLESS
    state["half_entries"] = entries
    state["host_entries"] = max(entries // 4, 1)
    return WindowTable(
        state=records(state),
        hosts=records(np.zeros(2 * hosts, HOST_WINDOW_DTYPE)),
        active=np.zeros(2 * hosts, np.uint32),
        entry_of=np.zeros(2 * (contacts + ROWLESS), np.uint32),
        entries=records(np.zeros(2 * entries, ENTRY_DTYPE)),
        longs=records(np.zeros(LONG_FLOWS, LONG_DTYPE)),
    )
