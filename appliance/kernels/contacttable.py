"""The memory of detection: what its kernels share, how rows are found and which ones give way.

Every table is an array of rows and an index of sets of eight ways, as many ways as rows: a set is
full exactly when somebody in it has to go, so that nothing is ever moved, rebuilt or refused for
want of room elsewhere. A way holds a 32-bit tag and a row number + 1, 0 is free. Rows are handed
out in order: memory that is not needed is never touched.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.kernels.jit import i64, inline, kernel, u64

WAYS = 8
PENDING_S = 172_800.0  # a row that nothing was heard of for two days may go
AGE_S = 21_600.0  # silence that halves what a contact's number of flows is worth

# Tables, for `worth` and the counters. Not plain integers: those the compiler takes for literals,
# and makes a version of a function for each.
CONTACTS, HOSTS, FANS, NETS = i64(0), i64(1), i64(2), i64(3)
TABLES = ("contacts", "hosts", "fans", "nets")

LIMITS_DTYPE = np.dtype(
    [
        ("seed", "<u8"),
        ("window_s", "<f8"),
        ("timings", "<i8"),  # rows
        ("set_mask", "<i8", (4,)),  # sets - 1 of each table
        ("gate_mask", "<i8"),
        ("server_mask", "<i8"),
        ("count_mask", "<i8"),
    ]
)

STATE_DTYPE = np.dtype(
    [
        ("now_s", "<f8"),  # packet time so far
        ("used", "<i8", (4,)),  # rows ever handed out: the prefix in use
        ("evicted", "<i8", (4,)),
        ("free", "<i8"),  # contacts given back, on the stack
        ("timings_used", "<i8"),
        ("timings_free", "<i8"),
        ("timings_evicted", "<i8"),
        ("timings_refused", "<i8"),
        ("timing_hand", "<i8"),  # where the search for a timing row to take goes on
        ("fans_refused", "<i8"),  # an outsider's, when all that could give way are insiders'
        ("inside_hosts", "<i8"),
        ("live_contacts", "<i8"),
        ("expired", "<i8"),
        ("expiry_hand", "<i8"),
        ("due_contacts", "<i8"),  # of this batch
        ("due_fans", "<i8"),
        ("news", "<i8"),  # of this batch
        ("news_ever", "<i8"),
        ("turn", "<i8"),  # which way of a set of gates goes next
    ]
)


# What the fans have to know of a flow: the contact it belongs to, as it is then, and what is new.
NEWS_DTYPE = np.dtype(
    [
        ("orig_hi", "<u8"), ("orig_lo", "<u8"), ("resp_hi", "<u8"), ("resp_lo", "<u8"),
        ("port", "<u2"),
        ("proto", "u1"),
        ("direction", "u1"),
        ("bits", "<u2"),  # CONTACT_*
        ("what", "u1"),  # NEWS_*
        ("flags", "u1"),  # TCP flags of the originator
        ("row", "<u4"),
        ("packets", "<u4"),
        ("contacts", "<u4"),
        ("number", "<u4"),  # of the news since the tables were made, modulo 2^32
        ("start_s", "<f8"),
        ("bytes", "<u8"),  # originator's
    ]
)  # fmt: skip
NEWS = 8_192  # flows a kernel call takes; two more places for contacts looked up

NEWS_PROBED = 1  # the contact is an item of its fans from now on
NEWS_ALIVE = 2  # such an item answered after all
NEWS_MET = 4  # a contact that was not probed
NEWS_ANSWERED = 8  # the first answer
NEWS_FAILED = 16
NEWS_FIRST = 32  # the first failure of the contact


class Memory(NamedTuple):
    """Every array of detection's memory. Owned by one thread."""

    limits: NDArray[Any]  # LIMITS_DTYPE (1,)
    state: NDArray[Any]  # STATE_DTYPE (1,)
    contacts: NDArray[Any]  # CONTACT_DTYPE
    contact_bytes: NDArray[np.uint8]  # the same memory, for prefetching
    contact_index: NDArray[np.uint64]
    contact_free: NDArray[np.uint32]
    contact_host: NDArray[np.uint32]  # what a judge scans: a column of `contacts` each, and
    contact_net: NDArray[np.uint32]  # 0xFFFFFFFF for a row not in use
    contact_wide: NDArray[np.uint32]
    contact_seen: NDArray[np.uint32]  # last_s, s
    contact_alive: NDArray[np.uint32]  # number of the news when it came alive
    contact_strength: NDArray[np.uint8]  # min(contacts, 63) << 2 | answered << 1 | inside
    timings: NDArray[Any]  # TIMING_DTYPE
    timing_free: NDArray[np.uint32]
    hosts: NDArray[Any]  # HOST_DTYPE
    host_index: NDArray[np.uint64]
    fans: NDArray[Any]  # FAN_DTYPE
    fan_index: NDArray[np.uint64]
    nets: NDArray[Any]  # NET_DTYPE
    net_index: NDArray[np.uint64]
    gates: NDArray[np.uint64]  # who was seen once: tag, contact row + 1, or OPEN
    servers: NDArray[np.uint32]  # tags of (address, port, protocol) that answered
    counts: NDArray[np.uint64]  # failures of a target before it gets a fan: tag, number
    tcp: NDArray[np.uint8]  # (7, 7, 2): TCP_* by endpoint states and whether there was payload
    due_contacts: NDArray[np.int32]
    due_fans: NDArray[np.int32]
    news: NDArray[Any]  # NEWS_DTYPE (NEWS + 2,)
    hashes: NDArray[np.uint64]  # scratch


class Told(NamedTuple):
    """What the kernel says of every flow of a batch; meanings in detect/contacts.py."""

    classes: NDArray[np.uint8]
    contact: NDArray[np.int32]
    host: NDArray[np.int32]
    server: NDArray[np.int32]
    out: NDArray[np.float64]
    into: NDArray[np.float64]
    novel: NDArray[np.uint8]


_LOW32 = u64(0xFFFFFFFF)
_S32 = u64(32)
_S29 = u64(29)
_PRIME_A = u64(0x9E3779B97F4A7C15)
_PRIME_B = u64(0xBF58476D1CE4E5B9)


@inline
def mix(h: Any, word: Any) -> Any:
    """Bring 64 bits into a hash (multiply and fold, as in splitmix64)."""
    h = (h ^ word) * _PRIME_A
    h = (h ^ (h >> _S29)) * _PRIME_B
    return h ^ (h >> _S32)


@inline
def entry_row(entry: Any) -> int:
    """Return the row an index entry points to."""
    return i64(entry & _LOW32) - 1


@inline
def contact_worth(memory: Any, row: int, now_s: float) -> int:
    """Return what keeping a contact is worth: flows, less for silence; then the newest."""
    seen = i64(memory.contact_seen[u64(row)])
    idle_s = now_s - np.float64(seen)
    if idle_s > PENDING_S:
        return -1
    strength = i64(memory.contact_strength[u64(row)])
    if idle_s > AGE_S:
        strength >>= i64(idle_s / AGE_S)
    return (strength << 32) | seen


@inline
def host_worth(memory: Any, row: int, now_s: float) -> int:
    """Return what keeping a host is worth: ours, then many contacts, then the newest."""
    host = memory.hosts[u64(row)]
    idle_s = now_s - host.last_s
    if idle_s > PENDING_S:
        return -1
    known = min(i64(host.contacts) + i64(host.serves), 0xFFFF)
    return (i64(host.inside) << 56) | (known << 32) | i64(max(host.last_s, 0.0))


@inline
def fan_worth(memory: Any, row: int, now_s: float) -> int:
    """Return what keeping a fan is worth: ours, then many items, then the newest."""
    fan = memory.fans[u64(row)]
    if now_s - fan.last_s > PENDING_S:
        return -1
    items = min(i64(fan.items), 0xFFFF)
    return (i64(fan.inside) << 56) | (items << 32) | i64(max(fan.last_s, 0.0))


@inline
def net_worth(memory: Any, row: int, now_s: float) -> int:
    """Return what keeping a network is worth: it answered, then many users, then the newest."""
    net = memory.nets[u64(row)]
    if now_s - net.last_s > PENDING_S:
        return -1
    return (i64(net.answered) << 56) | (i64(net.hosts) << 32) | i64(max(net.last_s, 0.0))


@inline
def worth(memory: Any, table: int, row: int, now_s: float) -> int:
    """Return what keeping a row is worth; the least goes first, -1 is past its time."""
    if table == CONTACTS:
        return contact_worth(memory, row, now_s)
    if table == HOSTS:
        return host_worth(memory, row, now_s)
    if table == FANS:
        return fan_worth(memory, row, now_s)
    return net_worth(memory, row, now_s)


@inline
def set_of(memory: Any, table: int, h: Any) -> int:
    """Return the first way of the set that a hash belongs to."""
    return (i64(h & _LOW32) & i64(memory.limits[0].set_mask[table])) * WAYS


@inline
def entry_of(h: Any, row: int) -> Any:
    """Return the index entry of a row."""
    return (h >> _S32 << _S32) | u64(row + 1)


@kernel
def choose_way(memory: Any, table: int, index: Any, base: int, now_s: float) -> int:
    """Return a free way of a set, or the one whose row is worth least."""
    best = base
    least = i64(0x7FFFFFFFFFFFFFFF)
    for way in range(base, base + WAYS):
        entry = index[u64(way)]
        if entry == 0:
            return way
        value = worth(memory, table, entry_row(entry), now_s)
        if value < least:
            least = value
            best = way
    return best
