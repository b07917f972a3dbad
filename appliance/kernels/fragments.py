"""Fragments credited to their flow: a small cache that knows the ports of a datagram.

Fragments that arrive before the first one are held as counts and credited when it comes; what
never gets its first fragment is counted as fragment_orphan. RFC 791, RFC 8200 section 4.5.
"""

from typing import Any

from appliance.kernels.headers import conversation_hash
from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.packet import (
    FRAGMENT_ORPHAN,
    FRAGMENT_TIMEOUT_NS,
    FRAGMENTS,
    OK,
    PACKET_REPLY,
    PACKET_TWO_WAY,
)

HELD = -1  # neither a packet of a flow nor a reject yet

_FREE = 0
_KNOWN = 1
_WAITING = 2


@inline
def _claim(table: Any, entry: Any, packet: Any, ident: int) -> None:
    """Give an entry to another datagram; what it held will never find its flow."""
    if entry.state == _WAITING:
        table.rejects[FRAGMENT_ORPHAN] += i64(entry.held_packets)
        table.state[0].fragments_held -= i64(entry.held_packets)
    entry.src_hi = packet.src_hi
    entry.src_lo = packet.src_lo
    entry.dst_hi = packet.dst_hi
    entry.dst_lo = packet.dst_lo
    entry.ident = ident
    entry.proto = packet.proto
    entry.state = _WAITING
    _empty(entry)


@inline
def _empty(entry: Any) -> None:
    entry.held_packets = 0
    entry.held_bytes = 0
    entry.held_ip_bytes = 0
    entry.held_payload = 0


@kernel
def resolve(table: Any, packet: Any) -> int:
    """Give a fragment its ports, or hold it.

    table : Table
    packet : PACKET_DTYPE record as `parse` leaves a fragment
    returns : OK, or HELD
    """
    state = table.state[0]
    ident = i64(packet.credit_bytes)
    is_first = packet.credit_ip_bytes == 0
    packet.credit_bytes = 0
    packet.credit_ip_bytes = 0
    where = conversation_hash(
        packet.src_lo,
        packet.dst_lo,
        packet.src_hi,
        packet.dst_hi,
        (u64(ident) << u64(8)) | u64(packet.proto),
        table.limits[0].seed,
    )
    entry = table.fragments[i64(where & u64(FRAGMENTS - 1))]
    same = (
        entry.state != _FREE
        and entry.ident == ident
        and entry.src_lo == packet.src_lo
        and entry.dst_lo == packet.dst_lo
        and entry.src_hi == packet.src_hi
        and entry.dst_hi == packet.dst_hi
        and entry.proto == packet.proto
        and packet.ts_ns - entry.ts_ns < FRAGMENT_TIMEOUT_NS
    )
    if not same:
        _claim(table, entry, packet, ident)
    entry.ts_ns = packet.ts_ns
    if is_first:
        entry.sport = packet.sport
        entry.dport = packet.dport
        entry.bits = packet.bits & (PACKET_TWO_WAY | PACKET_REPLY)
        entry.state = _KNOWN
        packet.credit_packets = entry.held_packets
        packet.credit_bytes = entry.held_bytes
        packet.credit_ip_bytes = entry.held_ip_bytes
        packet.payload += entry.held_payload
        state.fragments_held -= i64(entry.held_packets)
        _empty(entry)
        return OK
    if entry.state == _KNOWN:
        packet.sport = entry.sport
        packet.dport = entry.dport
        packet.bits |= entry.bits
        return OK
    entry.held_packets += 1
    entry.held_bytes += packet.wirelen
    entry.held_ip_bytes += packet.ip_bytes
    entry.held_payload += packet.payload
    state.fragments_held += 1
    return HELD
