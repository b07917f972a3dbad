"""Quiet attacks: command and control, tunnels, theft, spreading.

Each is a generator of conversations in order of start, beginning at the actor's time; it ends.
"""

import random
from collections.abc import Iterator

from appliance.demo.conversation import ICMP, MS_NS, S_NS, TCP, UDP, Conversation, Endpoint, Step
from appliance.demo.devices import ROUTER, Device
from appliance.demo.dialogue import Dialogue, datagrams
from appliance.demo.names import A, dns_answer, dns_query, dns_refusal
from appliance.simulate.office import Worker

Talks = Iterator[Conversation]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_BASE32 = _LETTERS + "234567"


def beacon(
    me: Worker, server: Endpoint, *, period_s: float, jitter: float, length_s: float
) -> Talks:
    """Ask a server for orders: a small request, a small answer, now and then something to do."""
    end_ns = me.now_ns + int(length_s * S_NS)
    while me.now_ns < end_ns:
        down = 180 if me.rng.random() < 0.94 else me.rng.randint(900, 9_000)
        up = 260 + me.rng.randint(0, 12)
        yield me.exchange(server, 60 * MS_NS, [(up, down)])
        me.wait(period_s, jitter)


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


def steal(me: Worker, server: Endpoint, *, bytes_: int) -> Talks:
    """Send a lot to a place the device never talked to."""
    part = 4_000_000
    for _part in range(max(1, bytes_ // part)):
        dialogue = Dialogue(me.rng, 40 * MS_NS)
        dialogue.open()
        dialogue.send(length=400)
        dialogue.upload(part, 5_000_000)
        dialogue.receive(length=200)
        dialogue.close()
        talk = me.say(server, TCP, dialogue.steps)
        yield talk
        me.now_ns = talk.end_ns + int(me.rng.uniform(1, 9) * S_NS)


def invent_names(me: Worker, *, count: int, gap_s: float) -> Talks:
    """Look for the one registered name among many made-up ones."""
    for number in range(count):
        length = me.rng.randint(11, 19)
        name = "".join(me.rng.choice(_LETTERS) for _ in range(length))
        question = dns_query(
            me.rng.randrange(65_536), f"{name}.{('com', 'net', 'biz')[number % 3]}", A
        )
        yield me.ask(question, dns_refusal(question))
        me.now_ns += int(me.rng.uniform(0.3, 1.7) * gap_s * S_NS)


def tunnel_dns(me: Worker, *, domain: str, count: int, gap_s: float) -> Talks:
    """Carry data out in the names that are asked for, and in with the answers."""
    for number in range(count):
        labels = [_noise(me.rng, 52), _noise(me.rng, me.rng.randint(30, 52)), f"{number:x}"]
        question = dns_query(me.rng.randrange(65_536), ".".join([*labels, domain]), 16)
        answer = dns_answer(question, 16, [b"\x78" + me.rng.randbytes(120)])
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
