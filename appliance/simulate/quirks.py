"""Benign habits that look bad: dead peers, long names, even timers, looks at every neighbour.

Each habit is an endless generator of conversations in order of their start.
"""

import itertools
from collections.abc import Iterator

from appliance.demo.conversation import MS_NS, S_NS, TCP, UDP, Conversation, Step
from appliance.demo.devices import ROUTER
from appliance.demo.dialogue import Dialogue, datagrams
from appliance.demo.names import A, dns_query
from appliance.demo.services import RESOLVERS
from appliance.simulate import servers
from appliance.simulate.office import Role, Worker, outside

Talks = Iterator[Conversation]
_HEX = "0123456789abcdef"


def keep_vpn(me: Worker) -> Talks:
    """Hold a WireGuard tunnel: a handshake every two minutes, a sign of life every 25 s."""
    me.begin(600)
    yield from me.resolve(servers.VPN)
    while True:
        steps: list[Step] = []
        for beat in range(72):
            if beat % 5 == 0:
                steps += datagrams(b"\x01\0\0\0".ljust(148, b"\0"), bytes(92), servers.VPN.rtt_ns)
            for _packet in range(
                me.rng.choice((0, 0, 3, 12)) if 8 < me.clock_s / 3_600 < 18 else 0
            ):
                steps += datagrams(bytes(16), bytes(16), servers.VPN.rtt_ns)
                steps[-1] = steps[-1]._replace(length=me.rng.randint(96, 1_420))
            steps.append(Step(25 * S_NS, True, 0, b"\x04\0\0\0", 32))
        talk = me.say(servers.VPN.at(51_820), UDP, steps, port=51_820)
        yield talk
        me.now_ns = talk.end_ns + S_NS


def share_files(me: Worker) -> Talks:
    """Run a torrent client for an hour or two: hundreds of peers, most of them gone."""
    me.begin(4 * 3_600)
    while True:
        yield me.misspell("tracker.gone.example")
        for _peer in range(me.rng.randint(80, 240)):
            peer = outside(servers.stranger(me.rng), me.rng.randint(1_025, 65_000))
            chance = me.rng.random()
            if chance < 0.45:
                yield me.say(peer, UDP, datagrams(bytes(20), b"", 0), port=6_881)
            elif chance < 0.65:
                yield me.say(peer, UDP, datagrams(bytes(96), bytes(280), 70 * MS_NS), port=6_881)
            elif chance < 0.9:
                yield me.knock(peer, refused=chance < 0.7, times=2)
            else:
                turns = [(68, 68), (400, 90), (17, int(me.rng.lognormvariate(11, 1)))]
                yield me.exchange(peer, 70 * MS_NS, turns)
            me.now_ns += int(me.rng.expovariate(0.2) * S_NS)
        me.pause(3 * 3_600)


def find_printers(me: Worker) -> Talks:
    """Be a driver's helper: ask every address here by SNMP, then look at what answers."""
    me.begin(2 * 3_600)
    while True:
        printers = {device.octet: device for device in me.neighbours(Role.PRINTER)}
        for octet in range(2, 120):
            target = outside(ROUTER.ip[:3] + bytes([octet]), 161)
            answer = bytes(90) if octet in printers else b""
            yield me.say(target, UDP, datagrams(bytes(43), answer, 2 * MS_NS))
            me.now_ns += 15 * MS_NS
        for printer, port in itertools.product(printers.values(), (9_100, 631, 80)):
            yield me.exchange(printer.at(port), 2 * MS_NS, [(120, 800)])
            me.now_ns += 50 * MS_NS
        me.pause(2 * 3_600)


def ask_over_https(me: Worker) -> Talks:
    """Resolve names over HTTPS: one connection a while, many small exchanges within."""
    me.begin(120)
    resolver = RESOLVERS[1]
    yield from me.resolve(resolver)
    while True:
        chat = Dialogue(me.rng, resolver.rtt_ns)
        for _name in range(me.rng.randint(3, 25)):
            chat.send(length=me.rng.randint(90, 130), after_ns=int(me.rng.expovariate(0.3) * S_NS))
            chat.receive(length=me.rng.choice((468, 484, 520)))
        talk = me.tls(resolver, 120, 480, chat.steps)
        yield talk
        me.now_ns = talk.end_ns
        me.pause(60)


def ask_over_tls(me: Worker) -> Talks:
    """Be a phone with private DNS: short sessions on port 853."""
    me.begin(120)
    resolver = RESOLVERS[0]
    while True:
        chat = Dialogue(me.rng, resolver.rtt_ns)
        for _name in range(me.rng.randint(1, 5)):
            chat.send(length=me.rng.randint(150, 160))
            chat.receive(length=me.rng.choice((490, 520)))
        talk = me.tls(resolver, 156, 490, chat.steps)
        yield talk._replace(resp=talk.resp._replace(port=853))
        me.pause(90)


def look_up_hashes(me: Worker) -> Talks:
    """Be an antivirus: ask for the reputation of files, in names made of their hashes."""
    me.begin(1_800)
    while True:
        for _file in range(me.rng.randint(4, 60)):
            digest = "".join(me.rng.choice(_HEX) for _ in range(32))
            name = f"a.{me.rng.randint(0, 9)}-0.{digest[:26]}.{digest[26:]}.{servers.HASHES.name}"
            known = me.rng.random() < 0.8
            yield me.look_up(name, A, [bytes([127, 0, 0, 4])] if known else [])
            me.now_ns += int(me.rng.expovariate(5) * S_NS)
        me.pause(1_800)


def report_viewing(me: Worker) -> Talks:
    """Be a television: tell four trackers what is watched; names of two are blocked here."""
    me.begin(60)
    while True:
        for number, service in enumerate(servers.ADVERTS):
            if number % 2:
                yield me.misspell(service.name)
            else:
                yield from me.resolve(service)
                yield me.tls(service, me.rng.randint(700, 1_100), 260)
            me.now_ns += 200 * MS_NS
        me.wait(me.rng.choice((60, 60, 300)), 0.02)


def upload_clips(me: Worker) -> Talks:
    """Be a camera with a subscription: every motion goes to the cloud as a clip."""
    me.begin(600)
    yield from me.resolve(servers.CAMERAS)
    while True:
        dialogue = Dialogue(me.rng, servers.CAMERAS.rtt_ns)
        dialogue.upload(me.rng.randint(150_000, 500_000), 1_000_000)
        yield me.tls(servers.CAMERAS, 900, 300, dialogue.steps)
        me.pause(240)


def ask_in_vain(me: Worker) -> Talks:
    """Be an old program: ask for its maker's vanished server again and again by name."""
    me.begin(300)
    while True:
        question = dns_query(me.rng.randrange(65_536), "update.vanished-maker.example", A)
        yield me.say(ROUTER.at(53), UDP, datagrams(question, b"", 0))
        me.now_ns += 5 * S_NS
        yield me.misspell("update.vanished-maker.example")
        me.wait(300, 0.02)


def try_old_server(me: Worker) -> Talks:
    """Be a sync client of a server that was switched off: try, wait longer, try again."""
    me.begin(600)
    gone = outside(bytes((78, 46, 31, 90)), 8_443)
    wait_s = 30.0
    while True:
        dialogue = Dialogue(me.rng, 20 * MS_NS)
        dialogue.knock(3)
        yield me.say(gone, TCP, dialogue.steps)
        me.wait(wait_s, 0.2)
        wait_s = min(wait_s * 2, 3_600.0)
