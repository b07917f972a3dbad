"""Who works in the simulated office, and an actor with working hours."""

import math
import random
from enum import Enum

from appliance.demo.actor import Actor
from appliance.demo.conversation import S_NS, TCP, Conversation, Endpoint
from appliance.demo.devices import HOME_NETWORKS, ROUTER, Device
from appliance.demo.dialogue import Dialogue
from appliance.demo.hello import BROWSER, GADGET, LIBRARY, PHONE
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


# One of each in turn; a share of every dozen devices.
_MIX = (
    Role.DESKTOP, Role.DESKTOP, Role.PHONE, Role.SERVER, Role.DESKTOP, Role.BULB, Role.CAMERA,
    Role.DESKTOP, Role.SPEAKER, Role.PHONE, Role.PRINTER, Role.TELEVISION,
)  # fmt: skip
_MAKERS = {
    Role.DESKTOP: "3413e8", Role.PHONE: "3c5ab4", Role.SERVER: "1866da", Role.CAMERA: "ec71db",
    Role.BULB: "50c7bf", Role.SPEAKER: "44650d", Role.PRINTER: "3cd92b", Role.TELEVISION: "8c79f5",
}  # fmt: skip
_CLIENTS = {Role.DESKTOP: BROWSER, Role.PHONE: PHONE, Role.SERVER: LIBRARY, Role.SPEAKER: LIBRARY}


def hire(count: int) -> list[tuple[Device, Role]]:
    """Return `count` devices with their roles, at most MOST_DEVICES."""
    cast = []
    for number in range(min(count, MOST_DEVICES)):
        role = _MIX[number % len(_MIX)]
        mac = bytes.fromhex(_MAKERS[role]) + (0x100000 + 7_919 * (number + 1)).to_bytes(3, "big")
        windows = role is Role.DESKTOP
        cast.append(
            (
                Device(
                    f"{role.value}-{number + 1:02d}", mac, 20 + number,
                    _WINDOWS if windows else _LINUX if role is Role.SERVER else _GADGET,
                    "MSFT 5.0" if windows else "", tls=_CLIENTS.get(role, GADGET),
                    user_agent=f"Simulated/1.0 ({role.value})", ttl=128 if windows else 64,
                ),
                role,
            )
        )  # fmt: skip
    return cast


def attendance(now_s: float) -> float:
    """Return how busy people are at a time of the day in s, 0.03 at night to 1 at eleven."""
    hour = now_s % DAY_S / 3_600
    morning = math.exp(-(((hour - 11) / 2.2) ** 2))
    afternoon = 0.9 * math.exp(-(((hour - 15.5) / 2.0) ** 2))
    return 0.03 + 0.97 * min(1.0, max(morning, afternoon))


class Worker(Actor):
    """An actor whose breaks depend on the hour."""

    def pause(self, mean_s: float) -> None:
        """Let time pass as people do: little at work, much at night."""
        busy = attendance(self.now_ns / S_NS)
        pause_s = mean_s * (0.05 + self.rng.expovariate(1.0)) / busy
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

    def neighbour(self, device: Device, port: int) -> Endpoint:
        """Return another device here as the responder."""
        return device.at(port)


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
