"""How many different things a source tries: which fans a contact counts in, and the gates before.

A fan is made when a second item comes; who was seen once stands at a gate, eight bytes in a table
of its own, so that a flood of sources seen once costs a cache line each and no row. Fans count
distinct items: a contact is one item of each of its fans, once. Oracle: tests/oracles/contacts.py.
"""

from typing import Any

from appliance.kernels.contacttable import WAYS, entry_row, mix
from appliance.kernels.fantable import (
    BLOCK,
    ECHO,
    PORTS,
    PROTOCOLS,
    SPREAD,
    STEALTH,
    TARGETS,
    VICTIM,
    add_item,
    fan_hash,
    find_fan,
    make_fan,
    name_item,
    push_time,
    schedule_fan,
)
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import CONTACT_STALE, CONTACT_STEALTH

OPEN = u64(0xFFFFFFFF)  # low half of a gate whose fan exists
FIRST, KNOWN = -2, -1  # what a gate says besides a row
VICTIM_AFTER = 8  # failed flows before a target gets a fan
_SOURCE = 0  # salt of the gate of a source

_ONE = u64(1)
_LOW32 = u64(0xFFFFFFFF)
_HIGH = u64(0xFFFFFFFF00000000)


@inline
def _has_echo(contact: Any) -> bool:
    return contact.proto == 1 or contact.proto == 58


@inline
def _has_ports(contact: Any) -> bool:
    return contact.proto == 6 or contact.proto == 17


@inline
def _pass_gate(memory: Any, h: Any, row: int) -> int:
    """Return FIRST if nobody stood here, the contact that did, or KNOWN once it was passed."""
    base = (i64(h & _LOW32) & i64(memory.limits[0].gate_mask)) * WAYS
    tag = h & _HIGH
    free = -1
    for way in range(base, base + WAYS):
        entry = memory.gates[u64(way)]
        if entry & _HIGH == tag and entry != 0:
            if entry & _LOW32 == OPEN:
                return KNOWN
            memory.gates[u64(way)] = tag | OPEN
            return entry_row(entry)
        if entry == 0 and free < 0:
            free = way
    if free < 0:
        free = _give_way(memory, base)
    memory.gates[u64(free)] = tag | u64(row + 1)
    return FIRST


@inline
def _give_way(memory: Any, base: int) -> int:
    """Return the way of a full set that goes: in turn, the ones seen once before others."""
    state = memory.state[0]
    state.turn += 1
    for step in range(WAYS):
        way = base + ((i64(state.turn) + step) & (WAYS - 1))
        if memory.gates[u64(way)] & _LOW32 != OPEN:
            return way
    return base + (i64(state.turn) & (WAYS - 1))


@inline
def _same_gate(memory: Any, first: int, row: int, kind: int) -> bool:
    """Tell whether a contact that stood at a gate still is what it was, and not this one."""
    a = memory.contacts[u64(first)]
    b = memory.contacts[u64(row)]
    if first == row or a.live == 0 or a.orig_hi != b.orig_hi or a.orig_lo != b.orig_lo:
        return False
    if kind in (PORTS, PROTOCOLS):
        return bool(a.resp_hi == b.resp_hi and a.resp_lo == b.resp_lo)
    if kind == TARGETS:
        return bool(a.port == b.port and a.proto == b.proto)
    return True


@kernel
def _add_gated(memory: Any, row: int, kind: int, time_s: float, flags: int) -> None:
    """Count a contact in a fan that is made when the second one comes."""
    contact = memory.contacts[u64(row)]
    first = _pass_gate(memory, fan_hash(memory, contact, kind), row)
    if first == FIRST:
        return
    if first >= 0 and _same_gate(memory, first, row, kind):
        add_item(memory, first, kind, memory.contacts[u64(first)].first_s, 0)
    add_item(memory, row, kind, time_s, flags)


@kernel
def _spread_item(memory: Any, row: int, time_s: float, flags: int) -> None:
    """Count a contact in every fan of its source that it belongs to."""
    contact = memory.contacts[u64(row)]
    bits = i64(contact.bits)
    if _has_echo(contact):
        add_item(memory, row, ECHO, time_s, 0)
    elif not _has_ports(contact):
        _add_gated(memory, row, PROTOCOLS, time_s, 0)
    else:
        _add_gated(memory, row, PORTS, time_s, 0)
        if bits & CONTACT_STALE == 0:
            _add_gated(memory, row, TARGETS, time_s, 0)
            add_item(memory, row, BLOCK, time_s, 0)
        if bits & CONTACT_STEALTH:
            add_item(memory, row, STEALTH, time_s, flags)


@inline
def count_probed(memory: Any, row: int, time_s: float, flags: int) -> None:
    """Count a contact that was probed (or pinged) for the first time."""
    contact = memory.contacts[u64(row)]
    salt = ECHO if _has_echo(contact) else _SOURCE
    h = mix(mix(mix(memory.limits[0].seed, u64(salt)), contact.orig_hi), contact.orig_lo)
    first = _pass_gate(memory, h, row)
    if first == FIRST:
        return
    if first >= 0 and _same_gate(memory, first, row, salt):
        _spread_item(memory, first, memory.contacts[u64(first)].first_s, 0)
    _spread_item(memory, row, time_s, flags)


@inline
def _bump(memory: Any, contact: Any, kind: int, alive: bool) -> None:
    at = find_fan(memory, contact, kind, fan_hash(memory, contact, kind))
    if at < 0:
        return
    fan = memory.fans[u64(at)]
    if not alive:
        fan.flows += 1
    elif fan.alive < fan.items:
        fan.alive += 1


@kernel
def note_contact(memory: Any, row: int, alive: bool) -> None:
    """Tell the fans of a contact about it: it is new and was no probe, or it answered after all."""
    contact = memory.contacts[u64(row)]
    if _has_echo(contact):
        _bump(memory, contact, ECHO, alive)
    elif not _has_ports(contact):
        _bump(memory, contact, PROTOCOLS, alive)
    else:
        _bump(memory, contact, PORTS, alive)
        if i64(contact.bits) & CONTACT_STALE == 0:
            _bump(memory, contact, TARGETS, alive)
            _bump(memory, contact, BLOCK, alive)


@inline
def has_fans(memory: Any, contact: Any) -> bool:
    """Tell whether anything was counted of this source: its gate was passed."""
    h = mix(mix(mix(memory.limits[0].seed, u64(_SOURCE)), contact.orig_hi), contact.orig_lo)
    base = (i64(h & _LOW32) & i64(memory.limits[0].gate_mask)) * WAYS
    found = False
    for way in range(base, base + WAYS):
        found |= memory.gates[u64(way)] == (h & _HIGH) | OPEN
    return found


@kernel
def note_spread(memory: Any, row: int, time_s: float) -> None:
    """Count a target that answered: who reaches many is a busy client, not a scanner.

    On ports that are not well known only for sources that were seen trying them in vain: a client
    of many peers on random ports would need a row for each.
    """
    contact = memory.contacts[u64(row)]
    h = fan_hash(memory, contact, TARGETS)
    if contact.port < 1_024 or find_fan(memory, contact, TARGETS, h) >= 0:
        add_item(memory, row, SPREAD, time_s, 0)


@inline
def _count_failure(memory: Any, h: Any) -> int:
    """Return how many failures of a target were counted, this one included, up to VICTIM_AFTER."""
    base = (i64(h & _LOW32) & i64(memory.limits[0].count_mask)) * WAYS
    tag = h & _HIGH
    best = base
    for way in range(base, base + WAYS):
        entry = memory.counts[u64(way)]
        if entry & _HIGH == tag and entry & _LOW32 != 0:
            count = min(i64(entry & _LOW32) + 1, VICTIM_AFTER)
            memory.counts[u64(way)] = tag | u64(count)
            return count
        if entry & _LOW32 < memory.counts[u64(best)] & _LOW32:
            best = way
    memory.counts[u64(best)] = tag | _ONE
    return 1


@kernel
def count_failed(memory: Any, row: int, is_new: bool, time_s: float, sizes: Any) -> None:
    """Count a failed flow against its target.

    is_new : the first failure of this source there
    sizes : packets and bytes of the flow
    """
    contact = memory.contacts[u64(row)]
    if _count_failure(memory, fan_hash(memory, contact, VICTIM)) < VICTIM_AFTER:
        return
    at = i64(make_fan(memory, contact, VICTIM, time_s))
    if at < 0:
        return
    fan = memory.fans[u64(at)]
    if is_new:
        name_item(fan, contact)
    push_time(fan, time_s)
    fan.flows += 1
    fan.probes += 1
    fan.packets += u64(sizes[0])
    fan.bytes += u64(sizes[1])
    schedule_fan(memory, at, i64(fan.flows), time_s)
