"""What machines do on their own: join, keep time, report to their makers, look for each other.

Each chore is a generator of conversations in order of their start; `join` alone ends.
"""

import random
from collections.abc import Iterator

from appliance.demo.actor import BROADCAST, Actor
from appliance.demo.conversation import (
    ICMPV6,
    MS_NS,
    S_NS,
    TCP,
    UDP,
    Conversation,
    Endpoint,
    Step,
)
from appliance.demo.devices import GHOST_OCTET, NAS, PLUG, ROUTER, Device
from appliance.demo.dialogue import Dialogue, datagrams, media
from appliance.demo.names import (
    Lease,
    arp,
    dhcp_reply,
    dhcp_request,
    mdns_announcement,
    mdns_query,
    nbns_registration,
    ssdp_search,
)
from appliance.demo.services import (
    CAMERA_CLOUD,
    CONNECTIVITY,
    CONSOLE_CLOUD,
    MIRROR,
    PLUG_CLOUD,
    PRINTER_CLOUD,
    RESOLVERS,
    TIME,
    VISITORS,
    VOICE_CLOUD,
    Service,
)

Talks = Iterator[Conversation]
_ANYONE = Endpoint(BROADCAST, b"\xff" * 4, 67)
_MDNS = Endpoint(bytes.fromhex("01005e0000fb"), bytes([224, 0, 0, 251]), 5353)
_SSDP = Endpoint(bytes.fromhex("01005e7ffffa"), bytes([239, 255, 255, 250]), 1900)
_ALL_ROUTERS = Endpoint(
    bytes.fromhex("333300000002"), bytes.fromhex("ff02" + "0" * 27 + "2"), 0, 255
)
_CLOUDS: dict[str, tuple[Service, int, int]] = {  # name: maker's server, bytes up, bytes down
    "HP8A12C4": (PRINTER_CLOUD, 900, 1_400),
    "amazon-echo": (VOICE_CLOUD, 60_000, 180_000),
    "switch": (CONSOLE_CLOUD, 400, 2_000),
    "frontdoor-cam": (CAMERA_CLOUD, 700_000, 400),
    "homeassistant": (PLUG_CLOUD, 1_200, 6_000),
}


def join(device: Device, rng: random.Random) -> Talks:
    """Arrive: lease an address, tell the neighbours, look for the router, announce services."""
    me = Actor(device, rng, rng.uniform(0, 5))
    if device.parameters:
        yield from _lease(me)
    yield me.beneath(BROADCAST, [Step(0, True, 0, arp(1, *((device.mac, device.ip),) * 2), 46)])
    me.now_ns += 40 * MS_NS
    yield me.who_has(ROUTER)
    me.now_ns += 20 * MS_NS
    if device.ipv6:
        orig = Endpoint(device.mac, device.link_local, 0, 255)
        ask = [Step(0, True, 0, bytes.fromhex("8500000000000000"), 16)]
        yield Conversation(me.now_ns, orig, _ALL_ROUTERS, ICMPV6, ask, device.hostname)
    if device.service:
        yield _announce(me)
    if device.netbios:
        claim = nbns_registration(rng.randrange(65_536), device.hostname, device.ip)
        neighbours = Endpoint(BROADCAST, device.ip[:3] + b"\xff", 137)
        yield me.say(neighbours, UDP, datagrams(claim, b"", 0), port=137)


def _lease(me: Actor) -> Talks:
    device = me.device
    lease = Lease(
        me.rng.getrandbits(32), device.mac, device.ip, ROUTER.ip, device.hostname,
        device.vendor_class, bytes(map(int, device.parameters.split(","))),
    )  # fmt: skip
    nobody = Endpoint(device.mac, bytes(4), 68, device.ttl)
    asks = [dhcp_request(lease, discover=True), dhcp_request(lease, discover=False)]
    steps = [Step(25 * MS_NS, True, 0, ask, len(ask)) for ask in asks]
    yield Conversation(me.now_ns, nobody, _ANYONE, UDP, steps, device.hostname)
    me.now_ns += 30 * MS_NS
    replies = [dhcp_reply(lease, offer=True), dhcp_reply(lease, offer=False)]
    steps = [Step(25 * MS_NS, True, 0, reply, len(reply)) for reply in replies]
    yield Conversation(me.now_ns, ROUTER.at(67), device.at(68), UDP, steps, device.hostname)
    me.now_ns += 90 * MS_NS


def _announce(me: Actor) -> Conversation:
    said = mdns_announcement(me.device.hostname, me.device.ip, me.device.service)
    return _multicast(me, said)


def _multicast(me: Actor, message: bytes) -> Conversation:
    talk = me.say(_MDNS, UDP, datagrams(message, b"", 0), port=5353)
    return talk._replace(orig=talk.orig._replace(ttl=255))  # RFC 6762, 11


def advertise(device: Device, rng: random.Random) -> Talks:
    """Repeat the mDNS announcement, ask for others, search by UPnP, refresh the router's MAC."""
    me = Actor(device, rng, rng.uniform(8, 40))
    while True:
        if device.service:
            yield _announce(me)
        else:
            search = ssdp_search("urn:dial-multiscreen-org:service:dial:1")
            yield me.say(_SSDP, UDP, datagrams(search, b"", 0))
        me.tick(1.5)
        yield _multicast(me, mdns_query("_googlecast._tcp.local"))
        me.tick(2)
        yield me.who_has(ROUTER)
        me.tick(70)


def keep_time(device: Device, rng: random.Random) -> Talks:
    """Ask a time server (RFC 5905)."""
    me = Actor(device, rng, rng.uniform(6, 60))
    service = rng.choice(TIME)
    while True:
        yield from me.resolve(service)
        steps = datagrams(b"\x23".ljust(48, b"\0"), b"\x24\x01".ljust(48, b"\0"), service.rtt_ns)
        yield me.say(service.at(123, ipv6=me.speaks6(service)), UDP, steps)
        me.tick(128)


def report(device: Device, rng: random.Random) -> Talks:
    """Send to the maker's cloud what the maker wants to know."""
    me = Actor(device, rng, rng.uniform(5, 25))
    service, up, down = _CLOUDS[device.hostname]
    while True:
        yield from me.resolve(service, rng.choice(RESOLVERS) if rng.random() < 0.3 else None)
        yield me.tls(service, int(up * rng.uniform(0.4, 1.6)), int(down * rng.uniform(0.4, 1.6)))
        me.rest(40)


def check_network(device: Device, rng: random.Random) -> Talks:
    """Ask over plain HTTP whether the Internet is there."""
    me = Actor(device, rng, rng.uniform(4, 12))
    while True:
        yield from me.resolve(CONNECTIVITY)
        yield me.http(CONNECTIVITY, "/generate_204", 0)
        me.rest(90)


def update(device: Device, rng: random.Random) -> Talks:
    """Fetch packages from a mirror."""
    me = Actor(device, rng, rng.uniform(20, 50))
    while True:
        yield from me.resolve(MIRROR)
        yield me.http(MIRROR, "/debian/dists/stable/InRelease", rng.randint(60_000, 1_400_000))
        me.rest(140)


def stay_connected(device: Device, rng: random.Random) -> Talks:
    """Keep one connection open for minutes, with a sign of life every 25 s (MQTT over TLS)."""
    me = Actor(device, rng, rng.uniform(5, 9))
    while True:
        yield from me.resolve(PLUG_CLOUD)
        chat = Dialogue(rng, PLUG_CLOUD.rtt_ns)
        for _beat in range(rng.randint(15, 30)):
            chat.send(length=33, after_ns=25 * S_NS)
            chat.receive(length=31)
        talk = me.tls(PLUG_CLOUD, 300, 700, chat.steps)
        yield talk._replace(resp=talk.resp._replace(port=8883))
        me.now_ns = talk.end_ns
        me.tick(20)


def record(device: Device, rng: random.Random) -> Talks:
    """Stream the camera's picture to the NAS."""
    me = Actor(device, rng, 7)
    while True:
        talk = me.say(NAS.at(6970), UDP, media(rng, 240, 30, (1_120, 64)), port=50_004)
        yield talk
        me.now_ns = talk.end_ns + 100 * MS_NS


def monitor(device: Device, rng: random.Random) -> Talks:
    """Ping what should be there, poll the plug, and one address that is no longer there."""
    me = Actor(device, rng, rng.uniform(4, 8))
    gone = device._replace(mac=BROADCAST, octet=GHOST_OCTET)
    while True:
        yield me.ping(ROUTER.at(0), 400_000)
        me.tick(4)
        resolver = rng.choice(RESOLVERS)
        yield me.ping(resolver.at(0, ipv6=rng.random() < 0.5), resolver.rtt_ns)
        me.tick(5)
        poll = Dialogue(rng, 6 * MS_NS)
        poll.open()
        poll.send(length=46)
        poll.receive(length=310)
        poll.close()
        yield me.say(PLUG.at(9999), TCP, poll.steps)
        me.tick(2)
        ask = arp(1, (device.mac, device.ip), (bytes(6), gone.ip))
        yield me.beneath(BROADCAST, [Step(n and S_NS, True, 0, ask, 46) for n in range(3)])
        me.tick(19)


def be_visited(device: Device, rng: random.Random) -> Talks:
    """Serve those who come from outside, and let knocks on other ports go unanswered."""
    me = Actor(device, rng, rng.uniform(10, 20))
    while True:
        guest = rng.choice(VISITORS)
        visit = Dialogue(rng, 500_000, near_ns=guest.rtt_ns)
        port = 443
        if rng.random() < 0.4:
            port = rng.choice((22, 23, 3389, 5555, 8291))
            visit.knock(rng.randint(1, 2))
        else:
            visit.open()
            visit.send(length=517)
            visit.receive(length=3_100)
            visit.download(rng.randint(6_000, 500_000), 1_200_000)
            visit.close()
        orig = guest.at(rng.randint(1_024, 65_000))
        yield Conversation(me.now_ns, orig, device.at(port), TCP, visit.steps, "visitor")
        me.rest(25)
