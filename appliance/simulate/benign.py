"""What people and machines do all day: much of it regular, some of it failing, none of it bad.

Each habit is an endless generator of conversations in order of their start.
"""

import random
from collections.abc import Callable, Iterator

from appliance.demo.conversation import MS_NS, S_NS, UDP, Conversation
from appliance.demo.devices import ROUTER, Device
from appliance.demo.dialogue import Dialogue, datagrams
from appliance.demo.services import CALL, MIRROR, QUIC, TIME, WEB, Service
from appliance.simulate import servers
from appliance.simulate.office import DAY_S, Role, Worker

Talks = Iterator[Conversation]
Habit = Callable[[Device, random.Random], Talks]


def _start(device: Device, rng: random.Random, within_s: float) -> Worker:
    return Worker(device, rng, rng.uniform(0, within_s))


def browse(device: Device, rng: random.Random) -> Talks:
    """Open pages in working hours: many sites at once, some trackers that never answer."""
    me = _start(device, rng, 600)
    favourites = rng.sample(servers.SITES, 30)
    while True:
        for site in [*rng.sample(favourites, rng.randint(1, 6)), rng.choice(WEB)]:
            yield from me.resolve(site)
            yield me.tls(site, rng.randint(300, 2_500), int(rng.lognormvariate(9.5, 1.1)))
            me.now_ns += rng.randint(10, 300) * MS_NS
        if rng.random() < 0.3:
            yield me.knock(rng.choice(servers.TRACKERS).at(443), times=2)
        if rng.random() < 0.3:
            service = rng.choice(QUIC)
            yield from me.resolve(service)
            yield me.quic(service, 800, int(rng.lognormvariate(10.5, 0.8)))
        if rng.random() < 0.04:
            yield me.misspell(rng.choice(("wpad.office.example", "gogle.example", "intranet")))
        me.pause(75)


def _poll(service: Service, period_s: float, up: int, down: int, jitter: float) -> Habit:
    """Return a habit that asks a server over HTTPS, again and again."""

    def poll(device: Device, rng: random.Random) -> Talks:
        me = _start(device, rng, period_s)
        while True:
            if rng.random() < 0.3:
                yield from me.resolve(service)
            size = int(up * rng.uniform(0.97, 1.03)), int(down * rng.uniform(0.9, 1.1))
            yield me.tls(service, *size)
            me.wait(period_s, jitter)

    poll.__name__ = f"poll {service.name}"
    return poll


def read_mail(device: Device, rng: random.Random) -> Talks:
    """Look for mail over IMAP every five minutes, all day."""
    me = _start(device, rng, 300)
    yield from me.resolve(servers.MAIL)
    while True:
        turns = [(517, 3_000), (180, 420), (90, int(rng.lognormvariate(7, 1.5)))]
        yield me.exchange(servers.MAIL.at(993), servers.MAIL.rtt_ns, turns)
        me.wait(300, 0.01)


def hold_push(device: Device, rng: random.Random) -> Talks:
    """Keep one connection for notifications; it breaks now and then and is made anew."""
    me = _start(device, rng, 60)
    while True:
        yield from me.resolve(servers.PUSH)
        beats = rng.randint(4, 18)
        chat = Dialogue(rng, servers.PUSH.rtt_ns)
        for _beat in range(beats):
            chat.send(length=26, after_ns=int(rng.uniform(220, 250) * S_NS))
            chat.receive(length=26)
        talk = me.tls(servers.PUSH, 400, 900, chat.steps)
        yield talk._replace(resp=talk.resp._replace(port=5228))
        me.now_ns = talk.end_ns
        me.wait(15, 0.5)


def keep_time(device: Device, rng: random.Random) -> Talks:
    """Ask a time server every 17 minutes."""
    me = _start(device, rng, 900)
    service = rng.choice(TIME)
    while True:
        yield from me.resolve(service)
        steps = datagrams(b"\x23".ljust(48, b"\0"), b"\x24\x01".ljust(48, b"\0"), service.rtt_ns)
        yield me.say(service.at(123), UDP, steps)
        me.wait(1_024, 0.01)


def talk_mqtt(device: Device, rng: random.Random) -> Talks:
    """Be a light bulb: report over MQTT, one short session a minute."""
    me = _start(device, rng, 60)
    yield from me.resolve(servers.BULBS)
    while True:
        turns = [(330, 1_900), (74, 40)]
        yield me.exchange(servers.BULBS.at(8_883), servers.BULBS.rtt_ns, turns)
        me.wait(60, 0.01)


def record(device: Device, rng: random.Random) -> Talks:
    """Be a camera: a sign of life every 20 s, clips of motion by day."""
    me = _start(device, rng, 20)
    yield from me.resolve(servers.CAMERAS)
    while True:
        for _beat in range(rng.randint(20, 60)):
            steps = datagrams(bytes(44), bytes(28), servers.CAMERAS.rtt_ns)
            yield me.say(servers.CAMERAS.at(32_100), UDP, steps, port=40_123)
            me.wait(20, 0.02)
        yield me.tls(servers.CAMERAS, rng.randint(40_000, 120_000), 900)
        me.now_ns += 5 * S_NS


def meet(device: Device, rng: random.Random) -> Talks:
    """Hold a call now and then."""
    me = _start(device, rng, 9_000)
    while True:
        yield from me.resolve(CALL)
        steps = datagrams(bytes(20), bytes(32), CALL.rtt_ns)
        yield me.say(CALL.at(3_478), UDP, steps)
        yield me.tls(CALL, 4_000, 30_000)
        me.pause(3_000)


def back_up(device: Device, rng: random.Random) -> Talks:
    """Send the day's changes to a backup provider, every night."""
    me = Worker(device, rng, 2 * 3_600 + rng.uniform(0, 900))
    while True:
        yield from me.resolve(servers.BACKUP)
        for _part in range(rng.randint(3, 6)):
            dialogue = Dialogue(rng, servers.BACKUP.rtt_ns)
            dialogue.upload(rng.randint(400_000, 900_000), 3_000_000)
            yield me.tls(servers.BACKUP, 2_000, 1_500, dialogue.steps)
            me.wait(25, 0.3)
        me.now_ns += int((DAY_S - 200 + rng.uniform(-300, 300)) * S_NS)


def watch_over(device: Device, rng: random.Random) -> Talks:
    """Be the monitoring: ping the router and look at its web port every minute."""
    me = _start(device, rng, 60)
    while True:
        yield me.ping(ROUTER.at(0), 400_000, 1)
        me.now_ns += S_NS
        yield me.exchange(ROUTER.at(443), 600_000, [(517, 1_400), (180, 900)])
        me.wait(60, 0.005)


def print_pages(device: Device, rng: random.Random) -> Talks:
    """Look where a printer was once; somebody always has an old driver."""
    me = _start(device, rng, 3_000)
    gone = device._replace(octet=250, mac=b"\x3c\xd9\x2b\x01\x02\x03")
    while True:
        yield me.knock(gone.at(9_100), times=2)
        me.pause(1_500)


_DESKTOP: tuple[Habit, ...] = (
    browse, read_mail, hold_push, keep_time, meet, print_pages,
    _poll(servers.TELEMETRY, 900, 3_200, 600, 0.1),
    _poll(servers.UPDATES, 3_600, 700, 9_000, 0.05),
    _poll(servers.OCSP, 5_400, 320, 900, 0.4),
    _poll(servers.CHAT, 240, 900, 700, 0.15),
)  # fmt: skip
HABITS: dict[Role, tuple[Habit, ...]] = {
    Role.DESKTOP: _DESKTOP,
    Role.PHONE: (browse, hold_push, keep_time, _poll(servers.WEATHER, 1_800, 420, 2_600, 0.03)),
    Role.SERVER: (
        keep_time, back_up, watch_over, _poll(MIRROR, 14_400, 500, 60_000, 0.1),
        _poll(servers.FEEDS, 600, 380, 5_000, 0.005),
    ),
    Role.CAMERA: (record, keep_time),
    Role.BULB: (talk_mqtt, keep_time),
    Role.SPEAKER: (hold_push, keep_time, _poll(servers.VOICE, 300, 1_400, 700, 0.02)),
    Role.PRINTER: (keep_time, _poll(servers.TELEMETRY, 7_200, 900, 1_400, 0.02)),
    Role.TELEVISION: (keep_time, _poll(servers.TELEVISION, 120, 1_100, 300, 0.03)),
}  # fmt: skip
