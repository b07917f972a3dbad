"""Rows of contacts: found, made, given up. Oracle: tests/oracles/contacts.py."""

from typing import Any

from appliance.kernels.contacttable import (
    CONTACTS,
    WAYS,
    choose_way,
    entry_of,
    entry_row,
    mix,
    set_of,
)
from appliance.kernels.hosts import net_of, wide_of
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.rhythm import is_past, release_timing
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_CLOUD,
    CONTACT_INSIDE,
    CONTACT_VENDOR,
    MARK_CLOUD,
    MARK_VENDOR,
    NO_HOST,
)
from appliance.model.flow import Direction

INBOUND = int(Direction.INBOUND)
LOCAL = int(Direction.LOCAL)
OUTBOUND = int(Direction.OUTBOUND)
FIRST_JUDGED = 8  # contacts at which a row is due first
_VOLUME, _DNS_VOLUME, _ECHO_VOLUME = 1e6, 8_192.0, 4_096.0  # bytes at which it is due first

_S32 = u64(32)
_S8 = u64(8)
_NO_HOST = u64(NO_HOST)


@inline
def contact_port(flow: Any) -> int:
    """Return what stands in for the responder's port: for ICMP the type of the request."""
    if flow.proto == 1 or flow.proto == 58:
        return i64(flow.orig.port)
    return i64(flow.resp.port)


@inline
def hash_contact(memory: Any, flow: Any) -> Any:
    """Return the hash of the contact a flow belongs to."""
    h = mix(mix(memory.limits[0].seed, flow.orig.addr_hi), flow.orig.addr_lo)
    h = mix(mix(h, flow.resp.addr_hi), flow.resp.addr_lo)
    return mix(h, u64(contact_port(flow)) << _S8 | u64(flow.proto))


@inline
def find_contact(memory: Any, flow: Any, h: Any) -> int:
    """Return the row of the contact a flow belongs to, or -1."""
    base = set_of(memory, CONTACTS, h)
    for way in range(base, base + WAYS):
        entry = memory.contact_index[u64(way)]
        if entry == 0 or entry >> _S32 != h >> _S32:
            continue
        row = entry_row(entry)
        contact = memory.contacts[u64(row)]
        if (
            contact.resp_lo == flow.resp.addr_lo
            and contact.orig_lo == flow.orig.addr_lo
            and contact.port == contact_port(flow)
            and contact.proto == flow.proto
            and contact.orig_hi == flow.orig.addr_hi
            and contact.resp_hi == flow.resp.addr_hi
        ):
            return row
    return -1


@inline
def _take_row(memory: Any, way: int) -> int:
    """Return a row for a way of the index: a new one, or that of whoever stood there."""
    state = memory.state[0]
    entry = memory.contact_index[u64(way)]
    if entry != 0:
        row = entry_row(entry)
        release_timing(memory, row)
        state.evicted[CONTACTS] += 1
        return row
    state.live_contacts += 1
    if state.free > 0:
        state.free -= 1
        return i64(memory.contact_free[u64(state.free)])
    row = i64(state.used[CONTACTS])
    state.used[CONTACTS] += 1
    return row


@inline
def first_volume(flow: Any) -> float:
    """Return the bytes at which a contact is due first because of its volume."""
    if flow.proto == 1 or flow.proto == 58:
        return _ECHO_VOLUME
    return _DNS_VOLUME if flow.resp.port == 53 else _VOLUME


@inline
def add_contact(memory: Any, flow: Any, h: Any, start_s: float, marks: int) -> int:
    """Return a new, empty row for the contact of a flow.

    marks : MARK_* of the end that is not judged
    """
    base = set_of(memory, CONTACTS, h)
    way = choose_way(memory, CONTACTS, memory.contact_index, base, memory.state[0].now_s)
    row = i64(_take_row(memory, way))
    memory.contact_index[u64(way)] = entry_of(h, row)
    contact = memory.contacts[u64(row)]
    contact.orig_hi = flow.orig.addr_hi
    contact.orig_lo = flow.orig.addr_lo
    contact.resp_hi = flow.resp.addr_hi
    contact.resp_lo = flow.resp.addr_lo
    contact.port = contact_port(flow)
    contact.proto = flow.proto
    contact.direction = flow.direction
    bits = 0
    if flow.direction == OUTBOUND or flow.direction == LOCAL:
        bits |= CONTACT_INSIDE
    if marks & MARK_VENDOR:
        bits |= CONTACT_VENDOR
    if marks & MARK_CLOUD:
        bits |= CONTACT_CLOUD
    contact.bits = bits
    contact.service = 0
    contact.live = 1
    contact.host = _NO_HOST
    inbound = flow.direction == INBOUND
    other_hi = flow.orig.addr_hi if inbound else flow.resp.addr_hi
    other_lo = flow.orig.addr_lo if inbound else flow.resp.addr_lo
    contact.net = net_of(other_hi, other_lo)
    contact.wide = wide_of(other_hi, other_lo)
    contact.timing = -1
    contact.first_s = start_s
    contact.last_s = start_s
    _clear_counters(contact)
    contact.volume_at = first_volume(flow)
    memory.contact_host[u64(row)] = NO_HOST
    memory.contact_net[u64(row)] = contact.net
    memory.contact_wide[u64(row)] = contact.wide
    return row


@inline
def _clear_counters(contact: Any) -> None:
    contact.contacts = 0
    contact.failed = 0
    contact.probes = 0
    contact.answered = 0
    contact.out = 0.0
    contact["in"] = 0.0
    contact.hours = 0
    contact.judge_at = FIRST_JUDGED
    contact.window = 0
    contact.window_contacts = 0
    contact.window_failed = 0
    contact.day = 0
    contact.peak = 0
    contact.longest_s = 0.0
    contact.open_id = u64(0)
    contact.open_out = 0.0
    contact.open_in = 0.0
    contact.judged_s = -1e18
    contact.judged = 0
    contact.score = -9.0
    contact.packets_out = 0
    contact.packets_in = 0
    contact.day_contacts = 0
    contact.net_row = -1


@inline
def note_strength(memory: Any, row: int) -> None:
    """Bring up to date what decides which contact gives way."""
    contact = memory.contacts[u64(row)]
    bits = i64(contact.bits)
    strength = min(i64(contact.contacts), 63) << 2
    strength |= 2 if bits & CONTACT_ANSWERED else 0
    strength |= 1 if bits & CONTACT_INSIDE else 0
    memory.contact_strength[u64(row)] = strength
    memory.contact_seen[u64(row)] = i64(min(max(contact.last_s, 0.0), 4294967295.0))


@inline
def _hash_row(memory: Any, contact: Any) -> Any:
    h = mix(mix(memory.limits[0].seed, contact.orig_hi), contact.orig_lo)
    h = mix(mix(h, contact.resp_hi), contact.resp_lo)
    return mix(h, u64(contact.port) << _S8 | u64(contact.proto))


@inline
def _forget(memory: Any, row: int) -> None:
    """Give a contact's row back."""
    contact = memory.contacts[u64(row)]
    base = set_of(memory, CONTACTS, _hash_row(memory, contact))
    for way in range(base, base + WAYS):
        entry = memory.contact_index[u64(way)]
        if entry != 0 and entry_row(entry) == row:
            memory.contact_index[u64(way)] = u64(0)
    release_timing(memory, row)
    contact.live = 0
    contact.bits = 0
    memory.contact_host[u64(row)] = NO_HOST
    memory.contact_net[u64(row)] = NO_HOST
    memory.contact_wide[u64(row)] = NO_HOST
    state = memory.state[0]
    memory.contact_free[u64(state.free)] = row
    state.free += 1
    state.live_contacts -= 1
    state.expired += 1


@kernel
def expire(memory: Any, now_s: float, most: int) -> None:
    """Look at the next `most` contacts in turn and forget those past their time.

    cost : O(most), no allocation
    """
    state = memory.state[0]
    used = i64(state.used[CONTACTS])
    for _ in range(min(most, used)):
        row = i64(state.expiry_hand)
        if row >= used:
            row = 0
        state.expiry_hand = row + 1
        contact = memory.contacts[u64(row)]
        if contact.live and is_past(contact, now_s):
            _forget(memory, row)
