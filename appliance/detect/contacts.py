"""Who talks to whom, remembered: every flow is brought into tables of bounded size.

The tables are those of model/contact.py. Judges read them through the arrays and the questions
below; they never write, except `score`. One thread at a time.
"""

from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Detect
from appliance.detect.memory import allocate_memory, allocate_told
from appliance.kernels.contactrow import expire
from appliance.kernels.contacts import absorb
from appliance.kernels.contacttable import CONTACTS, FANS, HOSTS, NETS, NEWS, Memory, Told
from appliance.kernels.fanout import spread
from appliance.kernels.hosts import count_net, find_host
from appliance.kernels.jit import records, u64
from appliance.model.contact import CONTACT_DUE, EARLY, TIMES
from appliance.model.flow import FLOW_DTYPE

_CLOCK_STEP_S = 3_600.0  # flows may be told of this late; further back the clock was set
_SWEPT = 2_048  # contacts looked at by one `expire`


class Absorbed(NamedTuple):
    """What became of the flows of a batch, one entry a flow, and which rows are due."""

    classes: NDArray[np.uint8]  # FLOW_* of model/contact.py
    contact: NDArray[np.int32]  # row of `contacts`; -1 none (multicast, answers to nothing seen)
    host: NDArray[np.int32]  # row of `hosts` of the judged end; -1 an inside address without life
    server: NDArray[np.int32]  # row of `hosts` of the inside responder of a local flow, else -1
    out: NDArray[np.float64]  # payload bytes, originator to responder, not told of before
    into: NDArray[np.float64]  # the other way
    # 1 = outside peer's /24 new to this host, 2 = new to all hosts, 4 = only this host uses it
    novel: NDArray[np.uint8]
    due_contacts: NDArray[np.int32]  # distinct rows due for judging, in order of becoming due
    due_fans: NDArray[np.int32]


class Rhythm(NamedTuple):
    """What is remembered of a contact's flows, in order of their start."""

    start_s: NDArray[np.float64]
    out: NDArray[np.float32]  # payload bytes
    into: NDArray[np.float32]
    duration_s: NDArray[np.float32]
    flow: NDArray[np.uint8]  # FLOW_*


class ContactStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in use and capacity of each table, and how often something had to give way."""

    contacts: int
    contacts_capacity: int
    contacts_evicted: int
    contacts_expired: int
    timings: int
    timings_capacity: int
    timings_evicted: int
    timings_refused: int  # contacts whose rhythm was not kept: all rows were of busier ones
    hosts: int
    hosts_capacity: int
    hosts_evicted: int
    hosts_inside: int
    fans: int
    fans_capacity: int
    fans_evicted: int
    fans_refused: int  # of outside sources, when only inside ones could have given way
    nets: int
    nets_capacity: int
    nets_evicted: int


class Contacts:
    """The tables of contacts, timings, hosts, fans and networks.

    seed : of the hashes; the same for the same results
    """

    def __init__(self, config: Detect, *, seed: int = 0x2545F4914F6CDD1D) -> None:
        self._memory: Memory = allocate_memory(config, seed)

    @property
    def contacts(self) -> NDArray[Any]:
        """CONTACT_DTYPE, the rows handed out so far; `live` tells which are in use."""
        return np.asarray(self._memory.contacts[: self._used(CONTACTS)])

    @property
    def timings(self) -> NDArray[Any]:
        """TIMING_DTYPE, the rows handed out so far."""
        return np.asarray(self._memory.timings[: int(self._state["timings_used"])])

    @property
    def hosts(self) -> NDArray[Any]:
        """HOST_DTYPE, the rows handed out so far; all in use."""
        return np.asarray(self._memory.hosts[: self._used(HOSTS)])

    @property
    def fans(self) -> NDArray[Any]:
        """FAN_DTYPE, the rows handed out so far; all in use."""
        return np.asarray(self._memory.fans[: self._used(FANS)])

    @property
    def host_column(self) -> NDArray[np.uint32]:
        """Column `host` of `contacts`, to be scanned quickly; 0xFFFFFFFF where not in use."""
        return self._memory.contact_host[: self._used(CONTACTS)]

    @property
    def net_column(self) -> NDArray[np.uint32]:
        """Column `net` of `contacts`, likewise."""
        return self._memory.contact_net[: self._used(CONTACTS)]

    @property
    def wide_column(self) -> NDArray[np.uint32]:
        """Column `wide` of `contacts`, likewise."""
        return self._memory.contact_wide[: self._used(CONTACTS)]

    @property
    def now_s(self) -> float:
        """Packet time: the newest end of a flow so far."""
        return float(self._state["now_s"])

    def absorb(
        self,
        flows: NDArray[Any],
        orig_marks: NDArray[np.uint32],
        resp_marks: NDArray[np.uint32],
        services: NDArray[np.uint8],
    ) -> Absorbed:
        """Bring flows into the tables.

        flows : FLOW_DTYPE (n,), in order of ending
        orig_marks, resp_marks : MARK_* of the ends
        services : index into SERVICES
        cost : amortised O(1) a flow
        """
        told = allocate_told(len(flows))
        memory = self._memory
        state = memory.state[0]
        state["due_contacts"] = state["due_fans"] = 0
        if len(flows):
            newest_s = int(flows["last_ns"].max()) / 1e9
            if newest_s < self.now_s - _CLOCK_STEP_S:
                state["now_s"] = newest_s
        rows = records(np.ascontiguousarray(flows))
        for start in range(0, len(flows), NEWS):
            part = slice(start, start + NEWS)
            absorb(
                memory,
                rows[part],
                orig_marks[part],
                resp_marks[part],
                services[part],
                Told._make(column[part] for column in told),
            )
            spread(memory)
        return Absorbed(*told, *self._take_due())

    def expire(self, now_s: float) -> None:
        """Forget some of the contacts idle for two days; call it every few seconds."""
        if now_s >= self.now_s:
            expire(self._memory, now_s, _SWEPT)

    def rhythm_of(self, row: int) -> Rhythm:
        """Return what is remembered of the flows of a contact, oldest first."""
        contact = self.contacts[row]
        timing = int(contact["timing"])
        if timing >= 0:
            ring, used, prefix = self.timings[timing], int(self.timings[timing]["used"]), ""
        else:
            ring, used, prefix = contact, min(int(contact["contacts"]), EARLY), "early_"
        order = np.argsort(ring[f"{prefix}start_s"][:used], kind="stable")
        names = ("start_s", "out", "in", "duration_s", "flow")
        return Rhythm(*(ring[f"{prefix}{name}"][:used][order] for name in names))

    def times_of(self, fan: int) -> NDArray[np.float64]:
        """Return when the last items of a fan (VICTIM: failed flows) came, ascending."""
        row = self.fans[fan]
        count = int(row["flows"] if row["kind"] == 8 else row["items"])
        return np.sort(row["time_s"][: min(count, TIMES)])

    def rows_of_host(self, host: int) -> NDArray[np.intp]:
        """Return the contacts whose judged end is a host, ascending."""
        rows = np.flatnonzero(self.host_column == host)
        if not len(rows):
            return rows
        found = self.contacts[rows]
        ours = self.hosts[host]
        inbound = found["direction"] == 2
        hi = np.where(inbound, found["resp_hi"], found["orig_hi"])
        lo = np.where(inbound, found["resp_lo"], found["orig_lo"])
        # after the host's row went to somebody else, old contacts still name it
        same: NDArray[np.bool_] = (hi == ours["hi"]) & (lo == ours["lo"])
        return rows[same]

    def rows_of_net(self, net: int) -> NDArray[np.intp]:
        """Return the contacts whose other end is in a network, ascending."""
        return np.flatnonzero(self.net_column == net)

    def host_of(self, hi: int, lo: int) -> int:
        """Return the row of an address in `hosts`, or -1."""
        return int(find_host(self._memory, u64(hi), u64(lo)))

    def hosts_of_net(self, net: int) -> int:
        """Return how many inside hosts used an outside /24 (IPv6: /48); 0 unknown.

        Exact up to six, estimated beyond.
        """
        return int(count_net(self._memory, net))

    def hosts_in_view(self) -> int:
        """Return how many inside hosts are remembered."""
        return int(self._state["inside_hosts"])

    def statistics(self) -> ContactStatistics:
        """Return the counters; for the thread that feeds the tables."""
        state, memory = self._state, self._memory
        used, evicted = state["used"], state["evicted"]
        return ContactStatistics(
            contacts=int(state["live_contacts"]),
            contacts_capacity=len(memory.contacts),
            contacts_evicted=int(evicted[CONTACTS]),
            contacts_expired=int(state["expired"]),
            timings=int(state["timings_used"] - state["timings_free"]),
            timings_capacity=len(memory.timings),
            timings_evicted=int(state["timings_evicted"]),
            timings_refused=int(state["timings_refused"]),
            hosts=int(used[HOSTS]),
            hosts_capacity=len(memory.hosts),
            hosts_evicted=int(evicted[HOSTS]),
            hosts_inside=int(state["inside_hosts"]),
            fans=int(used[FANS]),
            fans_capacity=len(memory.fans),
            fans_evicted=int(evicted[FANS]),
            fans_refused=int(state["fans_refused"]),
            nets=int(used[NETS]),
            nets_capacity=len(memory.nets),
            nets_evicted=int(evicted[NETS]),
        )

    @property
    def _state(self) -> Any:
        return self._memory.state[0]

    def _used(self, table: int) -> int:
        return int(self._state["used"][table])

    def _take_due(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Return the rows that became due and are still what they were; clear their marks."""
        state, memory = self._state, self._memory
        found = _distinct(memory.due_contacts[: int(state["due_contacts"])])
        contacts = np.asarray(memory.contacts)
        due = found[contacts["bits"][found] & CONTACT_DUE != 0]
        contacts["bits"][due] &= 0xFFFF ^ CONTACT_DUE
        listed = _distinct(memory.due_fans[: int(state["due_fans"])])
        fans = np.asarray(memory.fans)
        due_fans = listed[fans["due"][listed] != 0]
        fans["due"][due_fans] = 0
        return due, due_fans


def _distinct(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return each row once, where it came first."""
    _, first = np.unique(rows, return_index=True)
    return rows[np.sort(first)]


def warm_up() -> None:
    """Compile or load the kernels of the tables: two flows through small ones."""
    contacts = Contacts(Detect(max_hosts=64, max_contacts=1_024, max_timed=256, max_fans=256))
    flows = np.zeros(2, FLOW_DTYPE)
    marks = np.zeros(2, np.uint32)
    contacts.absorb(flows, marks, marks, np.zeros(2, np.uint8))
    contacts.expire(0.0)
    contacts.host_of(0, 0)
    contacts.hosts_of_net(0)
