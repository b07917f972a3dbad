"""Loud attacks: scans of every kind, guessing, floods, forged ARP and DHCP.

Each is a generator of conversations in order of start, beginning at the actor's time; it ends.
"""

import random
import struct
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
from appliance.demo.dialogue import Dialogue, datagrams, pings
from appliance.demo.names import Lease, arp, dhcp_reply, dhcp_request
from appliance.simulate.office import Worker, outside
from appliance.simulate.servers import stranger

Talks = Iterator[Conversation]
URG = 0x20
_POOL = 50  # leases the router has left
_PROTOCOLS = (0, 2, 8, 9, 33, 50, 51, 88, 89, 94, 103, 112, 115, 132, 135, 136, 253)
_FLAGS = {"syn": SYN, "fin": FIN, "null": 0, "xmas": FIN | PSH | URG, "ack": ACK}


def scan_ports(
    me: Worker, victim: Endpoint, *, ports: Sequence[int], gap_s: float, kind: str = "syn"
) -> Talks:
    """Try many ports of one host; most are closed, a few open, a tenth silent."""
    for port in ports:
        target = victim._replace(port=port)
        if kind == "udp":
            talk = me.say(target, UDP, datagrams(b"\0" * 8, b"", 0))
            yield talk
            if me.rng.random() < 0.3:  # hosts limit how often they say so
                yield _unreachable(talk)
        else:
            yield me.say(target, TCP, _probe(me.rng, _FLAGS[kind], open_=port in {22, 80, 443}))
        me.now_ns += int(me.rng.uniform(0.5, 1.5) * gap_s * S_NS)


def _unreachable(talk: Conversation) -> Conversation:
    """Return the victim's "port unreachable" (RFC 792), which quotes the datagram."""
    orig, resp = talk.orig, talk.resp
    head = struct.pack("!HHHHBBH", 0x4500, 36, 0, 0, 64, UDP, 0) + orig.ip + resp.ip
    quoted = head + struct.pack("!HHHH", orig.port, resp.port, 16, 0)
    steps = [Step(MS_NS, True, 0, b"\x03\x03" + bytes(6) + quoted, 8 + len(quoted))]
    ends = resp._replace(port=0), orig._replace(port=0)
    return Conversation(talk.start_ns, *ends, ICMP, steps)


def _probe(rng: random.Random, flags: int, *, open_: bool) -> list[Step]:
    steps = [Step(0, True, flags, b"", 0)]
    if flags == SYN and open_:
        steps += [Step(MS_NS, False, SYN | ACK, b"", 0), Step(MS_NS, True, RST, b"", 0)]
    elif flags == ACK or (not open_ and rng.random() < 0.9):
        steps.append(Step(MS_NS, False, RST if flags == ACK else RST | ACK, b"", 0))
    return steps


def scan_protocols(me: Worker, victim: Endpoint) -> Talks:
    """Try which IP protocols a host speaks: headers with nothing of use behind them."""
    for proto in _PROTOCOLS:
        yield me.say(victim._replace(port=0), proto, [Step(0, True, 0, bytes(24), 24)])
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


def sweep_outside(me: Worker, *, ports: Sequence[int], count: int, gap_s: float) -> Talks:
    """Try a port on random addresses of the Internet, as worms do; few of them answer."""
    for _target in range(count):
        target = outside(stranger(me.rng), me.rng.choice(ports))
        chance = me.rng.random()
        if chance < 0.03:
            yield me.exchange(target, 120 * MS_NS, [(0, 40), (12, 60), (18, 60)])
        else:
            yield me.knock(target, refused=chance < 0.15)
        me.now_ns += int(me.rng.expovariate(1 / gap_s) * S_NS)


def guess(me: Worker, victim: Endpoint, *, tries: int, gap_s: float) -> Talks:
    """Guess passwords of a service: short sessions that are all alike."""
    for _try in range(tries):
        session = Dialogue(me.rng, 2 * MS_NS)
        session.open()
        if victim.port == 22:
            session.send(b"SSH-2.0-libssh_0.9.6\r\n")
            session.receive(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        for up, down in ((1_500, 1_080), (420, 460), (150, 84)):
            session.send(length=up)
            session.receive(length=down)
        session.close()
        yield me.say(victim, TCP, session.steps)
        me.now_ns += int(me.rng.uniform(0.7, 1.3) * gap_s * S_NS)


def flood(me: Worker, victim: Endpoint, *, packets: int, rate: float, spoofed: bool) -> Talks:
    """Send SYNs nobody completes, from one address or from invented ones."""
    port = me.rng.randint(1_024, 40_000)
    for _packet in range(packets):
        port = port + 1 if port < 65_535 else 1_024
        talk = me.say(victim, TCP, [Step(0, True, SYN, b"", 0)], port)
        if spoofed:
            talk = talk._replace(orig=talk.orig._replace(ip=stranger(me.rng)))
        yield talk
        me.now_ns += int(S_NS / rate)


def forge_arp(me: Worker, victim: Device, *, length_s: float) -> Talks:
    """Stand between a victim and the router: claim the address of each to the other.

    The victim goes on asking for the router now and then, and gets two answers.
    """
    router, claims = (ROUTER.mac, ROUTER.ip), (me.device.mac, ROUTER.ip)
    asks = (victim.mac, victim.ip)
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        for _round in range(me.rng.randint(4, 8)):
            yield _claim(me, claims, asks)
            yield _claim(me, (me.device.mac, victim.ip), router)
            me.now_ns += 2 * S_NS
        steps = [
            Step(0, True, 0, arp(1, asks, (bytes(6), ROUTER.ip)), 46),
            Step(MS_NS, False, 0, arp(2, router, asks), 46),
        ]
        talk = me.beneath(BROADCAST, steps, answer_mac=ROUTER.mac)
        yield talk._replace(orig=talk.orig._replace(mac=victim.mac))
        me.now_ns += 3 * MS_NS
        yield _claim(me, claims, asks)


def _claim(me: Worker, who: tuple[bytes, bytes], to: tuple[bytes, bytes]) -> Conversation:
    return me.beneath(to[0], [Step(0, True, 0, arp(2, who, to), 46)])


def flood_dhcp(me: Worker, *, count: int) -> Talks:
    """Ask for one lease after the other under invented hardware addresses, until none is left."""
    for number in range(count):
        mac = b"\x02" + me.rng.randbytes(5)
        ip = ROUTER.ip[:3] + bytes([200 + number]) if number < _POOL else bytes(4)
        lease = Lease(me.rng.getrandbits(32), mac, ip, ROUTER.ip, "", "", b"\x01\x03\x06")
        ask = dhcp_request(lease, discover=True)
        orig = Endpoint(mac, bytes(4), 68)
        resp = Endpoint(BROADCAST, b"\xff" * 4, 67)
        yield Conversation(me.now_ns, orig, resp, UDP, [Step(0, True, 0, ask, len(ask))])
        if number < _POOL:
            offer = dhcp_reply(lease, offer=True)
            steps = [Step(5 * MS_NS, True, 0, offer, len(offer))]
            yield Conversation(me.now_ns, ROUTER.at(67), Endpoint(mac, ip, 68), UDP, steps)
        me.now_ns += 20 * MS_NS
