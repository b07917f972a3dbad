"""Who talks to whom, with dictionaries and lists. Oracle of the kernels behind detect/contacts.py.

The meaning of every field is that of model/contact.py. Nothing is ever evicted here, and numbers of
networks and of hosts beyond six, which the kernels estimate, are exact.
"""

import ipaddress
from collections import defaultdict
from dataclasses import dataclass, field

from appliance.model.flow import Direction, EndReason
from tests.oracles.fans import FansOracle
from tests.support.contactflows import T0, Talk, counts_of, direction_of

FAILED_STATES = {"S0", "REJ", "SH", "LOG"}
NO_SYN = {"SH", "SYNACK", "BACK", "RST", "ALIVE", "OTH", "ACK", "NULL", "FIN"}
STEALTH = {"ACK", "NULL", "FIN"}
STALE = {"SH", "ALIVE", "OTH", "ACK"}
CHATTER = {53, 123, 5353, 1900, 137}


@dataclass
class Class:
    failed: bool = False
    probe: bool = False
    reply: bool = False
    answered: bool = False
    group: bool = False
    update: bool = False
    dead: bool = False
    stale: bool = False
    stealth: bool = False

    def bits(self) -> int:
        names = ("failed", "probe", "reply", "answered", "group", "update", "dead")
        return sum(getattr(self, name) << k for k, name in enumerate(names))


@dataclass
class Contact:
    first: float
    begun: float
    contacts: int = 0
    failed: int = 0
    probes: int = 0
    answered: int = 0
    out: float = 0.0
    into: float = 0.0
    last: float = -1e18
    hours: set[int] = field(default_factory=set)
    windows: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    window: int = 0
    day: int = 0
    day_contacts: int = 0
    open: tuple[int, float, float] = (0, 0.0, 0.0)
    ring: list[list[float]] = field(default_factory=list)  # start, out, in, duration
    ring_kept: bool = True
    longest: float = 0.0
    judge_at: int = 8
    judged: int = 0
    judged_s: float = -1e18
    peak: int = 0
    volume_at: float = 1e6
    alive: bool = False
    open_port: bool = False
    ever_answered: bool = False
    probed: bool = False
    stale: bool = False
    stealth: bool = False
    packets: int = 0


def _is_group(talk: Talk) -> bool:
    src, dst = ipaddress.ip_address(talk.src), ipaddress.ip_address(talk.dst)
    broadcast = dst.version == 4 and int(dst) & 255 == 255 and talk.dst.startswith("10.")
    return src.is_multicast or dst.is_multicast or talk.dst == "255.255.255.255" or broadcast


def net(text: str) -> str:
    address = ipaddress.ip_address(text)
    return str(ipaddress.ip_network(f"{text}/{24 if address.version == 4 else 48}", strict=False))


class ContactsOracle(FansOracle):
    """Feed flows with `take`; compare the tables."""

    def __init__(self, window_s: float = 600) -> None:
        super().__init__()
        self.window_s = window_s
        self.contacts: dict[tuple[str, str, int, int], Contact] = {}
        self.hosts: dict[str, dict[str, object]] = {}
        self.nets: dict[str, set[str]] = defaultdict(set)
        self.servers: set[tuple[str, int, int]] = set()
        self.due_contacts: list[tuple[str, str, int, int]] = []
        self.now = -1e18

    # what a flow is

    def classify(self, talk: Talk) -> Class:
        out, into, sent, back = counts_of(talk)
        made = Class(answered=into > 0 if talk.proto == 6 else back > 0, dead=back == 0)
        made.group = _is_group(talk)
        told = talk.attempted and talk.reason != EndReason.ATTEMPT
        made.update = talk.updates > 0 or told
        swapped = sent == 0 or (talk.sport < 1024 <= talk.dport)
        swapped = swapped or (talk.src, talk.sport, talk.proto) in self.servers
        if talk.proto == 6:
            self._classify_tcp(talk, made, swapped=swapped, out=out, into=into)
        elif talk.proto == 17:
            if sent == 0 or back == 0:
                made.reply = swapped
                made.failed = not swapped
                made.probe = not swapped and sent <= 4
        elif talk.proto in {1, 58}:
            errors = {0, 3, 4, 5, 11, 12} if talk.proto == 1 else {*range(128), 129}
            made.reply = talk.dport in errors
            made.probe = _echo(talk) and back == 0
        elif talk.proto != 2:
            made.probe = back == 0
        if made.group:
            made.failed = made.probe = False
        return made

    def _classify_tcp(self, talk: Talk, made: Class, *, swapped: bool, out: int, into: int) -> None:
        if talk.how in NO_SYN:
            if talk.how in {"BACK", "RST"} or swapped:
                made.reply = True
                return
            made.stealth = talk.how in STEALTH
            made.stale = talk.how in STALE
        _, _, sent, back = counts_of(talk)
        quiet = out + into == 0 and sent + back <= 6
        if talk.how in FAILED_STATES or (talk.how in {"ACK", "NULL"}):
            made.failed = True
            made.probe = into == 0
        elif talk.how in {"OTH", "ALIVE"}:
            made.failed = made.probe = quiet and back == 0
        elif talk.how != "SF":
            made.probe = quiet and talk.lasts < 5

    # what it changes

    def take(self, talk: Talk) -> tuple[Class, float, float, int]:
        """Bring in one flow; return its class, new bytes out and in, and what is novel."""
        made = self.classify(talk)
        start = round((T0 + talk.at) * 1e6) / 1e6
        self.now = max(self.now, start + talk.lasts)
        out, into, sent, back = counts_of(talk)
        direction = direction_of(talk)
        if made.group:
            share = talk.updates + 1
            attempt = talk.reason == EndReason.ATTEMPT
            multicast = ipaddress.ip_address(talk.src).is_multicast
            if direction != Direction.INBOUND and sent > 0 and not multicast:
                self._host(talk.src, start)
            return made, 0 if attempt else out / share, 0 if attempt else into / share, 0
        self._see_hosts(talk, start, direction, back)
        key = (talk.src, talk.dst, talk.dport, talk.proto)
        if key not in self.contacts:
            if made.reply and made.dead:
                return made, out, 0, 0
            self._begin(key, talk, direction, start)
        contact = self.contacts[key]
        was_alive, was_probed = contact.alive, contact.probed
        counted = not made.update or contact.contacts == 0
        first_answer = made.answered and not made.reply and not contact.ever_answered
        self._learn(contact, talk, made)
        new_out, new_into = self._bytes(contact, talk, out, into)
        self._count(key, talk, made, start, counted)
        contact.out += new_out
        contact.into += new_into
        if talk.reason != EndReason.ATTEMPT:
            contact.packets += sent
        self._keep(contact, talk, made, [start, out, into, talk.lasts], counted)
        self._schedule(key, talk, start, counted)
        novel = self._novel(talk, made, direction)
        if first_answer:
            self._first_answer(key, talk, direction)
        self.tell(key, made, start, (counted, was_alive, was_probed, first_answer, direction))
        return made, new_out, new_into, novel

    def _begin(self, key, talk, direction, start) -> None:
        self.contacts[key] = contact = Contact(first=start, begun=start, last=start)
        contact.volume_at = 4096 if talk.proto in {1, 58} else 8192 if talk.dport == 53 else 1e6
        if direction != Direction.INBOUND:
            self.hosts[talk.src]["contacts"] += 1

    def _host(self, text: str, start: float) -> None:
        host = self.hosts.setdefault(
            text, {"contacts": 0, "serves": 0, "hours": set(), "last": start}
        )
        host["hours"].add(int(start // 3600) % 24)
        host["last"] = max(host["last"], start)

    def _see_hosts(self, talk, start, direction, back) -> None:
        if direction != Direction.INBOUND:
            self._host(talk.src, start)
        if direction in {Direction.INBOUND, Direction.LOCAL} and back > 0:
            self._host(talk.dst, start)

    def _learn(self, contact, talk, made) -> None:
        if made.probe and not contact.probed:
            contact.stale |= made.stale
            contact.stealth |= made.stealth
        if made.reply:
            return
        contact.ever_answered |= made.answered
        if talk.proto == 6:
            contact.open_port |= talk.how in {"S1", "SYNACK", "RSTO"} or made.answered
        web = talk.proto == 6 and talk.dport in {80, 443}
        contact.alive = contact.ever_answered or (web and contact.open_port)

    def _bytes(self, contact, talk, out, into):
        if talk.reason == EndReason.ATTEMPT:
            return 0.0, 0.0
        name, told_out, told_into = contact.open
        flow_id = talk.id or round((T0 + talk.at) * 1e6) * 1000
        if name == flow_id:
            new = max(out - told_out, 0), max(into - told_into, 0)
        else:
            new = out / (talk.updates + 1), into / (talk.updates + 1)
        if talk.reason == EndReason.ACTIVE:
            contact.open = (flow_id, out, into)
        elif name == flow_id:
            contact.open = (0, 0.0, 0.0)
        return new

    def _count(self, key, talk, made, start, counted) -> None:
        contact = self.contacts[key]
        if not counted:
            if talk.updates == 0 and not made.reply:
                contact.failed -= not made.failed and contact.failed > 0
                contact.probes -= not made.probe and contact.probes > 0
                contact.answered += made.answered
            return
        contact.contacts += 1
        contact.failed += made.failed
        contact.probes += made.probe
        contact.answered += made.answered
        contact.hours.add(int(start // 3600) % 24)
        window, day = int(start // self.window_s), int(start // 86400)
        if window > contact.window:
            contact.window = window
        contact.windows[window] += 1
        if day > contact.day:
            contact.day, contact.day_contacts = day, 0
        contact.day_contacts += day == contact.day
        contact.first = min(contact.first, start)
        contact.last = max(contact.last, start)

    def _keep(self, contact, talk, made, entry, counted) -> None:
        entry = [*entry, made.bits() & ~32]
        if not counted:
            for old in contact.ring[-16:][::-1] if contact.contacts > 3 else contact.ring:
                if old[0] == entry[0]:
                    old[:] = entry
                    break
            return
        chatter = talk.proto == 17 and talk.dport in CHATTER
        if contact.contacts > 3 and chatter and contact.ring_kept:
            if not made.failed:
                return  # first three stay, nothing is added
            if contact.contacts > 4:
                contact.ring = []
            contact.ring_kept = False
        contact.ring = [*contact.ring, entry][-64:]

    def _schedule(self, key, talk, start, counted) -> None:
        contact = self.contacts[key]
        direction = direction_of(talk)
        due = False
        odd = talk.proto == 6 and direction in {Direction.OUTBOUND, Direction.EXTERNAL}
        odd = odd and talk.dport not in {80, 443}
        if counted:
            n = contact.contacts
            if not (talk.proto == 17 and talk.dport in CHATTER):
                due = n >= contact.judge_at or (odd and n == 3)
                again = contact.judged > 0 and start - contact.judged_s >= 6 * 3600
                due = due or (again and n - contact.judged >= 8)
            here = contact.windows[contact.window]
            if here >= 8 and here >= 1.5 * contact.peak:
                contact.peak, due = here, True
        left = contact.into if direction == Direction.INBOUND else contact.out
        if left >= contact.volume_at:
            due = True
            while contact.volume_at <= left:
                contact.volume_at *= 2
        if odd and talk.lasts >= 120 > contact.longest:
            due = True
        contact.longest = max(contact.longest, talk.lasts)
        if due:
            contact.judged, contact.judged_s = contact.contacts, start
            while contact.judge_at <= contact.contacts:
                contact.judge_at += contact.judge_at // 2
            if key not in self.due_contacts:
                self.due_contacts.append(key)

    def _novel(self, talk, made, direction) -> int:
        if direction == Direction.LOCAL:
            return 0
        if direction == Direction.INBOUND and not made.answered:
            return 0
        host, peer = talk.src, talk.dst
        if direction == Direction.INBOUND:
            host, peer = peer, host
        users = self.nets[net(peer)]
        novel = (1 if host not in users else 0) | (2 if not users else 0)
        users.add(host)
        return novel | (4 if len(users) == 1 else 0)

    def _first_answer(self, key, talk, direction) -> None:
        if direction in {Direction.INBOUND, Direction.LOCAL}:
            self.hosts[talk.dst]["serves"] += 1
        if talk.proto in {6, 17}:
            self.servers.add((talk.dst, talk.dport, talk.proto))


def _echo(talk: Talk) -> bool:
    return (talk.proto, talk.dport) in {(1, 8), (58, 128)}
