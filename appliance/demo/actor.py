"""One device as an actor: its own dice, its own time, and the conversations it can hold."""

import math
import random
from collections.abc import Sequence

from appliance.demo.conversation import (
    ARP,
    ICMP,
    ICMPV6,
    S_NS,
    TCP,
    UDP,
    Conversation,
    Endpoint,
    Step,
)
from appliance.demo.devices import NAS, ROUTER, Device
from appliance.demo.dialogue import Dialogue, datagrams, pings, quic_session
from appliance.demo.hello import client_hello, http_request, http_response, quic_initial
from appliance.demo.names import AAAA, A, arp, dns_answer, dns_query, dns_refusal
from appliance.demo.services import RESOLVERS, Service

WAVE_S = 600  # a day in the life of the demonstration, from quiet to busy and back
BROADCAST = b"\xff" * 6
_RESOLVER_NS = 9_000_000  # the router has to ask further
_LAN_NS = 400_000
_WAN_RATE = 3_000_000  # bytes/s


def activity(now_ns: int) -> float:
    """Return how busy people are, 0.25 to 1, rising and falling once every WAVE_S."""
    return 0.625 - 0.375 * math.cos(now_ns / S_NS * 2 * math.pi / WAVE_S + 2.2)


class Actor:
    """One device playing one habit. Every conversation it returns starts at `now_ns` or later."""

    def __init__(self, device: Device, rng: random.Random, start_s: float = 0.0) -> None:
        self.device = device
        self.rng = rng
        self.now_ns = int(start_s * S_NS)  # since the start of the demonstration

    def rest(self, mean_s: float) -> None:
        """Let time pass: longer when the house is quiet, never less than a tenth of the mean."""
        pause_s = mean_s * (0.1 + 0.9 * self.rng.expovariate(1.0)) / activity(self.now_ns)
        self.now_ns += int(min(pause_s, 4 * mean_s) * S_NS)

    def tick(self, period_s: float) -> None:
        """Let time pass as a machine does: the same period, a little unsteady."""
        self.now_ns += int(period_s * self.rng.uniform(0.97, 1.03) * S_NS)

    def speaks6(self, service: Service) -> bool:
        """Choose IPv6 for about half of what can be had over it."""
        return self.device.ipv6 and bool(service.ip6) and self.rng.random() < 0.5

    def say(self, resp: Endpoint, proto: int, steps: list[Step], port: int = 0) -> Conversation:
        """Return a conversation with `resp` that starts now; port 0 takes an ephemeral one."""
        if proto in {TCP, UDP}:
            port = port or self.rng.randint(49_152, 65_535)
        orig = self.device.at(port, ipv6=len(resp.ip) == 16)
        return Conversation(self.now_ns, orig, resp, proto, steps, self.device.hostname)

    def ask(self, question: bytes, answer: bytes, resolver: Service | None = None) -> Conversation:
        """Return a DNS exchange with the router or a public resolver; time moves past it."""
        if resolver is None:
            talk = self.say(ROUTER.at(53), UDP, datagrams(question, answer, _RESOLVER_NS))
        else:
            talk = self.say(resolver.at(53), UDP, datagrams(question, answer, resolver.rtt_ns))
        self.now_ns = talk.end_ns + self.rng.randint(200_000, 3_000_000)
        return talk

    def resolve(self, service: Service, resolver: Service | None = None) -> list[Conversation]:
        """Return the questions for a service's addresses."""
        question = dns_query(self._ident(), service.name, A)
        talks = [self.ask(question, dns_answer(question, A, [service.ip]), resolver)]
        if self.device.ipv6:
            question = dns_query(self._ident(), service.name, AAAA)
            known = [service.ip6] if service.ip6 else []
            talks.append(self.ask(question, dns_answer(question, AAAA, known), resolver))
        return talks

    def misspell(self, name: str) -> Conversation:
        """Return a question for a name that does not exist."""
        question = dns_query(self._ident(), name, A)
        return self.ask(question, dns_refusal(question))

    def tls(self, service: Service, up: int, down: int, then: Sequence[Step] = ()) -> Conversation:
        """Return an HTTPS exchange: `up` bytes of request, `down` of answer, then further steps."""
        dialogue = Dialogue(self.rng, service.rtt_ns)
        dialogue.open()
        dialogue.send(client_hello(self.device.tls, service.name))
        dialogue.receive(length=self.rng.randint(2_600, 4_200))
        dialogue.send(length=80)
        if up > 20_000:
            dialogue.upload(up, _WAN_RATE)
        else:
            dialogue.send(length=up, after_ns=4_000_000)
        if down > 4_000:
            dialogue.download(down, _WAN_RATE)
        else:
            dialogue.receive(length=down)
        dialogue.steps += then
        self._part(dialogue)
        return self.say(service.at(443, ipv6=self.speaks6(service)), TCP, dialogue.steps)

    def quic(self, service: Service, up: int, down: int) -> Conversation:
        """Return an HTTP/3 exchange."""
        hello = quic_initial(self.device.tls, service.name, self.rng.randbytes(8))
        steps = quic_session(hello, service.rtt_ns, up, down)
        return self.say(service.at(443, ipv6=self.speaks6(service)), UDP, steps)

    def http(self, service: Service, path: str, down: int) -> Conversation:
        """Return a plain HTTP exchange."""
        dialogue = Dialogue(self.rng, service.rtt_ns)
        dialogue.open()
        dialogue.send(http_request(service.name, path, self.device.user_agent))
        dialogue.receive(http_response(down, "application/octet-stream"))
        if down:
            dialogue.download(down, 6_000_000)
        dialogue.close()
        return self.say(service.at(80), TCP, dialogue.steps)

    def ping(self, resp: Endpoint, rtt_ns: int, count: int = 3) -> Conversation:
        """Return some echo requests and replies."""
        ipv6 = len(resp.ip) == 16
        steps = pings(rtt_ns, count, ipv6=ipv6, ident=self._ident())
        return self.say(resp, ICMPV6 if ipv6 else ICMP, steps)

    def who_has(self, target: Device) -> Conversation:
        """Return an ARP exchange with a neighbour."""
        me, other = (self.device.mac, self.device.ip), (target.mac, target.ip)
        steps = [
            Step(0, True, 0, arp(1, me, (bytes(6), target.ip)), 46),
            Step(_LAN_NS, False, 0, arp(2, other, me), 46),
        ]
        return self.beneath(BROADCAST, steps, answer_mac=target.mac)

    def beneath(self, mac: bytes, steps: list[Step], answer_mac: bytes = b"") -> Conversation:
        """Return ARP packets; answers come from `answer_mac`, requests go to `mac`."""
        orig = Endpoint(self.device.mac, b"", 0)
        resp = Endpoint(answer_mac or mac, b"", 0)
        return Conversation(self.now_ns, orig, resp, ARP, steps, self.device.hostname)

    def smb(self, up: int, down: int) -> Conversation:
        """Return a session with the NAS's file shares."""
        dialogue = Dialogue(self.rng, 2 * _LAN_NS)
        dialogue.open()
        for size in (228, 212, 520, 160):  # negotiate, two rounds of log-on, tree connect
            dialogue.send(b"\0\0\0\xe0\xfeSMB@\0", size)
            dialogue.receive(b"\0\0\0\xf0\xfeSMB@\0", size + 60)
        if up:
            dialogue.upload(up, 12_000_000)
        if down:
            dialogue.download(down, 12_000_000)
        dialogue.close()
        return self.say(NAS.at(445), TCP, dialogue.steps)

    def _ident(self) -> int:
        return self.rng.randrange(65_536)

    def _part(self, dialogue: Dialogue) -> None:
        chance = self.rng.random()
        if chance < 0.75:
            dialogue.close(by_responder=chance < 0.15)
        elif chance < 0.9:
            dialogue.abort(by_responder=chance < 0.8)


def public_resolver(rng: random.Random) -> Service:
    """Return one of the resolvers devices ask behind the router's back."""
    return rng.choice(RESOLVERS)
