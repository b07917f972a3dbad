"""Loud attacks: scans of every kind, guessing, floods, forged ARP and DHCP.

Each is a generator of conversations in order of start, beginning at `start_s`; it ends.
"""

import random
from collections.abc import Iterator, Sequence

from appliance.demo.actor import BROADCAST
from appliance.demo.conversation import (
    ACK,
    FIN,
    ICMP,
    MS_NS,
    PSH,
    RST,
    S_NS,
    SYN,
    TCP,
    UDP,
    Conversation,
    Endpoint,
    Step,
)
from appliance.demo.devices import ROUTER, Device
from appliance.demo.dialogue import datagrams, pings
from appliance.demo.names import Lease, arp, dhcp_request
from appliance.simulate.office import Worker, outside

Talks = Iterator[Conversation]
URG = 0x20
_FLAGS = {"syn": SYN, "fin": FIN, "null": 0, "xmas": FIN | PSH | URG, "ack": ACK}


def scan_ports(
    me: Worker, victim: Endpoint, *, ports: Sequence[int], gap_s: float, kind: str = "syn"
) -> Talks:
    """Try many ports of one host; most are closed, a few open, a tenth silent."""
    for port in ports:
        target = victim._replace(port=port)
        if kind == "udp":
            yield me.say(target, UDP, datagrams(b"\0" * 8, b"", 0))
        else:
            yield me.say(target, TCP, _probe(me.rng, _FLAGS[kind], open_=port in {22, 80, 443}))
        me.now_ns += int(me.rng.uniform(0.5, 1.5) * gap_s * S_NS)


def _probe(rng: random.Random, flags: int, *, open_: bool) -> list[Step]:
    steps = [Step(0, True, flags, b"", 0)]
    if flags == SYN and open_:
        steps += [Step(MS_NS, False, SYN | ACK, b"", 0), Step(MS_NS, True, RST, b"", 0)]
    elif flags == ACK or (not open_ and rng.random() < 0.9):
        steps.append(Step(MS_NS, False, RST if flags == ACK else RST | ACK, b"", 0))
    return steps


def scan_protocols(me: Worker, victim: Endpoint) -> Talks:
    """Try which IP protocols a host speaks."""
    for proto in (0, 2, 4, 8, 9, 33, 41, 47, 50, 51, 88, 89, 94, 103, 112, 115, 132, 136):
        yield me.say(victim._replace(port=0), proto, [Step(0, True, 0, bytes(8), 8)])
        me.now_ns += int(me.rng.uniform(0.3, 0.8) * S_NS)


def sweep(me: Worker, network: bytes, *, port: int, count: int, gap_s: float) -> Talks:
    """Try one port, or an echo request for port 0, on many hosts of a /24."""
    for octet in me.rng.sample(range(1, 255), count):
        target = outside(network + bytes([octet]), port)
        if port == 0:
            yield me.say(target, ICMP, pings(2 * MS_NS, 1)[: 1 + (octet % 9 == 0)])
        else:
            yield me.knock(target, refused=octet % 3 == 0)
        me.now_ns += int(me.rng.uniform(0.5, 1.5) * gap_s * S_NS)


def guess(me: Worker, victim: Endpoint, *, tries: int, gap_s: float) -> Talks:
    """Guess passwords of a service: short sessions that are all alike."""
    for _try in range(tries):
        yield me.exchange(victim, 2 * MS_NS, [(21, 41), (1_500, 1_080), (420, 460), (150, 84)])
        me.now_ns += int(me.rng.uniform(0.7, 1.3) * gap_s * S_NS)


def flood(me: Worker, victim: Endpoint, *, packets: int, rate: float, spoofed: bool) -> Talks:
    """Send SYNs nobody completes, from one address or from invented ones."""
    for _packet in range(packets):
        talk = me.say(victim, TCP, [Step(0, True, SYN, b"", 0)])
        if spoofed:
            fake = bytes([me.rng.choice((1, 45, 78, 91, 103, 187, 201))])
            talk = talk._replace(orig=talk.orig._replace(ip=fake + me.rng.randbytes(3)))
        yield talk
        me.now_ns += int(S_NS / rate)


def forge_arp(me: Worker, victim: Device, *, length_s: float) -> Talks:
    """Claim the router's address to a victim, again and again."""
    me_as_router = (me.device.mac, ROUTER.ip)
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        lie = arp(2, me_as_router, (victim.mac, victim.ip))
        yield me.beneath(victim.mac, [Step(0, True, 0, lie, 46)])
        truth = arp(2, (ROUTER.mac, ROUTER.ip), (victim.mac, victim.ip))
        me.now_ns += S_NS
        honest = Endpoint(ROUTER.mac, b"", 0)
        yield me.beneath(victim.mac, [Step(0, True, 0, truth, 46)])._replace(orig=honest)
        me.now_ns += S_NS


def flood_dhcp(me: Worker, *, count: int) -> Talks:
    """Ask for one lease after the other under invented hardware addresses."""
    for _lease in range(count):
        mac = b"\x02" + me.rng.randbytes(5)
        lease = Lease(me.rng.getrandbits(32), mac, bytes(4), ROUTER.ip, "", "", b"\x01\x03\x06")
        ask = dhcp_request(lease, discover=True)
        orig = Endpoint(mac, bytes(4), 68)
        resp = Endpoint(BROADCAST, b"\xff" * 4, 67)
        yield Conversation(me.now_ns, orig, resp, UDP, [Step(0, True, 0, ask, len(ask))])
        me.now_ns += 20 * MS_NS
