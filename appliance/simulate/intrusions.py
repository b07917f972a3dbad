"""Quiet attacks: command and control, tunnels, theft, spreading.

Each is a generator of conversations in order of start, beginning at the actor's time; it ends.
"""

import random
from collections.abc import Iterator
from typing import Literal, NamedTuple

from appliance.demo.conversation import ICMP, MS_NS, S_NS, TCP, UDP, Conversation, Endpoint, Step
from appliance.demo.devices import ROUTER, Device
from appliance.demo.dialogue import Dialogue, datagrams
from appliance.demo.names import A, dns_answer, dns_query
from appliance.demo.services import Service
from appliance.simulate.office import Worker, outside
from appliance.simulate.servers import stranger

Talks = Iterator[Conversation]
_MX, _TXT = 15, 16
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BASE32 = _LETTERS + "234567"


class Channel(NamedTuple):
    """How somebody is called: a server, a port, and what is spoken."""

    server: Service
    port: int
    form: Literal["http", "tls", "raw"]

    def call(self, me: Worker) -> Conversation:
        """Return one visit: a small request, a small answer, now and then something to do."""
        down = 180 if me.rng.random() < 0.94 else me.rng.randint(900, 9_000)
        up = 260 + me.rng.randint(0, 12)
        if self.form == "raw":
            return me.exchange(self.server.at(self.port), self.server.rtt_ns, [(up, down)])
        if self.form == "tls":
            talk = me.tls(self.server, up, down)
        else:
            talk = me.http(self.server, "/api/v2/updates?s=1", down)
        return talk._replace(resp=talk.resp._replace(port=self.port))


def beacon(
    me: Worker, channel: Channel, *, period_s: float, jitter: float, length_s: float
) -> Talks:
    """Ask a server for orders, again and again.

    jitter : share of the period
    """
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        yield channel.call(me)
        me.wait(period_s, jitter)


def beacon_unevenly(
    me: Worker, channel: Channel, *, period_s: float, deviation: float, length_s: float
) -> Talks:
    """Ask for orders, the waits drawn from a normal distribution.

    deviation : share of the period
    """
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        yield channel.call(me)
        me.now_ns += int(max(me.rng.gauss(period_s, deviation * period_s), 1.0) * S_NS)


def beacon_by_day(
    me: Worker, channel: Channel, *, period_s: float, hours: tuple[int, int], length_s: float
) -> Talks:
    """Ask for orders only while others work.

    hours : of the day, from and to
    """
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        if not hours[0] <= me.clock_s / 3_600 < hours[1]:
            me.await_clock(hours[0], period_s)
            continue
        yield channel.call(me)
        me.wait(period_s, 0.15)


def beacon_dns(me: Worker, *, domain: str, period_s: float, length_s: float) -> Talks:
    """Ask for orders in TXT records: a number in the name, a few bytes in the answer."""
    end_ns = me.now_ns + int(length_s * S_NS)
    number = me.rng.randrange(1 << 30)
    while me.now_ns < end_ns:
        tasks = 1 if me.rng.random() < 0.93 else me.rng.randint(4, 20)
        for _part in range(tasks):
            number += 1
            order = me.rng.randbytes(24 if tasks == 1 else 180)
            yield me.look_up(f"{number:08x}.{domain}", _TXT, [bytes([len(order)]) + order])
        me.wait(period_s, 0.2)


def mine(me: Worker, pool: Endpoint, *, length_s: float) -> Talks:
    """Mine for a pool: one long connection, a job every half minute, shares when there are."""
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        dialogue = Dialogue(me.rng, 45 * MS_NS)
        dialogue.open()
        dialogue.send(b'{"id":1,"jsonrpc":"2.0","method":"login","params":{"login":"', 310)
        dialogue.receive(b'{"id":1,"jsonrpc":"2.0","error":null,"result":{"id":"', 420)
        for _job in range(me.rng.randint(40, 120)):
            if me.rng.random() < 0.6:
                after_ns = int(me.rng.uniform(2, 28) * S_NS)
                dialogue.send(b'{"id":2,"jsonrpc":"2.0","method":"submit"', 220, after_ns)
                dialogue.receive(length=62)
            dialogue.receive(length=me.rng.randint(330, 350), after_ns=30 * S_NS)
        dialogue.abort()
        talk = me.say(pool, TCP, dialogue.steps)
        yield talk
        me.now_ns = talk.end_ns + 5 * S_NS


def send_spam(me: Worker, *, count: int, gap_s: float) -> Talks:
    """Send junk straight to the exchanges of many domains; most of them do not want it."""
    for number in range(count):
        domain = f"{_noise(me.rng, me.rng.randint(5, 10))}.example"
        ip = stranger(me.rng)
        yield me.look_up(domain, _MX, [b"\0\x0a\x02mx\xc0\x0c"])
        yield me.look_up(f"mx.{domain}", A, [ip])
        target = outside(ip, 25)
        fate = me.rng.random()
        if fate < 0.35:
            yield me.knock(target, times=2)
        elif fate < 0.6:
            yield me.knock(target, refused=True)
        elif fate < 0.85:
            yield me.exchange(target, 80 * MS_NS, [(0, 90), (24, 60), (40, 70)])  # 550
        else:
            turns = [(0, 90), (24, 60), (40, 30), (40, 30), (6, 40), (1_800 + number % 9, 60)]
            yield me.exchange(target, 80 * MS_NS, turns)
        me.now_ns += int(me.rng.expovariate(1 / gap_s) * S_NS)


def call_home(me: Worker, server: Endpoint, *, period_s: float, length_s: float) -> Talks:
    """Try a server that is gone, again and again."""
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        yield me.knock(server, times=2, refused=me.rng.random() < 0.1)
        me.wait(period_s, 0.05)


def remote_control(me: Worker, server: Endpoint, *, length_s: float) -> Talks:
    """Hold sessions with an operator on an odd port: screens go up, orders come down."""
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        dialogue = Dialogue(me.rng, 70 * MS_NS)
        dialogue.open()
        for _order in range(me.rng.randint(2, 6)):
            dialogue.receive(length=me.rng.randint(40, 300), after_ns=2 * S_NS)
            dialogue.send(length=me.rng.randint(2_000, 30_000))
        dialogue.close()
        talk = me.say(server, TCP, dialogue.steps)
        yield talk
        me.now_ns = talk.end_ns + int(me.rng.uniform(1, 4) * S_NS)


def steal(me: Worker, server: Service, *, bytes_: int) -> Talks:
    """Send a lot to a place the device never talked to."""
    part = 4_000_000
    yield from me.resolve(server)
    for _part in range(max(1, bytes_ // part)):
        talk = me.tls(server, part, 200)
        yield talk
        me.now_ns = talk.end_ns + int(me.rng.uniform(1, 9) * S_NS)


def invent_names(me: Worker, *, count: int, gap_s: float) -> Talks:
    """Look for the one registered name among many made-up ones."""
    for number in range(count):
        length = me.rng.randint(11, 19)
        name = "".join(me.rng.choice(_LETTERS) for _ in range(length))
        yield me.look_up(f"{name}.{('com', 'net', 'biz')[number % 3]}", A, [])
        me.now_ns += int(me.rng.uniform(0.3, 1.7) * gap_s * S_NS)


def tunnel_dns(me: Worker, *, domain: str, count: int, gap_s: float) -> Talks:
    """Carry data out in the names that are asked for, and in with the answers."""
    for number in range(count):
        labels = [_noise(me.rng, 52), _noise(me.rng, me.rng.randint(30, 52)), f"{number:x}"]
        question = dns_query(me.rng.randrange(65_536), ".".join([*labels, domain]), _TXT)
        answer = dns_answer(question, _TXT, [b"\x78" + me.rng.randbytes(120)])
        steps = datagrams(question, answer, 30 * MS_NS)
        yield me.say(ROUTER.at(53), UDP, steps)
        me.now_ns += int(me.rng.uniform(0.5, 1.5) * gap_s * S_NS)


def tunnel_icmp(me: Worker, server: Endpoint, *, count: int) -> Talks:
    """Carry a session in echo requests and replies of changing sizes."""
    steps = []
    for number in range(count):
        up, down = me.rng.randint(60, 1_000), me.rng.randint(60, 1_300)
        ident = (7_777).to_bytes(2, "big") + number.to_bytes(2, "big")
        pause_ns = int(me.rng.uniform(0.2, 1.2) * S_NS)
        steps += [
            Step(pause_ns, True, 0, b"\x08\0\0\0" + ident, up),
            Step(30 * MS_NS, False, 0, b"\0\0\0\0" + ident, down),
        ]
    yield me.say(server._replace(port=0), ICMP, steps)


def spread(me: Worker, victims: list[Device], *, port: int) -> Talks:
    """Log on to one neighbour after the other and leave something there."""
    for victim in victims:
        turns = [(520, 700), (900, 1_200), (me.rng.randint(20_000, 60_000), 400), (300, 900)]
        yield me.exchange(victim.at(port), MS_NS, turns)
        me.now_ns += int(me.rng.uniform(10, 90) * S_NS)


def _noise(rng: random.Random, length: int) -> str:
    return "".join(rng.choice(_BASE32) for _ in range(length))
