"""How many different things a source tries: which fans a contact counts in, and the gates before.

A fan is made when a second item comes; who was seen once stands at a gate, eight bytes in a table
of its own, so that a flood of sources seen once costs a cache line each and no row. Fans count
distinct items: a contact is one item of each of its fans, once. Oracle: tests/oracles/contacts.py.
"""

from typing import Any

from appliance.kernels.bytes import prefetch
from appliance.kernels.contacttable import (
    NEWS,
    NEWS_ALIVE,
    NEWS_ANSWERED,
    NEWS_FAILED,
    NEWS_FIRST,
    NEWS_MET,
    NEWS_PROBED,
    WAYS,
    entry_row,
    mix,
)
from appliance.kernels.fantable import (
    ADMIN,
    BLOCK,
    ECHO,
    PORTS,
    PROTOCOLS,
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
from appliance.model.contact import CONTACT_ANSWERED, CONTACT_OPEN, CONTACT_STALE, CONTACT_STEALTH
from appliance.model.flow import Direction

OPEN = u64(0xFFFFFFFF)  # low half of a gate whose fan exists
FIRST, KNOWN = -2, -1  # what a gate says besides a row
VICTIM_AFTER = 8  # failed flows before a target gets a fan
_SOURCE = i64(0)  # salt of the gate of a source
_LOCAL = int(Direction.LOCAL)

_AHEAD = 8  # news whose gates are fetched
_ONE = u64(1)
_LOW32 = u64(0xFFFFFFFF)
_HIGH = u64(0xFFFFFFFF00000000)


@inline
def _has_echo(item: Any) -> bool:
    return item.proto == 1 or item.proto == 58


@inline
def _has_ports(item: Any) -> bool:
    return item.proto == 6 or item.proto == 17


@inline
def _gate_base(memory: Any, h: Any) -> int:
    return (i64(h & _LOW32) & i64(memory.limits[0].gate_mask)) * WAYS


@inline
def _pass_gate(memory: Any, h: Any, row: int) -> int:
    """Return FIRST if nobody stood here, the contact that did, or KNOWN once it was passed."""
    base = _gate_base(memory, h)
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
def _load_first(memory: Any, first: int, item: Any, kind: int, place: Any) -> bool:
    """Tell whether who stood at a gate still is what it was, and copy it to a place of `news`."""
    was = memory.contacts[u64(first)]
    if first == item.row or was.live == 0:
        return False
    if was.orig_hi != item.orig_hi or was.orig_lo != item.orig_lo:
        return False
    if kind in (PORTS, PROTOCOLS) and (was.resp_hi != item.resp_hi or was.resp_lo != item.resp_lo):
        return False
    if kind == TARGETS and (was.port != item.port or was.proto != item.proto):
        return False
    place.orig_hi = was.orig_hi
    place.orig_lo = was.orig_lo
    place.resp_hi = was.resp_hi
    place.resp_lo = was.resp_lo
    place.port = was.port
    place.proto = was.proto
    place.direction = was.direction
    place.bits = was.bits
    # An answer that comes later in this batch is news of its own.
    ahead = (i64(memory.contact_alive[u64(first)]) - i64(item.number)) & 0xFFFFFFFF
    if 0 < ahead <= NEWS:
        place.bits &= 0xFFFF ^ (CONTACT_ANSWERED | CONTACT_OPEN)
    place.flags = 0
    place.row = first
    place.packets = was.packets_out
    place.contacts = was.contacts
    place.start_s = was.early_start_s[0]
    place.number = item.number
    place.bytes = u64(was.out)
    return True


@kernel
def _add_gated(memory: Any, item: Any, kind: int) -> None:
    """Count a contact in a fan that is made when the second one comes."""
    first = _pass_gate(memory, fan_hash(memory, item, kind), i64(item.row))
    if first == FIRST:
        return
    place = memory.news[NEWS + 1]
    if first >= 0 and _load_first(memory, first, item, kind, place):
        add_item(memory, place, kind)
    add_item(memory, item, kind)


@kernel
def _spread_item(memory: Any, item: Any) -> None:
    """Count a contact in every fan of its source that it belongs to."""
    bits = i64(item.bits)
    if _has_echo(item):
        add_item(memory, item, ECHO)
    elif not _has_ports(item):
        _add_gated(memory, item, PROTOCOLS)
    else:
        _add_gated(memory, item, PORTS)
        if bits & CONTACT_STALE == 0:
            _add_gated(memory, item, TARGETS)
            if not _is_called(item):
                add_item(memory, item, BLOCK)
        if bits & CONTACT_STEALTH:
            add_item(memory, item, STEALTH)


@inline
def _is_called(item: Any) -> bool:
    """Tell whether everybody is asked in turn by this: who looks for printers is no scanner."""
    port = i64(item.port)
    return item.proto == 17 and (
        port == 137
        or port == 138
        or port == 161
        or port == 427
        or port == 1900
        or port == 3702
        or port == 5353
        or port == 5355
    )


@inline
def _source_hash(memory: Any, item: Any) -> Any:
    salt = ECHO if _has_echo(item) else _SOURCE
    return mix(mix(mix(memory.limits[0].seed, u64(salt)), item.orig_hi), item.orig_lo)


@inline
def _count_probed(memory: Any, item: Any) -> None:
    """Count a contact that was probed (or pinged) for the first time."""
    first = _pass_gate(memory, _source_hash(memory, item), i64(item.row))
    if first == FIRST:
        return
    place = memory.news[NEWS]
    if first >= 0 and _load_first(memory, first, item, _SOURCE, place):
        _spread_item(memory, place)
    _spread_item(memory, item)


@inline
def _note(memory: Any, item: Any, kind: int, alive: bool) -> None:
    """Count in a fan, if there is one, that an item answered or that a contact was no probe."""
    at = find_fan(memory, item, kind, fan_hash(memory, item, kind))
    if at < 0:
        return
    fan = memory.fans[u64(at)]
    if not alive:
        fan.flows += 1
    elif fan.alive < fan.items:
        fan.alive += 1


@kernel
def _note_all(memory: Any, item: Any, alive: bool) -> None:
    """Tell the fans of a contact: it is new and was no probe, or it answered after all."""
    if _has_echo(item):
        _note(memory, item, ECHO, alive)
    elif not _has_ports(item):
        _note(memory, item, PROTOCOLS, alive)
    else:
        _note(memory, item, PORTS, alive)
        if i64(item.bits) & CONTACT_STALE == 0:
            _note(memory, item, TARGETS, alive)
            if not _is_called(item):
                _note(memory, item, BLOCK, alive)


@inline
def _has_fans(memory: Any, item: Any) -> bool:
    """Tell whether anything was counted of this source: its gate was passed."""
    h = _source_hash(memory, item)
    base = _gate_base(memory, h)
    found = False
    for way in range(base, base + WAYS):
        found |= memory.gates[u64(way)] == (h & _HIGH) | OPEN
    return found


@inline
def _is_admin(item: Any) -> bool:
    """Tell whether a port serves to run commands on a machine or to reach its files."""
    return item.proto == 6 and item.port in (22, 23, 135, 139, 445, 3389, 5900, 5985, 5986)


@inline
def _note_answer(memory: Any, item: Any) -> None:
    """Count a target inside that lets itself be administered."""
    if item.direction == _LOCAL and _is_admin(item):
        add_item(memory, item, ADMIN)


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


@inline
def _count_failed(memory: Any, item: Any) -> None:
    """Count a failed flow against its target."""
    if _count_failure(memory, fan_hash(memory, item, VICTIM)) < VICTIM_AFTER:
        return
    at = i64(make_fan(memory, item, VICTIM))
    if at < 0:
        return
    fan = memory.fans[u64(at)]
    if item.what & NEWS_FIRST:
        name_item(fan, item)
    push_time(fan, item.start_s)
    fan.flows += 1
    fan.probes += 1
    fan.packets += u64(item.packets)
    fan.bytes += item.bytes
    schedule_fan(memory, at, i64(fan.flows), item.start_s)


@kernel
def spread(memory: Any) -> None:
    """Bring the news of a batch to the fans, and forget them.

    cost : amortised O(1) each, no allocation
    """
    count = i64(memory.state[0].news)
    for i in range(count):
        if i + _AHEAD < count:
            coming = memory.news[u64(i + _AHEAD)]
            prefetch(memory.gates, _gate_base(memory, _source_hash(memory, coming)))
        item = memory.news[u64(i)]
        what = i64(item.what)
        if what & NEWS_PROBED:
            _count_probed(memory, item)
        elif what & NEWS_ALIVE:
            _note_all(memory, item, True)
        elif what & NEWS_MET and _has_fans(memory, item):
            _note_all(memory, item, False)
        if what & NEWS_ANSWERED:
            _note_answer(memory, item)
        if what & NEWS_FAILED:
            _count_failed(memory, item)
    memory.state[0].news = 0
