"""Frames to flows with a dict. Oracle of appliance/kernels/flowtable.py and what it calls.

The meaning of every field is FLOW_DTYPE's; timeouts are the configuration's; endings EndReason's.
A flow is looked at when a wheel tick (2^27 ns) has gone by since its deadline, or when a packet
of its own 5-tuple comes. Time that steps back more than a minute is not modelled.
"""

import ipaddress
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.oracles.headers import IPAddress, Parsed, Reject, parse_frame
from tests.oracles.tcp import ACK, RESET, SYN, Conversation, Endpoint, Segment

TICK = 27
SECOND = 10**9
FRAGMENT_TIMEOUT_NS = 60 * SECOND
ORDINARY_FRAME = 1_522
REASONS = ("active", "idle", "closed", "reused", "evicted", "shutdown")
End = tuple[IPAddress, int]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass
class Arrival:
    """One captured frame."""

    ts_ns: int
    data: bytes
    linktype: int = 1
    wirelen: int = 0  # 0 = all of it was captured
    segments: int = 0
    interface: int = 0

    @property
    def size(self) -> int:
        return self.wirelen or len(self.data)


@dataclass
class Limits:
    """The configuration's timeouts, in ns, and the size of the table."""

    tcp: int = 60 * SECOND
    udp: int = 30 * SECOND
    icmp: int = 30 * SECOND
    other: int = 60 * SECOND
    linger: int = 5 * SECOND
    active: int = 300 * SECOND
    flows: int = 1 << 30
    worker: int = 0


@dataclass
class Held:
    """Fragments of one datagram: its ports, or what waits for them."""

    ts_ns: int
    known: Parsed | None = None
    packets: int = 0
    bytes: int = 0
    ip_bytes: int = 0
    payload: int = 0


@dataclass
class Side:
    """One direction."""

    end: End
    mac: int = 0
    packets: int = 0
    frames: int = 0
    bytes: int = 0
    ip_bytes: int = 0
    payload: int = 0
    ttl: int = 0
    letter: bool = False  # UDP: the first data was noted


@dataclass
class Flow:
    """A conversation going on."""

    number: int
    orig: Side
    resp: Side
    first: Parsed
    first_ns: int
    last_ns: int
    interface: int
    flipped: bool
    due_ns: int  # next active update
    look: int = 0  # tick
    partial: bool = False
    closing: bool = False
    fragments: bool = False
    updates: int = 0
    gso_frames: int = 0
    sizes: list[tuple[int, int]] = field(
        default_factory=list
    )  # (frame bytes, packets it stood for)
    gaps_ns: list[int] = field(default_factory=list)
    talk: Conversation = field(default_factory=Conversation)

    @property
    def unanswered(self) -> bool:
        return not (self.orig.frames and self.resp.frames)


class FlowTableOracle:
    """Feed it with `take`, end with `finish`; then look at `ended`, `updates` and the counters."""

    def __init__(self, limits: Limits, home: list[Network], services: set[int]) -> None:
        self.limits, self.home, self.services = limits, home, services
        self.flows: dict[Any, Flow] = {}
        self.datagrams: dict[Any, Held] = {}
        self.ended: list[dict[str, Any]] = []
        self.updates: list[dict[str, Any]] = []
        self.rejected: Counter[str] = Counter()
        self.traffic: dict[int, Counter[str]] = defaultdict(Counter)
        self.packets = self.bytes = self.flow_packets = self.evicted = self.evicted_answered = 0
        self.last_number = self.reached = 0

    @property
    def held(self) -> int:
        return sum(datagram.packets for datagram in self.datagrams.values())

    def take(self, arrival: Arrival) -> None:
        """Bring in the next frame."""
        self._look(arrival.ts_ns)
        self.packets += 1
        self.bytes += arrival.size
        try:
            packet = parse_frame(arrival.data, arrival.linktype, arrival.size)
        except Reject as reject:
            self.rejected[str(reject)] += 1
            self.traffic[arrival.ts_ns // SECOND].update(
                non_ip_packets=1, non_ip_bytes=arrival.size
            )
            return
        credit = self._defragment(packet, arrival) if packet.fragment else Held(0)
        if credit is not None:
            self._update(packet, arrival, credit)

    def finish(self) -> None:
        """The source has ended."""
        for key in list(self.flows):
            self._end(key, "shutdown")
        self.rejected["fragment_orphan"] += self.held
        self.datagrams.clear()

    def _defragment(self, packet: Parsed, arrival: Arrival) -> Held | None:
        """Return what is credited with this fragment; None if it has to wait."""
        assert packet.fragment is not None
        ident, offset = packet.fragment
        key = (packet.src, packet.dst, ident, packet.proto)
        held = self.datagrams.get(key)
        if held is None or arrival.ts_ns - held.ts_ns >= FRAGMENT_TIMEOUT_NS:
            self.rejected["fragment_orphan"] += held.packets if held else 0
            held = self.datagrams[key] = Held(0)
        held.ts_ns = arrival.ts_ns
        if offset == 0:
            self.datagrams[key] = Held(arrival.ts_ns, packet)
            packet.payload += held.payload
            return held
        if held.known:
            first = held.known
            packet.sport, packet.dport = first.sport, first.dport
            packet.two_way, packet.reply = first.two_way, first.reply
            return Held(0)
        held.packets += 1
        held.bytes += arrival.size
        held.ip_bytes += packet.ip_bytes
        held.payload += packet.payload
        return None

    def _update(self, packet: Parsed, arrival: Arrival, credit: Held) -> None:
        source, target = (packet.src, packet.sport), (packet.dst, packet.dport)
        one_way = packet.proto in {1, 58} and not packet.two_way
        key = (packet.proto, (source, target) if one_way else frozenset({source, target}))
        flow = self.flows.get(key)
        if flow is not None and (reason := self._over(flow, packet, arrival.ts_ns)):
            self._end(key, reason)
            flow = None
        second = self.traffic[arrival.ts_ns // SECOND]
        if flow is None:
            flow = self._begin(key, packet, arrival)
            second["new_flows"] += 1
        is_orig = flow.resp.end != source if flow.flipped else flow.orig.end == source
        self._account(flow, is_orig, packet, arrival, credit)
        self.flow_packets += 1 + credit.packets
        direction = self._direction(flow)
        if not is_orig:
            direction = {1: 2, 2: 1}.get(direction, direction)
        kind = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}.get(packet.proto, "other")
        size = arrival.size + credit.bytes
        second[f"packets{direction}"] += max(arrival.segments, 1) + credit.packets
        second[f"bytes{direction}"] += size
        second[f"{kind}_bytes"] += size

    def _over(self, flow: Flow, packet: Parsed, ts_ns: int) -> str:
        if ts_ns - flow.last_ns > self._patience(flow):
            return "closed" if flow.closing else "idle"
        return "reused" if flow.closing and packet.flags & (SYN | ACK) == SYN else ""

    def _patience(self, flow: Flow) -> int:
        if flow.closing:
            return self.limits.linger
        names = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp"}
        return int(getattr(self.limits, names.get(flow.first.proto, "other")))

    def _begin(self, key: Any, packet: Parsed, arrival: Arrival) -> Flow:
        if len(self.flows) == self.limits.flows:
            self._evict()
        number = max(arrival.ts_ns & ~15 | self.limits.worker, 16)
        if 0 <= self.last_number - number < SECOND:
            number = self.last_number + 16
        self.last_number = number
        sides = [
            Side((packet.src, packet.sport), packet.src_mac),
            Side((packet.dst, packet.dport), packet.dst_mac),
        ]
        flipped = from_responder(packet, self.services)
        if flipped:
            sides.reverse()
        flow = self.flows[key] = Flow(
            number, sides[0], sides[1], packet, arrival.ts_ns, arrival.ts_ns,
            arrival.interface, flipped, arrival.ts_ns + self.limits.active,
        )  # fmt: skip
        flow.partial = packet.proto == 6 and packet.flags & (SYN | ACK) != SYN
        if flipped:
            flow.talk.say("^", True)
        self._schedule(flow, arrival.ts_ns)
        return flow

    def _account(
        self, flow: Flow, is_orig: bool, packet: Parsed, arrival: Arrival, credit: Held
    ) -> None:
        side = flow.orig if is_orig else flow.resp
        over = self._listen(flow, is_orig, packet, arrival)
        if flow.sizes:
            flow.gaps_ns.append(max(arrival.ts_ns - flow.last_ns, 0))
        flow.last_ns = max(flow.last_ns, arrival.ts_ns)
        stood_for = max(arrival.segments, 1)
        flow.sizes.append((arrival.size, stood_for))
        if not side.frames:
            side.ttl, side.mac = packet.ttl, packet.src_mac or side.mac
        long = packet.proto in {6, 17} and arrival.size > ORDINARY_FRAME
        flow.gso_frames += stood_for > 1 or (arrival.segments == 0 and long)
        flow.fragments |= packet.fragment is not None
        side.frames += 1
        side.packets += stood_for + credit.packets
        side.bytes += arrival.size + credit.bytes
        side.ip_bytes += packet.ip_bytes + credit.ip_bytes
        side.payload += packet.payload
        if over and not flow.closing:
            flow.closing = True
            self._schedule(flow, arrival.ts_ns)

    def _listen(self, flow: Flow, is_orig: bool, packet: Parsed, arrival: Arrival) -> bool:
        """Follow the transport; tell whether the conversation is over."""
        side = flow.orig if is_orig else flow.resp
        if packet.proto == 17 and packet.payload and not side.letter:
            side.letter = True
            flow.talk.say("D", is_orig)
        if packet.proto != 6:
            return False
        numbers = packet.seq, packet.ack, packet.payload, packet.window, arrival.ts_ns
        return flow.talk.take(Segment(is_orig, packet.flags, *numbers, packet.has_seq))

    def _direction(self, flow: Flow) -> int:
        """Return Direction: external, outbound, inbound, local."""
        at_home = [
            any(end[0] in net for net in self.home) for end in (flow.orig.end, flow.resp.end)
        ]
        return at_home[0] + 2 * at_home[1]

    def _schedule(self, flow: Flow, now_ns: int) -> None:
        deadline = min(flow.last_ns + self._patience(flow), flow.due_ns)
        flow.look = max((deadline >> TICK) + 1, (now_ns >> TICK) + 1)

    def _look(self, now_ns: int) -> None:
        """Look after flows whose time has come, if this is later than it ever was."""
        if now_ns >> TICK <= self.reached:
            return
        self.reached = now_ns >> TICK
        for key, flow in list(self.flows.items()):
            if flow.look >= now_ns >> TICK:
                continue
            patience = self._patience(flow)
            if flow.last_ns + patience <= now_ns or flow.last_ns > now_ns + patience:
                self._end(key, "closed" if flow.closing else "idle")
                continue
            if flow.due_ns <= now_ns:
                self.updates.append(self._record(flow, "active"))
                flow.updates += 1
                while flow.due_ns <= now_ns:
                    flow.due_ns += self.limits.active
            self._schedule(flow, now_ns)

    def _evict(self) -> None:
        waiting = [key for key, flow in self.flows.items() if flow.unanswered]
        if waiting:  # a dict is in order of beginning
            self._end(waiting[0], "evicted")
        else:
            key = min(
                self.flows, key=lambda k: self.flows[k].last_ns + self._patience(self.flows[k])
            )
            self._end(key, "evicted")
            self.evicted_answered += 1
        self.evicted += 1

    def _end(self, key: Any, reason: str) -> None:
        self.ended.append(self._record(self.flows.pop(key), reason))

    def _record(self, flow: Flow, reason: str) -> dict[str, Any]:
        talk = flow.talk
        tags = [*(tag for tag in flow.first.vlans if tag), 0, 0]
        return {
            "id": flow.number,
            "first_ns": flow.first_ns,
            "last_ns": flow.last_ns,
            "proto": flow.first.proto,
            "reason": REASONS.index(reason),
            "direction": self._direction(flow),
            "tunnel": flow.first.tunnel,
            "vlan": tags[0],
            "inner_vlan": tags[1],
            "interface": flow.interface,
            "updates": flow.updates,
            "gso_frames": flow.gso_frames,
            "history": talk.history,
            "syn_rtt_us": talk.syn_rtt_us,
            "ack_rtt_us": talk.ack_rtt_us,
            "size_min": min([0xFFFF, *(size for size, _ in flow.sizes)]),
            "size_max": min(max(size for size, _ in flow.sizes), 0xFFFF),
            "size_sumsq": sum(size * size / count for size, count in flow.sizes),
            "iat_min_us": min(flow.gaps_ns, default=0) // 1_000,
            "iat_max_us": max(flow.gaps_ns, default=0) // 1_000,
            "iat_sumsq": sum((gap / SECOND) ** 2 for gap in flow.gaps_ns),
            "ipv6": flow.first.src.version == 6,
            "flipped": flow.flipped,
            "fragments": flow.fragments,
            "partial": flow.partial,
            "gso": flow.gso_frames > 0,
            "history_cut": talk.history_cut,
            "closing": flow.closing,
            "orig": _side(flow.orig, talk.orig),
            "resp": _side(flow.resp, talk.resp),
        }


def _side(side: Side, end: Endpoint) -> dict[str, Any]:
    names = ("mac", "packets", "bytes", "ip_bytes", "payload", "ttl")
    return {name: getattr(side, name) for name in names} | {
        "address": side.end[0],
        "port": side.end[1],
        "flags": end.flags,
        "state": end.state,
        "retrans": end.retransmissions,
        "gaps": end.gaps,
        "zero_windows": end.zero_windows,
        "edge": end.edge if end.state not in {0, RESET} else 0,
    }


def from_responder(packet: Parsed, services: set[int]) -> bool:
    """Judge by the first packet seen of a conversation whether the responder sent it."""
    if packet.dst.is_multicast or packet.dst == ipaddress.IPv4Address("255.255.255.255"):
        return False  # a group never sends
    source, target = packet.sport in services, packet.dport in services
    if packet.proto == 6 and packet.has_seq:
        if packet.flags & SYN:
            return bool(packet.flags & ACK) and (source or not target)
        if source and target:
            return packet.sport < packet.dport
        # Linux and others take the ports of clients from 32768 on.
        return source or (not target and packet.sport < 32_768 <= packet.dport)
    if packet.proto in {6, 17, 132}:
        return source and not target
    return packet.reply
