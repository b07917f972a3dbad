"""What people and machines do all day: much of it regular, some of it failing, none of it bad.

Each habit is an endless generator of conversations in order of their start.
"""

from collections.abc import Callable, Iterator

from appliance.demo.conversation import MS_NS, S_NS, UDP, Conversation
from appliance.demo.devices import ROUTER
from appliance.demo.dialogue import Dialogue, datagrams
from appliance.demo.services import CALL, QUIC, TIME, WEB, Service
from appliance.simulate import servers
from appliance.simulate.office import Worker

Talks = Iterator[Conversation]
Habit = Callable[[Worker], Talks]


def browse(me: Worker) -> Talks:
    """Open pages in working hours: many sites at once, some trackers that never answer."""
    me.begin(600)
    favourites = me.rng.sample(servers.SITES, 30)
    while True:
        for site in [*me.rng.sample(favourites, me.rng.randint(1, 6)), me.rng.choice(WEB)]:
            yield from me.resolve(site)
            yield me.tls(site, me.rng.randint(300, 2_500), int(me.rng.lognormvariate(9.5, 1.1)))
            me.now_ns += me.rng.randint(10, 300) * MS_NS
        if me.rng.random() < 0.3:
            yield me.knock(me.rng.choice(servers.TRACKERS).at(443), times=2)
        if me.rng.random() < 0.3:
            service = me.rng.choice(QUIC)
            yield from me.resolve(service)
            yield me.quic(service, 800, int(me.rng.lognormvariate(10.5, 0.8)))
        if me.rng.random() < 0.04:
            yield me.misspell(me.rng.choice(("wpad.office.example", "gogle.example", "intranet")))
        me.pause(75)


def poll(service: Service, period_s: float, up: int, down: int, jitter: float) -> Habit:
    """Return a habit that asks a server over HTTPS, again and again."""

    def ask_again(me: Worker) -> Talks:
        me.begin(period_s)
        while True:
            if me.rng.random() < 0.3:
                yield from me.resolve(service)
            size = int(up * me.rng.uniform(0.97, 1.03)), int(down * me.rng.uniform(0.9, 1.1))
            yield me.tls(service, *size)
            me.wait(period_s, jitter)

    ask_again.__name__ = f"poll {service.name}"
    return ask_again


def read_mail(me: Worker) -> Talks:
    """Look for mail over IMAP every five minutes, all day."""
    me.begin(300)
    yield from me.resolve(servers.MAIL)
    while True:
        turns = [(517, 3_000), (180, 420), (90, int(me.rng.lognormvariate(7, 1.5)))]
        yield me.exchange(servers.MAIL.at(993), servers.MAIL.rtt_ns, turns)
        me.wait(300, 0.01)


def hold_push(me: Worker) -> Talks:
    """Keep one connection for notifications; it breaks now and then and is made anew."""
    me.begin(60)
    while True:
        yield from me.resolve(servers.PUSH)
        beats = me.rng.randint(4, 18)
        chat = Dialogue(me.rng, servers.PUSH.rtt_ns)
        for _beat in range(beats):
            chat.send(length=26, after_ns=int(me.rng.uniform(220, 250) * S_NS))
            chat.receive(length=26)
        talk = me.tls(servers.PUSH, 400, 900, chat.steps)
        yield talk._replace(resp=talk.resp._replace(port=5228))
        me.now_ns = talk.end_ns
        me.wait(15, 0.5)


def keep_time(me: Worker) -> Talks:
    """Ask a time server every 17 minutes."""
    me.begin(900)
    service = me.rng.choice(TIME)
    while True:
        yield from me.resolve(service)
        steps = datagrams(b"\x23".ljust(48, b"\0"), b"\x24\x01".ljust(48, b"\0"), service.rtt_ns)
        yield me.say(service.at(123), UDP, steps)
        me.wait(1_024, 0.01)


def talk_mqtt(me: Worker) -> Talks:
    """Be a light bulb: report over MQTT, one short session a minute."""
    me.begin(60)
    yield from me.resolve(servers.BULBS)
    while True:
        turns = [(330, 1_900), (74, 40)]
        yield me.exchange(servers.BULBS.at(8_883), servers.BULBS.rtt_ns, turns)
        me.wait(60, 0.01)


def record(me: Worker) -> Talks:
    """Be a camera: a sign of life every 20 s, a clip of motion now and then."""
    me.begin(20)
    yield from me.resolve(servers.CAMERAS)
    while True:
        for _beat in range(me.rng.randint(20, 60)):
            steps = datagrams(bytes(44), bytes(28), servers.CAMERAS.rtt_ns)
            yield me.say(servers.CAMERAS.at(32_100), UDP, steps, port=40_123)
            me.wait(20, 0.02)
        yield me.tls(servers.CAMERAS, me.rng.randint(40_000, 120_000), 900)
        me.now_ns += 5 * S_NS


def meet(me: Worker) -> Talks:
    """Hold a call now and then."""
    me.begin(9_000)
    while True:
        yield from me.resolve(CALL)
        steps = datagrams(bytes(20), bytes(32), CALL.rtt_ns)
        yield me.say(CALL.at(3_478), UDP, steps)
        yield me.tls(CALL, 4_000, 30_000)
        me.pause(3_000)


def back_up(me: Worker) -> Talks:
    """Send the day's changes to a backup provider, every night."""
    while True:
        me.await_clock(2, 900)
        yield from me.resolve(servers.BACKUP)
        for _part in range(me.rng.randint(3, 6)):
            dialogue = Dialogue(me.rng, servers.BACKUP.rtt_ns)
            dialogue.upload(me.rng.randint(400_000, 900_000), 3_000_000)
            yield me.tls(servers.BACKUP, 2_000, 1_500, dialogue.steps)
            me.wait(25, 0.3)


def watch_over(me: Worker) -> Talks:
    """Be the monitoring: ping the router and look at its web port every minute."""
    me.begin(60)
    while True:
        yield me.ping(ROUTER.at(0), 400_000, 1)
        me.now_ns += S_NS
        yield me.exchange(ROUTER.at(443), 600_000, [(517, 1_400), (180, 900)])
        me.wait(60, 0.005)


def print_pages(me: Worker) -> Talks:
    """Look where a printer was once; somebody always has an old driver."""
    me.begin(3_000)
    gone = me.device._replace(octet=250, mac=b"\x3c\xd9\x2b\x01\x02\x03")
    while True:
        yield me.knock(gone.at(9_100), times=2)
        me.pause(1_500)
