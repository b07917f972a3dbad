"""Scripts: what TCP, UDP and ICMP conversations look like, packet by packet."""

import random
import struct
from typing import Final

from appliance.demo.conversation import (
    ACK,
    FIN,
    MS_NS,
    PSH,
    REPEAT,
    RST,
    SYN,
    US_NS,
    Step,
)

MSS: Final = 1_440  # fits Ethernet over either IP version
QUIC_MSS: Final = 1_250
_LAN_NS = 300 * US_NS
_PUSH = ACK | PSH


class Dialogue:
    """Writes the steps of one TCP conversation, seen beside the originator's home.

    rtt_ns: from the sensor to the responder and back; the originator is `near_ns` away.
    """

    def __init__(self, rng: random.Random, rtt_ns: int, near_ns: int = _LAN_NS) -> None:
        self.steps: list[Step] = []
        self._rng = rng
        self._rtt_ns = rtt_ns
        self._near_ns = near_ns

    def open(self) -> None:
        """Shake hands."""
        self._add(0, True, SYN)
        self._add(self._far(), False, SYN | ACK)
        self._add(self._near_ns, True, ACK)

    def knock(self, times: int = 3) -> None:
        """Ask for a connection that nobody answers."""
        for attempt in range(times):
            self._add((1_000 * MS_NS) << (attempt - 1) if attempt else 0, True, SYN)

    def refuse(self) -> None:
        """Ask for a connection on a closed port."""
        self._add(0, True, SYN)
        self._add(self._far(), False, RST | ACK)

    def send(self, payload: bytes = b"", length: int = 0, after_ns: int = MS_NS) -> None:
        """Let the originator say something and the responder acknowledge it."""
        self._say(True, payload, length, after_ns)
        self._add(self._far(), False, ACK)

    def receive(self, payload: bytes = b"", length: int = 0, after_ns: int = MS_NS) -> None:
        """Let the responder say something and the originator acknowledge it."""
        self._say(False, payload, length, after_ns)
        self._add(self._near_ns, True, ACK)

    def upload(self, length: int, rate: int) -> None:
        """Move bytes to the responder at `rate` bytes/s, an acknowledgement every two segments."""
        self._bulk(True, length, rate)

    def download(self, length: int, rate: int) -> None:
        """Move bytes to the originator at `rate` bytes/s."""
        self._bulk(False, length, rate)

    def wait(self, pause_ns: int) -> None:
        """Leave a pause before the next step: an originator's keep-alive is what ends it."""
        self._add(pause_ns, True, ACK)
        self._add(self._far(), False, ACK)

    def close(self, *, by_responder: bool = False) -> None:
        """Part in the usual way."""
        first = not by_responder
        self._add(5 * MS_NS, first, FIN | ACK)
        self._add(self._far() if first else self._near_ns, not first, FIN | ACK)
        self._add(self._near_ns if first else self._far(), first, ACK)

    def abort(self, *, by_responder: bool = False) -> None:
        """Slam the door."""
        self._add(2 * MS_NS, not by_responder, RST | ACK)

    def _far(self) -> int:
        return int(self._rtt_ns * self._rng.uniform(0.95, 1.2))

    def _add(self, dt_ns: int, forward: bool, flags: int) -> None:
        self.steps.append(Step(dt_ns, forward, flags, b"", 0))

    def _say(self, forward: bool, payload: bytes, length: int, after_ns: int) -> None:
        length = max(length, len(payload))
        for start in range(0, length, MSS):
            size = min(MSS, length - start)
            flags = _PUSH if start + size == length else ACK
            part = payload[start : start + MSS]
            self.steps.append(Step(after_ns, forward, flags, part, size))
            after_ns = 12 * US_NS

    def _bulk(self, forward: bool, length: int, rate: int) -> None:
        gap_ns = MSS * 1_000_000_000 // rate
        segment = Step(gap_ns, forward, ACK, b"", MSS)
        answer = Step(min(gap_ns, self._near_ns) // 2, not forward, ACK, b"", 0)
        pairs = max(1, length // (2 * MSS))
        run = [segment, segment, answer] * pairs
        if self._rng.random() < 0.12:  # one segment was lost behind the sensor
            at = 3 * self._rng.randint(1, pairs)
            again = Step(self._rtt_ns, forward, ACK | REPEAT, b"", MSS)
            run[at:at] = [answer, answer, again, answer]
        self.steps += run


def datagrams(question: bytes, answer: bytes, rtt_ns: int) -> list[Step]:
    """Return one datagram each way; an empty answer is none."""
    steps = [Step(0, True, 0, question, len(question))]
    if answer:
        steps.append(Step(rtt_ns, False, 0, answer, len(answer)))
    return steps


def quic_session(initial: bytes, rtt_ns: int, up: int, down: int) -> list[Step]:
    """Return a QUIC connection: handshake, a request of `up` bytes, `down` bytes of answer."""
    segment = Step(400 * US_NS, False, 0, b"\x40", QUIC_MSS)
    answer = Step(200 * US_NS, True, 0, b"\x40", 38)
    steps = [
        Step(0, True, 0, initial, len(initial)),
        Step(rtt_ns, False, 0, b"\xc0\0\0\0\x01", 1_200),
        Step(30 * US_NS, False, 0, b"\xe0\0\0\0\x01", 1_200),
        Step(2 * MS_NS, True, 0, b"\xe0\0\0\0\x01", 120),
        Step(MS_NS, True, 0, b"\x40", min(up, QUIC_MSS)),
        Step(rtt_ns, False, 0, b"\x40", 90),
    ]
    return steps + [segment, segment, segment, segment, answer] * max(1, down // (4 * QUIC_MSS))


def media(rng: random.Random, seconds: int, per_s: int, sizes: tuple[int, int]) -> list[Step]:
    """Return RTP-like datagrams both ways, `per_s` a second each, sizes sent and received."""
    gap_ns = 1_000_000_000 // (2 * per_s)
    head = b"\x80\x60"
    wobble = [
        Step(gap_ns + rng.randint(-200, 200) * US_NS, bool(n & 1), 0, head, sizes[~n & 1])
        for n in range(64)
    ]
    return wobble * (seconds * per_s // 32)


def pings(rtt_ns: int, count: int, *, ipv6: bool = False, ident: int = 1) -> list[Step]:
    """Return echo requests once a second and their replies (RFC 792, RFC 4443)."""
    steps = []
    for number in range(1, count + 1):
        rest = struct.pack("!xxHH", ident, number)
        ask, tell = (128, 129) if ipv6 else (8, 0)
        pause_ns = 1_000 * MS_NS - rtt_ns if number > 1 else 0
        steps += [
            Step(pause_ns, True, 0, bytes([ask, 0]) + rest, 64),
            Step(rtt_ns, False, 0, bytes([tell, 0]) + rest, 64),
        ]
    return steps
