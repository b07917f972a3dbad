"""What machines do that serve others: storage, mail, monitoring, a hub, a console.

Each habit is an endless generator of conversations in order of their start.
"""

from collections.abc import Iterator

from appliance.demo.conversation import MS_NS, S_NS, TCP, UDP, Conversation, Endpoint
from appliance.demo.devices import ROUTER
from appliance.demo.dialogue import Dialogue, datagrams, media
from appliance.demo.names import ssdp_search
from appliance.demo.services import WEB
from appliance.simulate import servers
from appliance.simulate.office import Member, Role, Worker, outside

Talks = Iterator[Conversation]
_MX = 15
_LAN_NS = 400_000
_SSDP = Endpoint(bytes.fromhex("01005e7ffffa"), bytes([239, 255, 255, 250]), 1900)
_LISTENS = {  # what a role answers on, of what the monitoring asks for
    Role.SERVER: {22, 80, 443}, Role.STORAGE: {22, 445, 5_001}, Role.MAILER: {22, 25, 443, 993},
    Role.PRINTER: {80, 443, 9_100}, Role.CAMERA: {80, 554}, Role.HUB: {22, 8_123},
}  # fmt: skip


def poll_devices(me: Worker) -> Talks:
    """Be the hub of a smart house: ask each gadget here for its state, every half minute."""
    me.begin(30)
    while True:
        for device in me.neighbours(Role.BULB, Role.TELEVISION, Role.CAMERA, Role.SPEAKER)[:12]:
            if device.octet % 5 == 4:  # was given away; nobody told the hub
                yield me.knock(device.at(9_999), refused=True)
            else:
                yield me.exchange(device.at(9_999), 6 * MS_NS, [(46, 310)])
            me.now_ns += 200 * MS_NS
        me.wait(30, 0.01)


def replicate(me: Worker) -> Talks:
    """Send the hour's snapshot to the storage of another branch, at night a large one."""
    me.begin(3_600)
    yield from me.resolve(servers.PARTNER)
    while True:
        size = 4_000_000 if me.clock_s < 3_600 else int(me.rng.lognormvariate(13, 0.8))
        dialogue = Dialogue(me.rng, servers.PARTNER.rtt_ns)
        dialogue.open()
        dialogue.send(b"SSH-2.0-OpenSSH_8.2p1\r\n")
        dialogue.receive(b"SSH-2.0-OpenSSH_8.2p1\r\n")
        dialogue.send(length=1_500)
        dialogue.receive(length=1_100)
        dialogue.upload(size, 4_000_000)
        dialogue.receive(length=180)
        dialogue.close()
        yield me.say(servers.PARTNER.at(22), TCP, dialogue.steps)
        me.wait(3_600, 0.001)


def check_all(me: Worker) -> Talks:
    """Be the monitoring: see every minute whether each machine and some sites still answer."""
    me.begin(60)
    while True:
        for member in me.office.cast[:24]:
            if member.device is not me.device:
                yield from _check(me, member)
        for site in WEB[:6]:
            yield me.tls(site, 180, 900)
            me.now_ns += 100 * MS_NS
        me.wait(60, 0.005)


def _check(me: Worker, member: Member) -> Talks:
    device, role = member
    yield me.ping(device.at(0), _LAN_NS, 1)
    me.now_ns += 30 * MS_NS
    for port in (22, 443):
        if port in _LISTENS.get(role, set()):
            yield me.exchange(device.at(port), _LAN_NS, [(0, 41)])
        elif role is not Role.DESKTOP:
            yield me.knock(device.at(port), refused=True)
        me.now_ns += 20 * MS_NS
    if role in {Role.PRINTER, Role.STORAGE}:
        yield me.say(device.at(161), UDP, datagrams(bytes(43), bytes(90), MS_NS))


def deliver_mail(me: Worker) -> Talks:
    """Be the mail server, sending: ask for exchanges, deliver, be put off, try again."""
    me.begin(60)
    deferred: list[Endpoint] = []
    while True:
        exchange = me.rng.choice(servers.EXCHANGES)
        domain = exchange.name.removeprefix("mx.")
        yield me.look_up(domain, _MX, [b"\0\x0a\x02mx\xc0\x0c"])
        yield from me.resolve(exchange)
        fate = me.rng.random()
        if fate < 0.8:
            size = int(me.rng.lognormvariate(9, 1.2))
            turns = [(0, 90), (24, 180), (60, 40), (40, 30), (6, 40), (min(size, 200_000), 60)]
            yield me.exchange(exchange.at(25), exchange.rtt_ns, turns)
        else:
            yield me.knock(exchange.at(25), refused=fate < 0.9, times=3)
            deferred.append(exchange.at(25))
        if len(deferred) > 3:
            yield me.knock(deferred.pop(0), times=3)
        me.pause(40)


def take_mail(me: Worker) -> Talks:
    """Be the mail server, receiving: from exchanges, and from those who guess and look."""
    me.begin(60)
    while True:
        exchange = me.rng.choice(servers.EXCHANGES)
        visit = Dialogue(me.rng, 500_000, near_ns=exchange.rtt_ns)
        guest = exchange.at(me.rng.randint(20_000, 60_000))
        if me.rng.random() < 0.15:  # a scanner: looks at the greeting, or at a closed port
            guest = outside(servers.stranger(me.rng), guest.port, 44)
            visit.open()
            visit.receive(length=40)
            visit.abort()
        else:
            visit.open()
            for up, down in ((0, 40), (24, 180), (60, 40), (me.rng.randint(900, 60_000), 60)):
                visit.send(length=up)
                visit.receive(length=down)
            visit.close()
        yield Conversation(me.now_ns, guest, me.device.at(25), TCP, visit.steps, "visitor")
        me.pause(50)


def play_games(me: Worker) -> Talks:
    """Be a console: open a port on the router by UPnP, look for players, play with some."""
    me.begin(7_200)
    while True:
        search = ssdp_search("urn:schemas-upnp-org:device:InternetGatewayDevice:1")
        yield me.say(_SSDP, UDP, datagrams(search, b"", 0))
        me.now_ns += 300 * MS_NS
        for turns in ([(190, 4_200)], [(700, 420)]):  # the description, then the mapping
            yield me.exchange(ROUTER.at(49_000), MS_NS, turns)
            me.now_ns += 100 * MS_NS
        yield from me.resolve(servers.ROLL_CALL)
        yield me.tls(servers.ROLL_CALL, 900, 3_000)
        for _player in range(me.rng.randint(5, 12)):
            peer = outside(servers.stranger(me.rng), me.rng.randint(1_024, 65_000))
            heard = me.rng.random() < 0.5
            steps = datagrams(bytes(64), bytes(64) if heard else b"", 60 * MS_NS)
            talk = me.say(peer, UDP, steps, port=3_074)
            if heard and me.rng.random() < 0.3:
                talk = talk._replace(steps=[*steps, *media(me.rng, 40, 20, (180, 220))])
            yield talk
            me.now_ns += int(me.rng.uniform(0.2, 3) * S_NS)
        me.pause(2_400)
