"""What one flow is to detection, from its record alone and from who is known to serve.

Failure and probe as in the definitions of model/contact.py. Where the record of a conversation
begins in its middle, what looks like a failure is mostly an end: a FIN, a RST or a keep-alive on a
connection that the other end has forgotten. Oracle: tests/oracles/contacts.py.
"""

from typing import Any

from appliance.kernels.contacttable import WAYS, mix
from appliance.kernels.jit import i64, inline, u64
from appliance.kernels.tcpstate import (
    ACK,
    ESTABLISHED,
    FIN,
    RESET,
    RST,
    SEEN_ACK,
    SEEN_FIN,
    SEEN_FINRST,
    SEEN_MULTI,
    SEEN_SYN,
    SYN,
    SYN_SENT,
)
from appliance.model.contact import (
    CONTACT_STALE,
    CONTACT_STEALTH,
    FLOW_ANSWERED,
    FLOW_DEAD,
    FLOW_FAILED,
    FLOW_GROUP,
    FLOW_PROBE,
    FLOW_REPLY,
    FLOW_UPDATE,
    MARK_LOCAL,
)
from appliance.model.flow import FLOW_ATTEMPTED, EndReason

TCP_FINE, TCP_FAILED, TCP_RESET_EARLY, TCP_OTHER, TCP_NORMAL = range(5)

MOST_PACKETS = 6  # of a flow in which nothing was said
MOST_DATAGRAMS = 4  # of an unanswered UDP flow that is a probe
SHORT_NS = 5_000_000_000
LOW_PORTS = 1_024
ATTEMPT = int(EndReason.ATTEMPT)
_FURTHER = SEEN_FIN | SEEN_ACK | SEEN_MULTI | SEEN_FINRST
_LETTERS = 0x7F  # of side.seen
_NONE, _H, _A, _F, _R, _I, _Q = -1, 2, 3, 5, 6, 11, 12  # letters, kernels/tcpstate.py

_MAPPED = u64(0xFFFF)
_S8 = u64(8)
_S32 = u64(32)
_S56 = u64(56)
_MASK8 = u64(0xFF)
_MASK28 = u64(0xFFFFFFF)


@inline
def first_of(flow: Any) -> int:
    """Return the letter code the history begins with, a flip left out; -1 none."""
    length = i64(flow.history_len)
    letters = i64(flow.history_lo & u64(0x3FF))
    if length > 0 and letters & 15 == 0:
        length -= 1
        letters >>= 5
    return letters & 31 if length > 0 else _NONE


@inline
def began_with_syn(flow: Any, first: int) -> bool:
    """Tell whether the originator asked for a connection."""
    if first != _NONE:
        return flow.orig.seen & SEEN_SYN != 0 and first != _H
    orig = i64(flow.orig.state)
    return (
        orig == SYN_SENT
        or i64(flow.orig.prev_state) == SYN_SENT
        or (orig >= ESTABLISHED and i64(flow.resp.state) >= ESTABLISHED)
    )


@inline
def is_echo(flow: Any) -> bool:
    """Tell whether this is an echo request (ICMP 8, ICMPv6 128)."""
    kind = flow.orig.port
    return (flow.proto == 1 and kind == 8) or (flow.proto == 58 and kind == 128)


@inline
def is_group(hi: Any, lo: Any) -> bool:
    """Tell whether an address is multicast or the limited broadcast."""
    if hi == 0 and lo >> _S32 == _MAPPED:
        return (lo & u64(0xF0000000)) == u64(0xE0000000) or (lo & u64(0xFFFFFFFF)) == u64(
            0xFFFFFFFF
        )
    return hi >> _S56 == _MASK8


@inline
def _is_broadcast(hi: Any, lo: Any) -> bool:
    """Tell whether an inside address is likely to be a network's broadcast address."""
    return hi == 0 and lo >> _S32 == _MAPPED and (lo & _MASK8) == _MASK8


@inline
def server_tag(memory: Any, hi: Any, lo: Any, port: int, proto: int) -> Any:
    """Return the hash of a service."""
    h = mix(mix(memory.limits[0].seed, hi), lo)
    return mix(h, u64(port << 8 | proto))


@inline
def _server_base(memory: Any, h: Any) -> int:
    return (i64(h & _MASK28) & i64(memory.limits[0].server_mask)) * WAYS


@inline
def is_server(memory: Any, h: Any) -> bool:
    """Tell whether a service was seen answering."""
    base = _server_base(memory, h)
    tag = h >> _S32
    found = False
    for way in range(base, base + WAYS):
        found |= u64(memory.servers[u64(way)]) == tag
    return found


@inline
def note_server(memory: Any, h: Any) -> None:
    """Remember a service that answered; the ways of a set are used in turn."""
    if is_server(memory, h):
        return
    base = _server_base(memory, h)
    for way in range(base + WAYS - 1, base, -1):
        memory.servers[u64(way)] = memory.servers[u64(way - 1)]
    memory.servers[u64(base)] = h >> _S32


@inline
def _is_answer(memory: Any, flow: Any) -> bool:
    """Tell whether the ports say that the originator is really the one that serves."""
    if flow.orig.packets == 0:
        return True
    if flow.orig.port < LOW_PORTS and flow.resp.port >= LOW_PORTS:
        return True
    orig = flow.orig
    return is_server(
        memory, server_tag(memory, orig.addr_hi, orig.addr_lo, i64(orig.port), i64(flow.proto))
    )


@inline
def _is_null(flow: Any) -> bool:
    """Tell whether the originator sent TCP segments without any flag."""
    orig = flow.orig
    if orig.packets == 0 or orig.packets > 2 or orig.payload > 0:
        return False
    return orig.seen & _LETTERS == 0 and orig.flags & (FIN | SYN | RST | ACK) == 0


@inline
def _is_stealth(flow: Any, first: int) -> bool:
    """Tell whether a TCP flow without SYN is FIN, XMAS or a bare ACK, and nothing else."""
    orig = flow.orig
    if orig.packets == 0 or orig.packets > 2 or orig.payload + flow.resp.payload > 0:
        return False
    if first == _A:
        return flow.resp.packets == 0 or i64(flow.resp.state) == RESET
    if first == _F:
        return orig.flags & ACK == 0
    return first in (_I, _Q)


@inline
def _classify_tcp(memory: Any, flow: Any) -> tuple[int, int]:
    orig, resp = flow.orig, flow.resp
    payload = orig.payload + resp.payload
    packets = i64(orig.packets) + i64(resp.packets)
    kind = i64(
        memory.tcp[
            u64(min(i64(orig.state), 6)), u64(min(i64(resp.state), 6)), u64(1 if payload > 0 else 0)
        ]
    )
    if kind == TCP_RESET_EARLY:
        no_attempt = i64(orig.prev_state) != SYN_SENT or orig.seen & _FURTHER != 0
        kind = TCP_OTHER if no_attempt else TCP_FAILED
    first = first_of(flow)
    syn = began_with_syn(flow, first)
    bits = 0
    if not syn:
        # A SYN/ACK or a RST first answers something that was not seen.
        lone_reset = first == _R and resp.packets == 0
        if first == _H or lone_reset or _is_answer(memory, flow):
            return FLOW_REPLY, 0
        if _is_null(flow):
            bits = CONTACT_STEALTH
        else:
            # An ACK in the flags (or flags nobody kept) belongs to a conversation not seen.
            if orig.flags == 0 or orig.flags & ACK:
                bits = CONTACT_STALE
            if _is_stealth(flow, first):
                bits |= CONTACT_STEALTH
    quiet = payload == 0 and packets <= MOST_PACKETS
    if kind == TCP_FAILED or (kind == TCP_OTHER and quiet and resp.packets == 0):
        classes = FLOW_FAILED
        if resp.payload == 0:
            classes |= FLOW_PROBE
        return classes, bits
    if kind == TCP_FINE and quiet and i64(flow.last_ns) - i64(flow.first_ns) < SHORT_NS:
        return FLOW_PROBE, bits
    return 0, bits


@inline
def _classify_icmp(flow: Any) -> int:
    if is_echo(flow):
        return FLOW_PROBE if flow.resp.packets == 0 else 0
    kind = flow.orig.port
    if flow.proto == 1:
        is_error = kind == 0 or kind == 3 or kind == 4 or kind == 5 or kind == 11 or kind == 12
    else:
        is_error = kind < 128 or kind == 129
    return FLOW_REPLY if is_error else 0


@inline
def classify(memory: Any, flow: Any, resp_marks: int) -> tuple[int, int]:
    """Return the FLOW_* of a flow, and CONTACT_STALE and CONTACT_STEALTH where they apply."""
    orig, resp = flow.orig, flow.resp
    proto = i64(flow.proto)
    bits = 0
    classes = 0
    if proto == 6:
        classes, bits = _classify_tcp(memory, flow)
        if resp.payload > 0:
            classes |= FLOW_ANSWERED
    else:
        if proto == 17:
            if resp.packets == 0 or orig.packets == 0:
                if _is_answer(memory, flow):
                    classes = FLOW_REPLY
                elif orig.packets <= MOST_DATAGRAMS:
                    classes = FLOW_FAILED | FLOW_PROBE
                else:
                    classes = FLOW_FAILED
        elif proto == 1 or proto == 58:
            classes = _classify_icmp(flow)
        elif proto != 2 and resp.packets == 0:
            classes = FLOW_PROBE
        if resp.packets > 0:
            classes |= FLOW_ANSWERED
    if resp.packets == 0:
        classes |= FLOW_DEAD
    if flow.updates > 0 or (flow.bits & FLOW_ATTEMPTED and i64(flow.reason) != ATTEMPT):
        classes |= FLOW_UPDATE
    group = is_group(resp.addr_hi, resp.addr_lo) or is_group(orig.addr_hi, orig.addr_lo)
    if group or (resp_marks & MARK_LOCAL and _is_broadcast(resp.addr_hi, resp.addr_lo)):
        classes = (classes | FLOW_GROUP) & ~(FLOW_FAILED | FLOW_PROBE)
    return classes, bits
