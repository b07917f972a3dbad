"""Hosts, and the outside networks they use. Oracle: tests/oracles/contacts.py."""

from typing import Any

import numpy as np

from appliance.kernels.contacttable import (
    HOSTS,
    NETS,
    WAYS,
    choose_way,
    entry_of,
    entry_row,
    mix,
    set_of,
)
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import NET_HOSTS

_S32 = u64(32)
_S16 = u64(16)
_S8 = u64(8)
_MAPPED = u64(0xFFFF)
_LOW24 = u64(0xFFFFFF)
_LOW16 = u64(0xFFFF)
_LOW31 = u64(0x7FFFFFFF)
_SIX = u64(0x80000000)
_ONE = u64(1)
_SIX_BITS = u64(63)
_BITS = 192  # of NET_DTYPE.bitmap

NEW_TO_HOST, NEW_TO_ALL, RARE = 1, 2, 4


@inline
def net_of(hi: Any, lo: Any) -> Any:
    """Return the number of an address's /24 (IPv6: a hash of its /48)."""
    if hi == 0 and lo >> _S32 == _MAPPED:
        return (lo >> _S8) & _LOW24
    return _SIX | (mix(u64(48), hi >> _S16) & _LOW31)


@inline
def wide_of(hi: Any, lo: Any) -> Any:
    """Return the number of an address's /16 (IPv6: a hash of its /32)."""
    if hi == 0 and lo >> _S32 == _MAPPED:
        return (lo >> _S16) & _LOW16
    return _SIX | (mix(u64(32), hi >> _S32) & _LOW31)


@inline
def _host_hash(memory: Any, hi: Any, lo: Any) -> Any:
    return mix(mix(memory.limits[0].seed, hi), lo)


@inline
def _find(memory: Any, hi: Any, lo: Any, h: Any) -> int:
    base = set_of(memory, HOSTS, h)
    for way in range(base, base + WAYS):
        entry = memory.host_index[u64(way)]
        if entry != 0 and entry >> _S32 == h >> _S32:
            row = entry_row(entry)
            host = memory.hosts[u64(row)]
            if host.hi == hi and host.lo == lo:
                return row
    return -1


@kernel
def find_host(memory: Any, hi: Any, lo: Any) -> int:
    """Return the row of an address, or -1."""
    return _find(memory, hi, lo, _host_hash(memory, hi, lo))


@inline
def seek_host(memory: Any, hi: Any, lo: Any, hint: int) -> int:
    """Return the row of an address, or -1; `hint` is where it may be."""
    if 0 <= hint < memory.hosts.shape[0]:
        host = memory.hosts[u64(hint)]
        if host.hi == hi and host.lo == lo and host.live:
            return hint
    return _find(memory, hi, lo, _host_hash(memory, hi, lo))


@kernel
def add_host(memory: Any, hi: Any, lo: Any, inside: bool, start_s: float) -> int:
    """Return a new row for an address that has none."""
    state = memory.state[0]
    h = _host_hash(memory, hi, lo)
    way = choose_way(memory, HOSTS, memory.host_index, set_of(memory, HOSTS, h), state.now_s)
    entry = memory.host_index[u64(way)]
    if entry == 0:
        row = i64(state.used[HOSTS])
        state.used[HOSTS] += 1
    else:
        row = entry_row(entry)
        state.evicted[HOSTS] += 1
        state.inside_hosts -= i64(memory.hosts[u64(row)].inside)
    memory.host_index[u64(way)] = entry_of(h, row)
    host = memory.hosts[u64(row)]
    host.hi = hi
    host.lo = lo
    host.first_s = start_s
    host.last_s = start_s
    host.hours = 0
    host.contacts = 0
    host.mac = u64(0)
    host.inside = 1 if inside else 0
    host.live = 1
    host.serves = 0
    state.inside_hosts += 1 if inside else 0
    return row


@inline
def touch_host(memory: Any, row: int, mac: Any, start_s: float, hour: int) -> None:
    """Note that a host was active."""
    host = memory.hosts[u64(row)]
    host.hours |= 1 << hour
    host.first_s = min(host.first_s, start_s)
    if start_s >= host.last_s or host.last_s > memory.state[0].now_s:
        host.last_s = start_s
        if mac != 0:
            host.mac = mac


@inline
def host_tag(hi: Any, lo: Any) -> Any:
    """Return the number by which networks remember a host; never 0."""
    return (mix(mix(u64(1), hi), lo) >> _S32) | _ONE


@inline
def find_net(memory: Any, net: Any) -> int:
    """Return the row of a network, or -1."""
    h = mix(memory.limits[0].seed, net)
    base = set_of(memory, NETS, h)
    for way in range(base, base + WAYS):
        entry = memory.net_index[u64(way)]
        if entry != 0 and entry >> _S32 == h >> _S32:
            row = entry_row(entry)
            if u64(memory.nets[u64(row)].net) == net:
                return row
    return -1


@inline
def _add_net(memory: Any, net: Any) -> int:
    state = memory.state[0]
    h = mix(memory.limits[0].seed, net)
    way = choose_way(memory, NETS, memory.net_index, set_of(memory, NETS, h), state.now_s)
    entry = memory.net_index[u64(way)]
    if entry == 0:
        row = i64(state.used[NETS])
        state.used[NETS] += 1
    else:
        row = entry_row(entry)
        state.evicted[NETS] += 1
    memory.net_index[u64(way)] = entry_of(h, row)
    record = memory.nets[u64(row)]
    record.net = net
    record.hosts = 0
    record.live = 1
    record.answered = 0
    record.last_s = 0.0
    for word in range(3):
        record.bitmap[word] = u64(0)
    return row


@inline
def _set_bits(record: Any) -> int:
    """Return how many bits of the bitmap are set."""
    count = 0
    for k in range(3):
        word = record.bitmap[k]
        while word != 0:
            word &= word - _ONE
            count += 1
    return count


@inline
def _join(record: Any, tag: Any) -> bool:
    """Count a host among the users of a network; tell whether it was there already.

    Beyond the first six they are estimated from the bitmap (linear counting, Whang et al. 1990).
    """
    hosts = i64(record.hosts)
    for k in range(min(hosts, NET_HOSTS)):
        if u64(record.host[k]) == tag:
            return True
    place = i64((tag >> _ONE) % u64(_BITS))
    bit = _ONE << (u64(place) & _SIX_BITS)
    known = record.bitmap[place >> 6] & bit != 0
    if hosts >= NET_HOSTS and known:
        return True
    record.bitmap[place >> 6] |= bit
    if hosts < NET_HOSTS:
        record.host[hosts] = tag
        record.hosts = hosts + 1
        return False
    empty = max(_BITS - _set_bits(record), 1)
    estimate = i64(round(-_BITS * np.log(empty / _BITS)))
    record.hosts = min(max(estimate, hosts + 1), 0xFFFF)
    return False


@inline
def use_net(memory: Any, contact: Any, tag: Any, answered: bool, start_s: float) -> int:
    """Note that a host used an outside network; return NEW_TO_HOST, NEW_TO_ALL and RARE."""
    net = u64(contact.net)
    row = i64(contact.net_row)
    if row < 0 or u64(memory.nets[u64(row)].net) != net:
        row = find_net(memory, net)
    novel = 0
    if row < 0:
        row = _add_net(memory, net)
        novel = NEW_TO_ALL
    contact.net_row = row
    record = memory.nets[u64(row)]
    if not _join(record, tag):
        novel |= NEW_TO_HOST
    if answered:
        record.answered = 1
    record.last_s = max(record.last_s, start_s)
    if record.hosts == 1:
        novel |= RARE
    return novel


@kernel
def count_net(memory: Any, net: int) -> int:
    """Return how many hosts use a network; 0 if it is not known."""
    row = find_net(memory, u64(net))
    return i64(memory.nets[u64(row)].hosts) if row >= 0 else 0
