"""What a flow changes in the row of its contact, and when that makes the row due.

Oracle: tests/oracles/contacts.py.
"""

from typing import Any

from appliance.kernels.classify import ATTEMPT
from appliance.kernels.contactrow import INBOUND, OUTBOUND
from appliance.kernels.jit import i64, inline, u64
from appliance.kernels.rhythm import amend, give_timing, push_early, push_timing
from appliance.kernels.tcpstate import ESTABLISHED, SYN_ACK_SENT
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_DUE,
    CONTACT_OPEN,
    CONTACT_REACTED,
    EARLY,
    FLOW_ANSWERED,
    FLOW_FAILED,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
)
from appliance.model.flow import EndReason

_ACTIVE = int(EndReason.ACTIVE)
TAKEN_BACK = 1 << 16  # beside the FLOW_* of a flow: it was failed when told of before

HOUR_S, DAY_S = 3_600.0, 86_400.0
AGAIN_S = 21_600.0  # a contact that goes on is judged again after this, and as many contacts
AGAIN = 8
LONG_S = 120.0  # a flow this long on an odd port is worth a look
FEW = 3  # contacts on an odd port that are worth a look


@inline
def _is_chatter(contact: Any) -> bool:
    """Tell whether the protocol asks so regularly by itself that its rhythm says nothing."""
    port = contact.port
    return contact.proto == 17 and (
        port == 53 or port == 123 or port == 5353 or port == 1900 or port == 137
    )


@inline
def _is_odd(contact: Any) -> bool:
    """Tell whether this is TCP to the outside, not the web, nothing recognised in it."""
    if contact.proto != 6 or contact.service != 0 or contact.direction > OUTBOUND:
        return False
    return contact.port != 80 and contact.port != 443


@inline
def new_bytes(contact: Any, flow: Any) -> tuple[float, float, int, int]:
    """Return payload and packets out and in that were not told of before; remember what is now.

    Exact for one open flow of a contact; of another one that was told of before, a share.
    """
    out, into = float(flow.orig.payload), float(flow.resp.payload)
    packets_out, packets_in = i64(flow.orig.packets), i64(flow.resp.packets)
    if i64(flow.reason) == ATTEMPT:
        return 0.0, 0.0, 0, 0  # its end tells
    told = (out, into, packets_out, packets_in)
    if flow.id != 0 and contact.open_id == flow.id:
        told = (
            max(out - contact.open_out, 0.0),
            max(into - contact.open_in, 0.0),
            (packets_out - i64(contact.open_packets[0])) & 0xFFFF,
            (packets_in - i64(contact.open_packets[1])) & 0xFFFF,
        )
    elif flow.updates > 0:
        times = i64(flow.updates) + 1
        told = (out / times, into / times, packets_out // times, packets_in // times)
    if i64(flow.reason) == _ACTIVE and flow.id != 0:
        contact.open_id = flow.id
        contact.open_out = out
        contact.open_in = into
        contact.open_packets[0] = packets_out & 0xFFFF
        contact.open_packets[1] = packets_in & 0xFFFF
    elif contact.open_id == flow.id:
        contact.open_id = u64(0)
    return told


@inline
def _turn_window(memory: Any, contact: Any, start_s: float) -> bool:
    """Begin the window and the day of a flow if they are new; tell whether it is of this window.

    A window or day after the present one was left by a clock that has been set back.
    """
    length = memory.limits[0].window_s
    now_s = max(memory.state[0].now_s, start_s)
    window = i64(max(start_s, 0.0) / length)
    if window > contact.window or contact.window > i64(max(now_s, 0.0) / length) + 1:
        contact.window = window
        contact.window_contacts = 0
        contact.window_failed = 0
    day = i64(max(start_s, 0.0) / DAY_S) & 0xFFFF
    if day > contact.day or contact.day > i64(max(now_s, 0.0) / DAY_S) + 1:
        contact.day = day
        contact.day_contacts = 0
    if day == contact.day:
        contact.day_contacts += 1
    return bool(window == contact.window)


@inline
def _count(memory: Any, contact: Any, classes: int, start_s: float) -> None:
    """Count a flow that was not told of before."""
    contact.contacts += 1
    failed = 1 if classes & FLOW_FAILED else 0
    contact.failed += failed
    if classes & FLOW_PROBE:
        contact.probes += 1
    if classes & FLOW_ANSWERED:
        contact.answered += 1
    contact.hours |= 1 << (i64(max(start_s, 0.0) / HOUR_S) % 24)
    if _turn_window(memory, contact, start_s):
        contact.window_contacts = min(i64(contact.window_contacts) + 1, 0xFFFF)
        contact.window_failed = min(i64(contact.window_failed) + failed, 0xFFFF)
    contact.first_s = min(contact.first_s, start_s)
    if start_s > contact.last_s or contact.last_s > memory.state[0].now_s:
        contact.last_s = start_s


@inline
def _take_back(contact: Any, classes: int) -> None:
    """Correct what was counted when a flow was told of as an attempt and was answered after all."""
    if classes & FLOW_REPLY:
        return
    if classes & FLOW_FAILED == 0 and contact.failed > 0:
        contact.failed -= 1
        if contact.window_failed > 0:
            contact.window_failed -= 1
    if classes & FLOW_PROBE == 0 and contact.probes > 0:
        contact.probes -= 1
    if classes & FLOW_ANSWERED:
        contact.answered += 1


@inline
def _keep_rhythm(memory: Any, row: int, classes: int, entry: Any) -> None:
    """Remember the flow in the ring of its contact."""
    contact = memory.contacts[u64(row)]
    count = i64(contact.contacts)
    if count <= EARLY:
        push_early(contact, count - 1, entry)
        return
    if contact.timing < 0:
        if _is_chatter(contact) and classes & FLOW_FAILED == 0:
            return
        if not give_timing(memory, row):
            return
    push_timing(memory, contact, entry)


@inline
def _is_due(contact: Any, start_s: float, counted: bool) -> bool:
    """Tell whether the flow just counted makes the contact due, and set the next number."""
    count = i64(contact.contacts)
    due = False
    if counted:
        if not _is_chatter(contact):
            due = count >= contact.judge_at or (
                count - i64(contact.judged) >= AGAIN and start_s - contact.judged_s >= AGAIN_S
                and contact.judged > 0
            )  # fmt: skip
            due = due or (count == FEW and _is_odd(contact))
        in_window = i64(contact.window_contacts)
        if in_window >= AGAIN and 2 * in_window >= 3 * i64(contact.peak):
            contact.peak = in_window
            due = True
    left = contact["in"] if contact.direction == INBOUND else contact.out
    if left >= contact.volume_at:
        due = True
        # in doublings of the first amount
        at = float(contact.volume_at)
        while at <= left:
            at *= 2.0
        contact.volume_at = at
    return due


@inline
def mark_due(memory: Any, row: int, start_s: float) -> None:
    """Put a contact among the due ones."""
    contact = memory.contacts[u64(row)]
    contact.judged = contact.contacts
    contact.judged_s = start_s
    while contact.judge_at <= contact.contacts:
        contact.judge_at += contact.judge_at >> 1
    if i64(contact.bits) & CONTACT_DUE:
        return
    contact.bits |= CONTACT_DUE
    state = memory.state[0]
    if state.due_contacts < memory.due_contacts.shape[0]:
        memory.due_contacts[u64(state.due_contacts)] = row
        state.due_contacts += 1


@inline
def learn_life(contact: Any, flow: Any, classes: int) -> None:
    """Note what the responder showed of itself."""
    if flow.resp.packets > 0:
        contact.bits |= CONTACT_REACTED
    if classes & FLOW_REPLY:
        return
    if classes & FLOW_ANSWERED:
        contact.bits |= CONTACT_ANSWERED
    if flow.proto == 6:
        prev = i64(flow.resp.prev_state)
        state = i64(flow.resp.state)
        accepted = state == ESTABLISHED or prev == ESTABLISHED
        if accepted or state == SYN_ACK_SENT or classes & FLOW_ANSWERED:
            contact.bits |= CONTACT_OPEN


@inline
def update_contact(memory: Any, row: int, flow: Any, classes: int, told_bytes: Any) -> bool:
    """Bring a flow into its row; tell whether that makes it due."""
    contact = memory.contacts[u64(row)]
    start_s = float(flow.first_ns) * 1e-9
    duration_s = max(float(flow.last_ns - flow.first_ns) * 1e-9, 0.0)
    counted = classes & FLOW_UPDATE == 0
    if counted:
        _count(memory, contact, classes, start_s)
    elif classes & TAKEN_BACK:
        _take_back(contact, classes)
    contact.out += told_bytes[0]
    contact["in"] += told_bytes[1]
    contact.packets_out += told_bytes[2]
    contact.packets_in += told_bytes[3]
    entry = (
        start_s,
        float(flow.orig.payload),
        float(flow.resp.payload),
        duration_s,
        classes & 0xFF,
    )
    if counted:
        _keep_rhythm(memory, row, classes, entry)
    else:
        amend(memory, contact, entry)
    due = _is_due(contact, start_s, counted)
    if duration_s > contact.longest_s:
        if duration_s >= LONG_S and contact.longest_s < LONG_S and _is_odd(contact):
            due = True
        contact.longest_s = duration_s
    return due
