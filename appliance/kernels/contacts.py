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
from appliance.kernels.contactcount import (
    HOUR_S,
    TAKEN_BACK,
    learn_life,
    mark_due,
    new_bytes,
    update_contact,
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
    host_tag,
    seek_host,
    touch_host,
    use_net,
)
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_PROBED,
    FLOW_ANSWERED,
    FLOW_DEAD,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
)

_AHEAD = 32  # flows whose contacts are fetched together

_S32 = u64(32)
_LOW32 = u64(0xFFFFFFFF)


@inline
def _see_host(memory: Any, side: Any, mac: Any, inside: bool, seen: Any) -> int:
    """Return the row of an end that was active, made if need be.

    seen : start s; where the row may be
    """
    start_s, hint = seen
    host = seek_host(memory, side.addr_hi, side.addr_lo, hint)
    if host < 0:
        host = i64(add_host(memory, side.addr_hi, side.addr_lo, inside, start_s))
    touch_host(memory, host, mac, start_s, i64(max(start_s, 0.0) / HOUR_S) % 24)
    return host


@inline
def _find_hosts(memory: Any, flow: Any, hint: int, start_s: float) -> tuple[int, int]:
    """Return the rows of the judged end and of the inside responder of a local flow, or -1.

    hint : where the judged end may be. Inside addresses get a row when they say something: a scan
        of empty addresses makes none.
    """
    host = -1
    server = -1
    outgoing = flow.direction != INBOUND
    if outgoing:
        inside = flow.direction == OUTBOUND or flow.direction == LOCAL
        host = _see_host(memory, flow.orig, flow.orig_mac, inside, (start_s, hint))
        if flow.direction != LOCAL:
            return host, -1
        hint = -1
    resp = flow.resp
    if resp.packets > 0:
        server = _see_host(memory, resp, flow.resp_mac, True, (start_s, hint))
    else:
        server = seek_host(memory, resp.addr_hi, resp.addr_lo, hint)
    if outgoing:
        return host, server
    return server, -1


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
def _matters(contact: Any, what: int) -> bool:
    """Tell whether the fans have to know: who answers outside is nothing to them."""
    if contact.direction != LOCAL:
        what &= ~NEWS_ANSWERED
    return what != 0


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
    told.host[i] = _see_host(memory, orig, flow.orig_mac, inside, (start_s, -1))


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
def _absorb_one(memory: Any, i: int, flow: Any, h: Any, known: Any, told: Any) -> None:
    """Bring one flow into the tables.

    h : hash of its contact
    known : MARK_* of originator and responder, index into SERVICES
    """
    start_s = float(flow.first_ns) * 1e-9
    state = memory.state[0]
    state.now_s = max(state.now_s, float(flow.last_ns) * 1e-9)
    classes, bits = classify(memory, flow, known[1])
    told.classes[i] = classes
    told.contact[i] = told.host[i] = told.server[i] = -1
    if classes & FLOW_GROUP:
        _absorb_group(memory, i, flow, told, start_s)
        return
    row = find_contact(memory, flow, h)
    hint = i64(memory.contacts[u64(row)].host) if row >= 0 else -1
    host, server = _find_hosts(memory, flow, hint, start_s)
    told.host[i] = host
    told.server[i] = server
    if row < 0:
        if classes & FLOW_REPLY and classes & FLOW_DEAD:
            _tell_bytes(told, i, float(flow.orig.payload), 0.0)
            return
        other = known[0] if flow.direction == INBOUND else known[1]
        row = i64(add_contact(memory, flow, h, start_s, other))
        if flow.direction != INBOUND and host >= 0:
            memory.hosts[u64(host)].contacts += 1
    told.contact[i] = row
    contact = memory.contacts[u64(row)]
    if host >= 0 and contact.host != host:
        contact.host = host
        memory.contact_host[u64(row)] = host
    if known[2]:
        contact.service = known[2]
    if classes & FLOW_UPDATE and flow.updates == 0:
        classes |= TAKEN_BACK
    if contact.contacts == 0:  # told of before, but not in this row
        classes &= 0xFF ^ FLOW_UPDATE
    was_alive = is_alive(contact)
    had = i64(contact.bits)
    learn_life(contact, flow, classes)
    if classes & FLOW_PROBE and had & CONTACT_PROBED == 0:
        contact.bits |= bits
    told_bytes = new_bytes(contact, flow)
    _tell_bytes(told, i, told_bytes[0], told_bytes[1])
    if update_contact(memory, row, flow, classes, told_bytes):
        mark_due(memory, row, start_s)
    told.novel[i] = _judge_net(memory, row, host, classes, start_s)
    what = _what_is_new(contact, flow, classes, (was_alive, had))
    if is_alive(contact) and not was_alive:
        memory.contact_alive[u64(row)] = (state.news_ever + 1) & 0xFFFFFFFF
    if what & NEWS_ANSWERED:
        _note_server(memory, row, host if flow.direction == INBOUND else server)
    if _matters(contact, what):
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
            known = (i64(orig_marks[i]), i64(resp_marks[i]), i64(services[i]))
            _absorb_one(memory, i, flows[i], memory.hashes[u64(j)], known, told)
