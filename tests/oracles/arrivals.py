"""Hypothesis strategies for whole captures: few hosts, few ports, much that goes wrong."""

from dataclasses import dataclass

from hypothesis import strategies as st

from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.oracles.strategies import whole_frames

START_NS = 1_700_000_000 * SECOND + 123_456_789
MS = SECOND // 1_000
V4 = ("10.0.0.1", "10.0.0.9", "192.0.2.7")
V6 = ("fd00::1", "2001:db8::9")
PORTS = (80, 443, 33_000, 55_000)
STEPS_NS = (
    0, 0, 1, 999, 1_000, MS, 20 * MS, 130 * MS, 140 * MS, SECOND, 4 * SECOND, 5 * SECOND,
    5 * SECOND + 1, 6 * SECOND, 29 * SECOND, 30 * SECOND, 30 * SECOND + 1, 31 * SECOND,
    60 * SECOND, 61 * SECOND, 301 * SECOND, 700 * SECOND,
)  # fmt: skip
STEPS_BACK_NS = (-1, -MS, -200 * MS, -3 * SECOND, -40 * SECOND)
JUMPS = (0, 0, 1, 1, 2, 10, 20, 100, -1, -10, 2**20 + 50, -(2**20) - 50, 2**31, 2**31 - 1)

limits = st.sampled_from([
    Limits(),
    Limits(tcp=20 * SECOND, udp=2 * SECOND, icmp=SECOND, other=3 * SECOND, linger=100 * MS),
    Limits(tcp=400 * SECOND, linger=30 * SECOND, active=7 * SECOND, worker=5),
    Limits(tcp=3_600 * SECOND, udp=3_600 * SECOND, active=86_400 * SECOND),
])  # fmt: skip


@dataclass
class Talk:
    """Two ends that packets of a capture go between."""

    ends: tuple[str, str]
    ports: tuple[int, int]
    six: bool
    form: str

    def turned(self) -> "Talk":
        return Talk(self.ends[::-1], self.ports[::-1], self.six, self.form)


@st.composite
def talks(draw: st.DrawFn) -> Talk:
    """Return a conversation; one end may be a group, both may be the same."""
    six = draw(st.integers(0, 4)) == 0
    hosts, groups = (V6, ("ff02::1",)) if six else (V4, ("224.0.0.251", "255.255.255.255"))
    target = draw(st.sampled_from((*hosts, *hosts, *hosts, *groups)))
    forms = ["tcp", "tcp", "tcp", "tcp", "udp", "icmp", "piece", "other"]
    return Talk(
        (draw(st.sampled_from(hosts)), target),
        (draw(st.sampled_from(PORTS)), draw(st.sampled_from(PORTS))),
        six,
        draw(st.sampled_from(forms)),
    )


@st.composite
def segments(draw: st.DrawFn, ports: tuple[int, int], merged: bool) -> bytes:
    """Return a TCP segment whose numbers are near 1000, or far off; no SYN if merged by offload."""
    some = [2, 2, 18, 18, 16, 16, 16, 24, 17, 17, 4, 20, 0, 1, 3, 7, 22, 41]
    flags = draw(st.sampled_from([16, 24] if merged else some))
    seq, ack = (1_000 + draw(st.sampled_from(JUMPS)) for _ in range(2))
    ack = draw(st.sampled_from([ack, ack, ack, 0]))
    body = bytes(draw(st.sampled_from([0, 0, 1, 10, 100])))
    return f.tcp(ports, flags, seq, ack, body, window=draw(st.sampled_from([9, 9, 9, 0])))


@st.composite
def packets(draw: st.DrawFn, talk: Talk, merged: bool) -> bytes:
    """Return an Ethernet frame of a conversation."""
    body = bytes(draw(st.sampled_from([0, 1, 50])))
    kind = 0x86DD if talk.six else 0x0800
    match talk.form:
        case "tcp":
            proto, inner = 6, draw(segments(talk.ports, merged))
        case "udp":
            proto, inner = 17, f.udp(talk.ports, body)
        case "icmp":
            kinds = (128, 129, 131, 135, 136, 1) if talk.six else (8, 0, 8, 0, 3, 11, 9, 10, 13)
            proto, inner = 58 if talk.six else 1, f.icmp(draw(st.sampled_from(kinds)), 0, body)
        case "piece":
            return f.ethernet(kind, draw(pieces(talk)))
        case _:
            proto, inner = talk.ports[0] % 50 + 90, f.sctp(talk.ports, body)
    packet = f.ipv6(talk.ends, proto, inner) if talk.six else f.ipv4(talk.ends, proto, inner)
    for tag in draw(st.sampled_from([(), (), (), (5,), (5, 6)])):
        kind, packet = 0x8100, f.vlan(tag, kind, packet)
    return f.ethernet(kind, packet, *draw(st.sampled_from([(), (), (f.MAC_B, f.MAC_A)])))


@st.composite
def pieces(draw: st.DrawFn, talk: Talk) -> bytes:
    """Return one fragment of a datagram."""
    proto = {80: 6, 443: 17}.get(talk.ports[0], 58 if talk.six else 1)
    offset, more = draw(st.sampled_from([(0, True), (0, True), (24, True), (48, False)]))
    transport = {
        6: f.tcp(talk.ports, 16, 1_000, 1_000, bytes(4)),
        17: f.udp(talk.ports, bytes(16)),
    }.get(proto, f.icmp(draw(st.sampled_from([128, 129] if talk.six else [8, 0])), 0, bytes(16)))
    body = bytes(24) if offset else transport[: draw(st.sampled_from([8, 16, 24]))]
    ident = draw(st.sampled_from([1, 1, 2]))
    if talk.six:
        return f.ipv6(talk.ends, 44, f.fragment6(proto, ident, offset, more, body))
    return f.ipv4(talk.ends, proto, body, ident=ident, offset=offset, more=more)


@st.composite
def captures(draw: st.DrawFn, most: int = 40, back: bool = True) -> list[Arrival]:
    """Return frames in order of arrival. back : time may step back, less than a minute at once."""
    steps = (*STEPS_NS[:12] * 3, *STEPS_NS, *(STEPS_BACK_NS if back else ()))
    now_ns, made = START_NS, []
    known = draw(st.lists(talks(), min_size=1, max_size=3))
    for _ in range(draw(st.integers(1, most))):
        now_ns += draw(st.sampled_from(steps))
        talk = draw(st.sampled_from(known))
        talk = talk.turned() if draw(st.booleans()) else talk
        counted = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 44]))
        linktype, data = 1, draw(packets(talk, counted > 1))
        odd = draw(st.integers(0, 29))
        if odd == 29:
            linktype, data = draw(whole_frames())
        elif odd == 28:
            data = f.ethernet(0x0806, bytes(28))
        wirelen = len(data)
        if odd in {25, 26, 27}:
            data = data[: draw(st.integers(14, len(data)))]
        elif odd == 24:
            wirelen = draw(st.sampled_from([1_522, 1_523, 70_000, 2**32 - 1]))
        made.append(Arrival(now_ns, data, linktype, wirelen, counted, draw(st.integers(0, 1))))
    return made
