"""Fans: rows that count distinct items of a source or target, and when they are due.

Oracle: tests/oracles/contacts.py.
"""

from typing import Any

import numpy as np

from appliance.kernels.contacttable import FANS, WAYS, choose_way, entry_of, entry_row, mix, set_of
from appliance.kernels.hosts import net_of
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_INSIDE,
    CONTACT_OPEN,
    TIMES,
    Fan,
)

QUIET_S = 300.0  # a fan judged longer ago than this is judged again after a few items more
NAMED = 8  # items a fan remembers by name
_NET_BITS = 256

# not plain integers, see contacttable.py
PORTS, TARGETS, BLOCK = i64(Fan.PORTS), i64(Fan.TARGETS), i64(Fan.BLOCK)
ECHO, PROTOCOLS, STEALTH = i64(Fan.ECHO), i64(Fan.PROTOCOLS), i64(Fan.STEALTH)
ADMIN, VICTIM = i64(Fan.ADMIN), i64(Fan.VICTIM)

_ONE = u64(1)
_S32 = u64(32)
_SIX_BITS = u64(63)


@inline
def is_alive(item: Any) -> bool:
    """Tell whether the responder does what it is there for.

    Browsers connect to web servers ahead of need: there a completed handshake is enough.
    """
    bits = i64(item.bits)
    if bits & CONTACT_ANSWERED:
        return True
    web = item.proto == 6 and (item.port == 80 or item.port == 443)
    return web and bits & CONTACT_OPEN != 0


@inline
def fan_hash(memory: Any, item: Any, kind: int) -> Any:
    """Return the hash of the fan of a kind that a item belongs to."""
    h = mix(memory.limits[0].seed, u64(kind))
    if kind != VICTIM:
        h = mix(mix(h, item.orig_hi), item.orig_lo)
    if kind in (PORTS, PROTOCOLS, VICTIM):
        h = mix(mix(h, item.resp_hi), item.resp_lo)
    if kind in (TARGETS, VICTIM):
        h = mix(h, u64(item.port) << u64(8) | u64(item.proto))
    return h


@inline
def _is_fan_of(fan: Any, item: Any, kind: int) -> bool:
    if fan.kind != kind:
        return False
    if kind == VICTIM:
        if fan.a_hi != item.resp_hi or fan.a_lo != item.resp_lo:
            return False
    elif fan.a_hi != item.orig_hi or fan.a_lo != item.orig_lo:
        return False
    if kind in (PORTS, PROTOCOLS):
        return bool(fan.b_hi == item.resp_hi and fan.b_lo == item.resp_lo)
    if kind in (TARGETS, VICTIM):
        return bool(fan.port == item.port and fan.proto == item.proto)
    return True


@inline
def find_fan(memory: Any, item: Any, kind: int, h: Any) -> int:
    """Return the row of the fan of a kind that a item belongs to, or -1."""
    base = set_of(memory, FANS, h)
    for way in range(base, base + WAYS):
        entry = memory.fan_index[u64(way)]
        if entry != 0 and entry >> _S32 == h >> _S32:
            row = entry_row(entry)
            if _is_fan_of(memory.fans[u64(row)], item, kind):
                return row
    return -1


@inline
def _begin_fan(fan: Any, item: Any, kind: int) -> None:
    """Make an empty fan of a row."""
    victim = kind == VICTIM
    fan.a_hi = item.resp_hi if victim else item.orig_hi
    fan.a_lo = item.resp_lo if victim else item.orig_lo
    paired = kind in (PORTS, PROTOCOLS)
    fan.b_hi = item.resp_hi if paired else u64(0)
    fan.b_lo = item.resp_lo if paired else u64(0)
    ported = kind == TARGETS or victim
    fan.port = item.port if ported else 0
    fan.proto = item.proto if ported else 0
    fan.kind = kind
    fan.live = 1
    fan.flags = 0
    fan.head = 0
    fan.items = 0
    fan.alive = 0
    fan.flows = 0
    fan.probes = 0
    fan.judge_at = _next_step(kind, 0)
    fan.nets = 0
    fan.first_s = item.start_s
    fan.last_s = item.start_s
    fan.packets = u64(0)
    fan.bytes = u64(0)
    fan.judged_s = -1e18
    fan.judged = 0
    fan.base = 0
    fan.due = 0
    for word in range(4):
        fan.net_bits[word] = u64(0)


@kernel
def make_fan(memory: Any, item: Any, kind: int) -> int:
    """Return the row of a fan, made if need be; -1 if nothing may give way to it.

    What an outsider does never pushes out what was counted of somebody inside.
    """
    h = fan_hash(memory, item, kind)
    row = i64(find_fan(memory, item, kind, h))
    if row >= 0:
        return row
    state = memory.state[0]
    inside = is_fan_inside(item, kind)
    way = choose_way(memory, FANS, memory.fan_index, set_of(memory, FANS, h), state.now_s)
    entry = memory.fan_index[u64(way)]
    if entry == 0:
        row = i64(state.used[FANS])
        state.used[FANS] += 1
    else:
        row = entry_row(entry)
        if memory.fans[u64(row)].inside and not inside:
            state.fans_refused += 1
            return -1
        state.evicted[FANS] += 1
    memory.fan_index[u64(way)] = entry_of(h, row)
    fan = memory.fans[u64(row)]
    _begin_fan(fan, item, kind)
    fan.inside = 1 if inside else 0
    return row


@inline
def is_fan_inside(item: Any, kind: int) -> bool:
    """Tell whether the end that a fan is about is at home."""
    if kind == VICTIM:
        return bool(item.direction >= 2)
    return i64(item.bits) & CONTACT_INSIDE != 0


@inline
def _next_step(kind: int, count: int) -> int:
    """Return the number of items after `count` at which a fan is due."""
    if kind == VICTIM:
        step = 50
        while step <= count:
            step *= 2
        return step
    low = kind in (ADMIN, STEALTH)
    for step in (2, 3, 4, 5, 8, 10, 12, 15, 20, 25, 30, 40, 60):
        if step > count and (low or step >= 5):
            return step
    step = 90
    while step <= count:
        step += step >> 1
    return step


@inline
def schedule_fan(memory: Any, row: int, count: int, time_s: float) -> None:
    """Put a fan among the due ones if its number of items says so.

    After a quiet time steps begin anew: fifteen ports in a minute are not less of a scan because
    a thousand were tried last week.
    """
    fan = memory.fans[u64(row)]
    kind = i64(fan.kind)
    few = 50 if kind == VICTIM else 5
    if count < fan.judge_at:
        if count - i64(fan.judged) < few or time_s - fan.judged_s < QUIET_S:
            return
        fan.base = count - few
    fan.judge_at = i64(fan.base) + _next_step(kind, count - i64(fan.base))
    fan.judged = count
    fan.judged_s = time_s
    if fan.due == 0:
        fan.due = 1
        state = memory.state[0]
        if state.due_fans < memory.due_fans.shape[0]:
            memory.due_fans[u64(state.due_fans)] = row
            state.due_fans += 1


@inline
def _note_net(fan: Any, hi: Any, lo: Any) -> None:
    """Count the network of an item; linear counting over 256 bits."""
    place = i64(mix(u64(2), net_of(hi, lo)) & u64(_NET_BITS - 1))
    bit = _ONE << (u64(place) & _SIX_BITS)
    if fan.net_bits[place >> 6] & bit:
        return
    fan.net_bits[place >> 6] |= bit
    used = 0
    for k in range(4):
        word = fan.net_bits[k]
        while word != 0:
            word &= word - _ONE
            used += 1
    empty = max(_NET_BITS - used, 1)
    fan.nets = min(i64(round(-_NET_BITS * np.log(empty / _NET_BITS))), 255)


@inline
def push_time(fan: Any, time_s: float) -> None:
    """Remember when an item came."""
    k = i64(fan.head)
    fan.time_s[k] = time_s
    fan.head = (k + 1) % TIMES
    fan.last_s = max(fan.last_s, time_s)
    fan.first_s = min(fan.first_s, time_s)


@inline
def name_item(fan: Any, item: Any) -> None:
    """Count a item as an item; the first ones are remembered by name."""
    k = i64(fan.items)
    victim = fan.kind == VICTIM
    hi = item.orig_hi if victim else item.resp_hi
    lo = item.orig_lo if victim else item.resp_lo
    if k < NAMED:
        fan.item_hi[k] = hi
        fan.item_lo[k] = lo
        fan.item_port[k] = item.proto if fan.kind == PROTOCOLS else item.port
    _note_net(fan, hi, lo)
    fan.items = k + 1


@kernel
def add_item(memory: Any, item: Any, kind: int) -> None:
    """Count a contact as an item of its fan of a kind.

    item : NEWS_DTYPE; of ADMIN it answered, of others it is a probe
    """
    at = i64(make_fan(memory, item, kind))
    if at < 0:
        return
    fan = memory.fans[u64(at)]
    name_item(fan, item)
    push_time(fan, item.start_s)
    if item.contacts <= 1:
        fan.flows += 1
    fan.flows = max(i64(fan.flows), i64(fan.items))
    if kind == STEALTH:
        fan.flags |= item.flags
    fan.packets += u64(item.packets)
    fan.bytes += item.bytes
    if kind == ADMIN:
        fan.alive += 1
    else:
        fan.probes += 1
        if is_alive(item):
            fan.alive += 1
    schedule_fan(memory, at, i64(fan.items), item.start_s)
