"""What people do at home: they browse, watch, call, work and print.

Each habit is an endless generator of conversations in order of their start.
"""

import random
from collections.abc import Iterator

from appliance.demo.actor import Actor, public_resolver
from appliance.demo.conversation import MS_NS, S_NS, TCP, UDP, Conversation, Step
from appliance.demo.devices import NAS, PRINTER, SERVER, Device
from appliance.demo.dialogue import Dialogue, media
from appliance.demo.services import CALL, GIT, QUIC, VIDEO, WEB, Service

Talks = Iterator[Conversation]


def browse(device: Device, rng: random.Random) -> Talks:
    """Open a page every now and then: names first, then several servers at once."""
    me = Actor(device, rng, rng.uniform(3, 8))
    while True:
        for service in rng.sample(WEB, rng.randint(1, 5)):
            yield from me.resolve(service)
            yield me.tls(service, rng.randint(300, 2_500), int(rng.lognormvariate(10.6, 1.2)))
            me.now_ns += rng.randint(10, 250) * MS_NS
        if rng.random() < 0.4:
            service = rng.choice(QUIC)
            yield from me.resolve(service)
            yield me.quic(service, rng.randint(300, 1_200), int(rng.lognormvariate(11.5, 1.0)))
        if rng.random() < 0.05:
            yield me.misspell(rng.choice(("wwww.heise.de", "gogle.example", "intranet.corp")))
        me.rest(9)


def watch(device: Device, rng: random.Random) -> Talks:
    """Watch television: a burst of video every few seconds, a new connection now and then."""
    me = Actor(device, rng, 12)
    while True:
        service = rng.choice(VIDEO)
        yield from me.resolve(service, public_resolver(rng))
        for _connection in range(rng.randint(3, 9)):
            talk = _stream(me, service, rng.randint(5, 12))
            yield talk
            me.now_ns = talk.end_ns + 300 * MS_NS
        me.rest(45)


def _stream(me: Actor, service: Service, bursts: int) -> Conversation:
    dialogue = Dialogue(me.rng, service.rtt_ns)
    for _burst in range(bursts):
        dialogue.send(length=me.rng.randint(600, 1_100), after_ns=int(4.2 * S_NS))
        dialogue.download(int(me.rng.uniform(0.5, 1.9) * 1e6), 9_000_000)
    return me.tls(service, 900, 200_000, dialogue.steps)


def call(device: Device, rng: random.Random) -> Talks:
    """Hold a video meeting."""
    me = Actor(device, rng, rng.uniform(40, 120))
    while True:
        yield from me.resolve(CALL)
        yield me.tls(CALL, 2_400, 9_000)
        me.now_ns += 600 * MS_NS
        talk = me.say(CALL.at(3480), UDP, media(rng, rng.randint(40, 100), 45, (720, 960)))
        yield talk
        me.now_ns = talk.end_ns
        me.rest(150)


def develop(device: Device, rng: random.Random) -> Talks:
    """Work on the server over SSH, fetch and push code."""
    me = Actor(device, rng, rng.uniform(6, 12))
    while True:
        yield me.say(SERVER.at(22), TCP, _shell(rng, 900_000, rng.randint(20, 90)))
        me.rest(25)
        if rng.random() < 0.5:
            yield from me.resolve(GIT)
            yield me.say(GIT.at(22), TCP, _shell(rng, GIT.rtt_ns, 4))
        me.rest(40)


def _shell(rng: random.Random, rtt_ns: int, lines: int) -> list[Step]:
    dialogue = Dialogue(rng, rtt_ns)
    dialogue.open()
    dialogue.send(b"SSH-2.0-OpenSSH_9.7\r\n")
    dialogue.receive(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
    for up, down in ((1_536, 1_080), (1_208, 1_564), (64, 52), (500, 40)):
        dialogue.send(length=up)
        dialogue.receive(length=down)
    for _line in range(lines):
        dialogue.send(length=36, after_ns=int(rng.expovariate(1.4) * S_NS))
        dialogue.receive(length=rng.choice((36, 52, 100, 480, 1_900)))
    dialogue.close()
    return dialogue.steps


def save(device: Device, rng: random.Random) -> Talks:
    """Open and save documents on the NAS, back up in bursts."""
    me = Actor(device, rng, rng.uniform(15, 40))
    while True:
        yield me.who_has(NAS)
        me.now_ns += MS_NS
        if rng.random() < 0.3:
            yield me.smb(rng.randint(2_000_000, 9_000_000), 0)
        else:
            yield me.smb(rng.randint(0, 60_000), rng.randint(20_000, 900_000))
        me.rest(50)


def print_page(device: Device, rng: random.Random) -> Talks:
    """Print; try the printer's old web port first, which is closed."""
    me = Actor(device, rng, rng.uniform(25, 60))
    while True:
        yield me.who_has(PRINTER)
        me.now_ns += MS_NS
        refused = Dialogue(rng, MS_NS)
        refused.refuse()
        yield me.say(PRINTER.at(8080), TCP, refused.steps)
        job = Dialogue(rng, MS_NS)
        job.open()
        job.send(b"POST /ipp/print HTTP/1.1\r\nHost: HP8A12C4.local:631\r\n\r\n")
        job.upload(rng.randint(60_000, 400_000), 1_500_000)
        job.receive(b"HTTP/1.1 200 OK\r\n\r\n", 260, after_ns=400 * MS_NS)
        job.close(by_responder=True)
        me.now_ns += 5 * MS_NS
        yield me.say(PRINTER.at(631), TCP, job.steps)
        me.rest(180)
