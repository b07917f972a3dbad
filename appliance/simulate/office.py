"""Who works in the simulated office, and an actor with working hours."""

import math
import random
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from appliance.demo.actor import Actor
from appliance.demo.conversation import S_NS, TCP, Conversation, Endpoint
from appliance.demo.devices import HOME_NETWORKS, ROUTER, Device
from appliance.demo.dialogue import Dialogue
from appliance.demo.hello import BROWSER, GADGET, LIBRARY, PHONE
from appliance.demo.names import dns_answer, dns_query, dns_refusal
from appliance.demo.services import Service

DAY_S = 86_400
HOME = HOME_NETWORKS
_LINUX = "1,2,6,12,15,26,28,121,3,33,40,41,42,119,249,252,17"
_WINDOWS = "1,3,6,15,31,33,43,44,46,47,119,121,249,252"
_GADGET = "1,3,6,12,15,28,42"
MOST_DEVICES = 180


class Role(Enum):
    """What a device is for; decides its habits."""

    DESKTOP = "desktop"
    PHONE = "phone"
    SERVER = "server"
    CAMERA = "camera"
    BULB = "bulb"
    SPEAKER = "speaker"
    PRINTER = "printer"
    TELEVISION = "tv"
    HUB = "hub"
    STORAGE = "nas"
    CONSOLE = "console"
    MAILER = "mail"
    MONITOR = "monitor"


# One of each in turn: the first dozen is a small office, the others join larger ones.
_MIX = (
    Role.DESKTOP, Role.DESKTOP, Role.PHONE, Role.SERVER, Role.DESKTOP, Role.BULB, Role.CAMERA,
    Role.DESKTOP, Role.SPEAKER, Role.PHONE, Role.PRINTER, Role.TELEVISION,
    Role.STORAGE, Role.MONITOR, Role.HUB, Role.MAILER, Role.CONSOLE, Role.DESKTOP, Role.PHONE,
    Role.DESKTOP,
)  # fmt: skip
_MAKERS = {
    Role.DESKTOP: "3413e8", Role.PHONE: "3c5ab4", Role.SERVER: "1866da", Role.CAMERA: "ec71db",
    Role.BULB: "50c7bf", Role.SPEAKER: "44650d", Role.PRINTER: "3cd92b", Role.TELEVISION: "8c79f5",
    Role.HUB: "dca632", Role.STORAGE: "001132", Role.CONSOLE: "98b6e9", Role.MAILER: "1866da",
    Role.MONITOR: "b827eb",
}  # fmt: skip
_CLIENTS = {Role.DESKTOP: BROWSER, Role.PHONE: PHONE}
_CLIENTS |= dict.fromkeys(
    (Role.SERVER, Role.SPEAKER, Role.HUB, Role.STORAGE, Role.MAILER, Role.MONITOR), LIBRARY
)
_SERVERS = {Role.SERVER, Role.STORAGE, Role.MAILER, Role.MONITOR}


class Member(NamedTuple):
    """A device and what it is for."""

    device: Device
    role: Role


class Office(NamedTuple):
    """Where and when it plays."""

    cast: tuple[Member, ...]
    dawn_s: float = 0.0  # time of the day at which the play starts, s since midnight

    def find(self, *roles: Role) -> list[Device]:
        """Return the devices that have one of the roles; all without any."""
        return [member.device for member in self.cast if not roles or member.role in roles]


def hire(count: int) -> tuple[Member, ...]:
    """Return `count` devices with their roles, at most MOST_DEVICES."""
    roles = [_MIX[number % len(_MIX)] for number in range(min(count, MOST_DEVICES))]
    return tuple(Member(_equip(number, role), role) for number, role in enumerate(roles))


def _equip(number: int, role: Role) -> Device:
    windows = role is Role.DESKTOP
    return Device(
        f"{role.value}-{number + 1:02d}",
        bytes.fromhex(_MAKERS[role]) + (0x100000 + 7_919 * (number + 1)).to_bytes(3, "big"),
        20 + number,
        _WINDOWS if windows else _LINUX if role in _SERVERS else _GADGET,
        "MSFT 5.0" if windows else "",
        tls=_CLIENTS.get(role, GADGET),
        user_agent=f"Simulated/1.0 ({role.value})",
        ttl=128 if windows else 64,
    )


def attendance(now_s: float) -> float:
    """Return how busy people are at a time of the day in s, 0.03 at night to 1 at eleven."""
    hour = now_s % DAY_S / 3_600
    morning = math.exp(-(((hour - 11) / 2.2) ** 2))
    afternoon = 0.9 * math.exp(-(((hour - 15.5) / 2.0) ** 2))
    return 0.03 + 0.97 * min(1.0, max(morning, afternoon))


class Worker(Actor):
    """An actor in the office, whose breaks depend on the hour."""

    def __init__(
        self, device: Device, rng: random.Random, office: Office, start_s: float = 0.0
    ) -> None:
        super().__init__(device, rng, start_s)
        self.office = office

    @property
    def clock_s(self) -> float:
        """Time of the day in s since midnight."""
        return (self.office.dawn_s + self.now_ns / S_NS) % DAY_S

    def begin(self, within_s: float) -> None:
        """Start at some time within the next `within_s`."""
        self.now_ns += int(self.rng.uniform(0, within_s) * S_NS)

    def await_clock(self, hour: float, within_s: float = 0.0) -> None:
        """Let time pass until an hour of the day, or up to `within_s` later."""
        rest_s = (hour * 3_600 - self.clock_s) % DAY_S
        self.now_ns += int((rest_s + self.rng.uniform(0, within_s)) * S_NS)

    def neighbours(self, *roles: Role) -> list[Device]:
        """Return the other devices here that have one of the roles; all without any."""
        return [device for device in self.office.find(*roles) if device is not self.device]

    def pause(self, mean_s: float) -> None:
        """Let time pass as people do: little at work, much at night."""
        pause_s = mean_s * (0.05 + self.rng.expovariate(1.0)) / attendance(self.clock_s)
        self.now_ns += int(min(pause_s, 3_600.0) * S_NS)

    def wait(self, period_s: float, jitter: float = 0.02) -> None:
        """Let time pass as a timer does: `period_s`, give or take a share of it."""
        self.now_ns += int(period_s * self.rng.uniform(1 - jitter, 1 + jitter) * S_NS)

    def exchange(self, resp: Endpoint, rtt_ns: int, turns: list[tuple[int, int]]) -> Conversation:
        """Return a TCP session of (bytes up, bytes down) turns, closed properly."""
        dialogue = Dialogue(self.rng, rtt_ns)
        dialogue.open()
        for up, down in turns:
            if up:
                dialogue.send(length=up)
            if down > 30_000:
                dialogue.download(down, 3_000_000)
            elif down:
                dialogue.receive(length=down)
        dialogue.close()
        return self.say(resp, TCP, dialogue.steps)

    def knock(self, resp: Endpoint, *, refused: bool = False, times: int = 1) -> Conversation:
        """Return an attempt that fails: refused, or not answered."""
        dialogue = Dialogue(self.rng, 2_000_000)
        if refused:
            dialogue.refuse()
        else:
            dialogue.knock(times)
        return self.say(resp, TCP, dialogue.steps)

    def look_up(self, name: str, kind: int, answers: Iterable[bytes]) -> Conversation:
        """Return a question for any kind of record; no answers: there is no such name."""
        question = dns_query(self.rng.randrange(65_536), name, kind)
        found = list(answers)
        answer = dns_answer(question, kind, found) if found else dns_refusal(question)
        return self.ask(question, answer)


def outside(ip: bytes, port: int, ttl: int = 52) -> Endpoint:
    """Return an address beyond the router."""
    return Endpoint(ROUTER.mac, ip, port, ttl)


def dice(seed: int, *names: str) -> random.Random:
    """Return dice of their own for a part of the play."""
    return random.Random(" ".join((str(seed), *names)))  # noqa: S311 - repeatable, not secret


def server(name: str, ip: str, rtt_ms: float) -> Service:
    """Return a named server with an IPv4 address."""
    packed = bytes(map(int, ip.split(".")))
    return Service(name, packed, int(rtt_ms * 1e6))
