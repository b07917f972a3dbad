"""The last flows of the contacts worth it. Oracle: tests/oracles/contacts.py."""

from typing import Any

from appliance.kernels.contacttable import PENDING_S
from appliance.kernels.jit import i64, inline, u64
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_INSIDE,
    CONTACT_JUDGED,
    EARLY,
    FLOW_UPDATE,
    TIMES,
)

LOOKED_AT = 16  # timing rows among which one to take is sought
AMENDED = 16  # newest entries among which a flow told of again is sought
CALM_S = 900.0  # a row may be taken from a contact silent for this long
_NOT_UPDATE = ~FLOW_UPDATE & 0xFF


@inline
def release_timing(memory: Any, row: int) -> None:
    """Give back the timing row of a contact that goes."""
    contact = memory.contacts[u64(row)]
    if contact.timing >= 0:
        state = memory.state[0]
        memory.timing_free[u64(state.timings_free)] = contact.timing
        state.timings_free += 1
        contact.timing = -1


@inline
def _silence(memory: Any, row: int) -> float:
    """Return for how long a contact was silent, s, stretched for those worth less."""
    contact = memory.contacts[u64(row)]
    silent_s = max(memory.state[0].now_s - contact.last_s, 0.0)
    bits = i64(contact.bits)
    if bits & CONTACT_JUDGED and contact.score > 0.0:
        return silent_s * 0.25
    if bits & (CONTACT_ANSWERED | CONTACT_INSIDE) == 0:
        return silent_s * 8.0
    return silent_s


@inline
def _take_timing(memory: Any) -> int:
    """Return a timing row in use that may go, or -1; its contact has lost it."""
    state = memory.state[0]
    total = i64(memory.limits[0].timings)
    best = -1
    longest = CALM_S
    for _ in range(min(LOOKED_AT, total)):
        at = i64(state.timing_hand)
        state.timing_hand = (at + 1) % total
        silent_s = _silence(memory, i64(memory.timings[u64(at)].contact))
        if silent_s > longest:
            longest = silent_s
            best = at
    if best < 0:
        state.timings_refused += 1
        return -1
    state.timings_evicted += 1
    memory.contacts[u64(memory.timings[u64(best)].contact)].timing = -1
    return best


@inline
def give_timing(memory: Any, row: int) -> bool:
    """Give a contact a timing row, with its first flows if none is missing between."""
    state = memory.state[0]
    if state.timings_free > 0:
        state.timings_free -= 1
        at = i64(memory.timing_free[u64(state.timings_free)])
    elif state.timings_used < memory.limits[0].timings:
        at = i64(state.timings_used)
        state.timings_used += 1
    else:
        at = _take_timing(memory)
        if at < 0:
            return False
    contact = memory.contacts[u64(row)]
    contact.timing = at
    timing = memory.timings[u64(at)]
    timing.contact = row
    timing.head = 0
    timing.used = 0
    if contact.contacts == EARLY + 1:
        for k in range(EARLY):
            timing.start_s[k] = contact.early_start_s[k]
            timing.out[k] = contact.early_out[k]
            timing["in"][k] = contact.early_in[k]
            timing.duration_s[k] = contact.early_duration_s[k]
            timing.flow[k] = contact.early_flow[k]
        timing.head = EARLY
        timing.used = EARLY
    return True


@inline
def push_timing(memory: Any, contact: Any, entry: Any) -> None:
    """Append a flow to the ring of its contact.

    entry : start s, bytes out, bytes in, duration s, FLOW_*
    """
    timing = memory.timings[u64(contact.timing)]
    k = i64(timing.head)
    timing.start_s[k] = entry[0]
    timing.out[k] = entry[1]
    timing["in"][k] = entry[2]
    timing.duration_s[k] = entry[3]
    timing.flow[k] = entry[4]
    timing.head = (k + 1) % TIMES
    timing.used = min(i64(timing.used) + 1, TIMES)


@inline
def push_early(contact: Any, k: int, entry: Any) -> None:
    """Remember one of the first flows of a contact."""
    contact.early_start_s[k] = entry[0]
    contact.early_out[k] = entry[1]
    contact.early_in[k] = entry[2]
    contact.early_duration_s[k] = entry[3]
    contact.early_flow[k] = entry[4]


@inline
def _amend_early(contact: Any, entry: Any) -> None:
    for k in range(min(i64(contact.contacts), EARLY)):
        if contact.early_start_s[k] == entry[0]:
            contact.early_out[k] = entry[1]
            contact.early_in[k] = entry[2]
            contact.early_duration_s[k] = entry[3]
            contact.early_flow[k] = entry[4] & _NOT_UPDATE


@inline
def amend(memory: Any, contact: Any, entry: Any) -> None:
    """Bring sizes and duration of a flow told of before up to date, if it is remembered."""
    if contact.contacts <= EARLY or contact.timing < 0:
        _amend_early(contact, entry)
        return
    timing = memory.timings[u64(contact.timing)]
    for back in range(1, min(i64(timing.used), AMENDED) + 1):
        k = (i64(timing.head) - back) % TIMES
        if timing.start_s[k] == entry[0]:
            timing.out[k] = entry[1]
            timing["in"][k] = entry[2]
            timing.duration_s[k] = entry[3]
            timing.flow[k] = entry[4] & _NOT_UPDATE
            return


@inline
def is_past(contact: Any, now_s: float) -> bool:
    """Tell whether a contact was silent for so long that it is forgotten."""
    return now_s - contact.last_s > PENDING_S
