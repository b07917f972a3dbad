"""Flows brought into the memory of detection, one pass each. Oracle: tests/oracles/contacts.py."""

from typing import Any

from appliance.kernels.bytes import prefetch
from appliance.kernels.classify import (
    ATTEMPT,
    classify,
    is_echo,
    is_group,
    note_server,
    server_tag,
)
from appliance.kernels.contactrow import (
    INBOUND,
    LOCAL,
    OUTBOUND,
    add_contact,
    find_contact,
    hash_contact,
    note_strength,
)
from appliance.kernels.contacttable import (
    CONTACTS,
    NEWS_ALIVE,
    NEWS_ANSWERED,
    NEWS_FAILED,
    NEWS_FIRST,
    NEWS_MET,
    NEWS_PROBED,
    WAYS,
    entry_row,
    set_of,
)
from appliance.kernels.fantable import is_alive
from appliance.kernels.hosts import (
    add_host,
    find_host,
    host_tag,
    touch_host,
    use_net,
)
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.rhythm import amend, give_timing, push_early, push_timing
from appliance.kernels.tcpstate import ESTABLISHED, SYN_ACK_SENT
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_DUE,
    CONTACT_OPEN,
    CONTACT_PROBED,
    CONTACT_REACTED,
    EARLY,
    FLOW_ANSWERED,
    FLOW_DEAD,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
)
from appliance.model.flow import EndReason

_ACTIVE = int(EndReason.ACTIVE)
_AHEAD = 32  # flows whose contacts are fetched together
_TAKEN_BACK = 1 << 16  # beside the FLOW_* of a flow: it was failed when told of before

HOUR_S, DAY_S = 3_600.0, 86_400.0
AGAIN_S = 21_600.0  # a contact that goes on is judged again after this, and as many contacts
AGAIN = 8
LONG_S = 120.0  # a flow this long on an odd port is worth a look
FEW = 3  # contacts on an odd port that are worth a look

_S32 = u64(32)
_LOW32 = u64(0xFFFFFFFF)


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
def _find_hosts(memory: Any, flow: Any, start_s: float) -> tuple[int, int]:
    """Return the rows of the judged end and of the inside responder of a local flow, or -1.

    Inside addresses get a row when they say something: a scan of empty addresses makes none.
    """
    orig, resp = flow.orig, flow.resp
    hour = i64(start_s / HOUR_S) % 24
    server = -1
    if flow.direction != INBOUND:
        inside = flow.direction == OUTBOUND or flow.direction == LOCAL
        host = add_host(memory, orig.addr_hi, orig.addr_lo, inside, start_s)
        touch_host(memory, host, flow.orig_mac, start_s, hour)
        if flow.direction != LOCAL:
            return host, -1
    else:
        host = -1
    if resp.packets > 0:
        server = add_host(memory, resp.addr_hi, resp.addr_lo, True, start_s)
        touch_host(memory, server, flow.resp_mac, start_s, hour)
    else:
        server = i64(find_host(memory, resp.addr_hi, resp.addr_lo))
    if flow.direction == INBOUND:
        return server, -1
    return host, server


@inline
def _new_bytes(contact: Any, flow: Any) -> tuple[float, float, int, int]:
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
def _mark_due(memory: Any, row: int, start_s: float) -> None:
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
def _learn_life(contact: Any, flow: Any, classes: int) -> None:
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
def _note_server(memory: Any, row: int, server: int) -> None:
    """Remember who answered a contact for the first time."""
    contact = memory.contacts[u64(row)]
    if server >= 0:
        memory.hosts[u64(server)].serves += 1
    if contact.proto == 6 or contact.proto == 17:
        tag = server_tag(
            memory, contact.resp_hi, contact.resp_lo, i64(contact.port), i64(contact.proto)
        )
        note_server(memory, tag)


@inline
def _what_is_new(contact: Any, flow: Any, classes: int, before: Any) -> int:
    """Return the NEWS_* of a flow.

    before : whether the contact was alive, its bits; before the flow
    """
    was_alive, bits = before
    counted = classes & FLOW_UPDATE == 0
    alive = is_alive(contact)
    what = 0
    if counted and bits & CONTACT_PROBED == 0 and (
        is_echo(flow) or (classes & FLOW_PROBE and not alive)
    ):  # fmt: skip
        contact.bits |= CONTACT_PROBED
        what = NEWS_PROBED
    elif bits & CONTACT_PROBED and alive and not was_alive:
        what = NEWS_ALIVE
    elif counted and contact.contacts == 1:
        what = NEWS_MET
    if bits & CONTACT_ANSWERED == 0 and i64(contact.bits) & CONTACT_ANSWERED:
        what |= NEWS_ANSWERED
    if counted and classes & FLOW_FAILED:
        what |= NEWS_FAILED
        if contact.failed == 1:
            what |= NEWS_FIRST
    return what


@inline
def _tell_fans(memory: Any, row: int, flow: Any, what: int) -> None:
    """Put a flow among the news for the fans."""
    contact = memory.contacts[u64(row)]
    state = memory.state[0]
    item = memory.news[u64(state.news)]
    state.news += 1
    state.news_ever += 1
    item.number = state.news_ever & 0xFFFFFFFF
    item.orig_hi = contact.orig_hi
    item.orig_lo = contact.orig_lo
    item.resp_hi = contact.resp_hi
    item.resp_lo = contact.resp_lo
    item.port = contact.port
    item.proto = contact.proto
    item.direction = contact.direction
    item.bits = contact.bits
    item.what = what
    item.flags = flow.orig.flags
    item.row = row
    item.packets = flow.orig.packets
    item.contacts = contact.contacts
    item.start_s = float(flow.first_ns) * 1e-9
    item.bytes = flow.orig.bytes


@inline
def _update_contact(memory: Any, row: int, flow: Any, classes: int, told_bytes: Any) -> bool:
    """Bring a flow into its row; tell whether that makes it due."""
    contact = memory.contacts[u64(row)]
    start_s = float(flow.first_ns) * 1e-9
    duration_s = max(float(flow.last_ns - flow.first_ns) * 1e-9, 0.0)
    counted = classes & FLOW_UPDATE == 0
    if counted:
        _count(memory, contact, classes, start_s)
    elif classes & _TAKEN_BACK:
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


@inline
def _tell_bytes(told: Any, i: int, out: float, into: float) -> None:
    told.out[i] = out
    told.into[i] = into


@inline
def _absorb_group(memory: Any, i: int, flow: Any, told: Any, start_s: float) -> None:
    """Take a flow to or from many at once: no contact, but its sender is active."""
    times = float(i64(flow.updates) + 1)
    attempt = i64(flow.reason) == ATTEMPT
    _tell_bytes(
        told,
        i,
        0.0 if attempt else float(flow.orig.payload) / times,
        0.0 if attempt else float(flow.resp.payload) / times,
    )
    orig = flow.orig
    if flow.direction == INBOUND or is_group(orig.addr_hi, orig.addr_lo) or orig.packets == 0:
        return
    if orig.addr_hi == 0 and orig.addr_lo & _LOW32 == 0:
        return
    inside = flow.direction == OUTBOUND or flow.direction == LOCAL
    host = add_host(memory, orig.addr_hi, orig.addr_lo, inside, start_s)
    touch_host(memory, host, flow.orig_mac, start_s, i64(max(start_s, 0.0) / HOUR_S) % 24)
    told.host[i] = host


@inline
def _judge_net(memory: Any, row: int, host: int, classes: int, start_s: float) -> int:
    """Note the use of an outside network by the judged host; return what is new about it.

    Who knocks from outside and gets no answer is not used by anybody.
    """
    contact = memory.contacts[u64(row)]
    answered = classes & FLOW_ANSWERED != 0
    if contact.direction == LOCAL or host < 0:
        return 0
    if contact.direction == INBOUND and not answered:
        return 0
    record = memory.hosts[u64(host)]
    return use_net(memory, contact, host_tag(record.hi, record.lo), answered, start_s)


@inline
def _absorb_one(memory: Any, i: int, flow: Any, marks: Any, service: int, told: Any) -> None:
    """Bring one flow into the tables.

    marks : MARK_* of originator and responder
    """
    start_s = float(flow.first_ns) * 1e-9
    state = memory.state[0]
    state.now_s = max(state.now_s, float(flow.last_ns) * 1e-9)
    classes, bits = classify(memory, flow, marks[1])
    told.classes[i] = classes
    told.contact[i] = told.host[i] = told.server[i] = -1
    if classes & FLOW_GROUP:
        _absorb_group(memory, i, flow, told, start_s)
        return
    host, server = _find_hosts(memory, flow, start_s)
    told.host[i] = host
    told.server[i] = server
    h = hash_contact(memory, flow)
    row = find_contact(memory, flow, h)
    if row < 0:
        if classes & FLOW_REPLY and classes & FLOW_DEAD:
            _tell_bytes(told, i, float(flow.orig.payload), 0.0)
            return
        other = marks[0] if flow.direction == INBOUND else marks[1]
        row = i64(add_contact(memory, flow, h, start_s, other))
        if flow.direction != INBOUND and host >= 0:
            memory.hosts[u64(host)].contacts += 1
    told.contact[i] = row
    contact = memory.contacts[u64(row)]
    if host >= 0 and contact.host != host:
        contact.host = host
        memory.contact_host[u64(row)] = host
    if service:
        contact.service = service
    if classes & FLOW_UPDATE and flow.updates == 0:
        classes |= _TAKEN_BACK
    if contact.contacts == 0:  # told of before, but not in this row
        classes &= 0xFF ^ FLOW_UPDATE
    was_alive = is_alive(contact)
    had = i64(contact.bits)
    _learn_life(contact, flow, classes)
    if classes & FLOW_PROBE and had & CONTACT_PROBED == 0:
        contact.bits |= bits
    told_bytes = _new_bytes(contact, flow)
    _tell_bytes(told, i, told_bytes[0], told_bytes[1])
    if _update_contact(memory, row, flow, classes, told_bytes):
        _mark_due(memory, row, start_s)
    told.novel[i] = _judge_net(memory, row, host, classes, start_s)
    what = _what_is_new(contact, flow, classes, (was_alive, had))
    if is_alive(contact) and not was_alive:
        memory.contact_alive[u64(row)] = (state.news_ever + 1) & 0xFFFFFFFF
    if what & NEWS_ANSWERED:
        _note_server(memory, row, host if flow.direction == INBOUND else server)
    if what:
        _tell_fans(memory, row, flow, what)
    note_strength(memory, row)


@inline
def _fetch(memory: Any, flows: Any, start: int, count: int) -> None:
    """Ask for the index sets, then for the rows, that some flows will touch."""
    for j in range(count):
        h = hash_contact(memory, flows[u64(start + j)])
        memory.hashes[u64(j)] = h
        prefetch(memory.contact_index, set_of(memory, CONTACTS, h))
    for j in range(count):
        h = memory.hashes[u64(j)]
        base = set_of(memory, CONTACTS, h)
        for way in range(base, base + WAYS):
            entry = memory.contact_index[u64(way)]
            if entry != 0 and entry >> _S32 == h >> _S32:
                at = entry_row(entry) * 256
                for line in range(0, 192, 64):
                    prefetch(memory.contact_bytes, at + line)


@kernel
def absorb(
    memory: Any, flows: Any, orig_marks: Any, resp_marks: Any, services: Any, told: Any
) -> None:
    """Bring flows into the tables.

    memory : Memory
    flows : FLOW_DTYPE (n,), in order of ending
    orig_marks, resp_marks : uint32 (n,), MARK_*
    services : uint8 (n,), index into SERVICES
    told : Told of n entries, written
    cost : amortised O(1) a flow, no allocation
    """
    for start in range(0, flows.shape[0], _AHEAD):
        count = min(_AHEAD, flows.shape[0] - start)
        _fetch(memory, flows, start, count)
        for j in range(count):
            i = u64(start + j)
            marks = (i64(orig_marks[i]), i64(resp_marks[i]))
            _absorb_one(memory, i, flows[i], marks, i64(services[i]), told)
