"""TCP as Zeek's documentation and log readers understand it. Oracle of kernels/tcpstate.py.

Endpoint states and conn_state: Zeek's base/protocols/conn; the letters of `history`: the field's
documentation in Conn::Info. Round trips: Karn's rule, RFC 6298 section 3.
"""

from dataclasses import dataclass, field

INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = range(7)
FIN, SYN, RST, ACK = 1, 2, 4, 16
FAR = 1 << 20  # sequence numbers of SYN and RST beyond this are made up
MAX_HISTORY = 24


@dataclass
class Segment:
    """One packet of a conversation, as its headers say it."""

    is_orig: bool
    flags: int
    seq: int = 0
    ack: int = 0
    payload: int = 0
    window: int = 0x2000
    ts_ns: int = 0
    readable: bool = True  # False: cut before the sequence number

    def has(self, *flags: int) -> bool:
        return all(self.flags & flag for flag in flags)

    @property
    def control(self) -> int:
        return self.flags & (SYN | FIN | RST)

    @property
    def following(self) -> int:
        """One past the last sequence number; a RST's payload is no part of the stream."""
        size = 0 if self.has(RST) else self.payload
        return (self.seq + size + self.has(SYN) + self.has(FIN)) % 2**32


@dataclass
class Endpoint:
    """One end of a conversation."""

    state: int = INACTIVE
    before: int = INACTIVE  # the state it came from
    flags: int = 0
    edge: int = 0  # one past the highest sequence number seen or acknowledged; the RST's own
    hole: bool = False  # bytes before Conversation.hole are missing
    retransmissions: int = 0
    gaps: int = 0
    zero_windows: int = 0
    letters: set[str] = field(default_factory=set)
    packets: int = 0

    def go(self, state: int) -> None:
        self.before, self.state = self.state, state

    def ahead(self, number: int) -> int:
        """Return how far a sequence number lies beyond the edge; negative if before."""
        return (number - self.edge + 2**31) % 2**32 - 2**31


@dataclass
class Conversation:
    """Two endpoints and what is said about them. over : from then on it only lingers."""

    orig: Endpoint = field(default_factory=Endpoint)
    resp: Endpoint = field(default_factory=Endpoint)
    history: str = ""
    history_cut: bool = False
    syn_rtt_us: int = 0
    ack_rtt_us: int = 0
    hole: int = 0  # where the data goes on behind the latest hole of either end
    handshake: list[Segment] = field(default_factory=list)

    def say(self, letter: str, is_orig: bool) -> None:
        """Append a letter, a capital for the originator's."""
        if len(self.history) == MAX_HISTORY:
            self.history_cut = True
        else:
            self.history += letter if is_orig or letter == "^" else letter.lower()

    def take(self, segment: Segment) -> bool:
        """Take the next packet; tell whether the conversation is over."""
        side, peer = (self.orig, self.resp) if segment.is_orig else (self.resp, self.orig)
        over = self._take(segment, side, peer) if segment.readable else False
        if not segment.readable:
            self.handshake += [segment] * 3  # what it was is unknown: nothing is timed
        side.packets += 1
        return over

    def _take(self, segment: Segment, side: Endpoint, peer: Endpoint) -> bool:
        side.flags |= segment.flags
        self._write_history(segment, side)
        meant = not segment.has(RST) and peer.state != CLOSED and side.state != RESET
        if meant and segment.window == 0 and side.zero_windows < 255:
            side.zero_windows += 1
            self._repeat("W", side.zero_windows, segment.is_orig)
        self._time(segment)
        self._follow(segment, side)
        _advance(segment, side, peer)
        if segment.has(ACK) and not segment.has(RST):  # a RST's acknowledgement proves nothing
            self._acknowledge(segment, peer)
        if side.state == RESET:
            side.edge = segment.seq if segment.has(RST) else side.edge
            return True
        return side.state == CLOSED and peer.state in {CLOSED, INACTIVE}

    def _write_history(self, segment: Segment, side: Endpoint) -> None:
        letter = _letter(segment)
        if not letter:
            return
        again = letter == "R" and side.state == RESET and side.edge != segment.seq
        kind = "S" if letter == "H" else letter  # a SYN, with or without ACK, is named once
        if kind not in side.letters or again:
            self.say(letter, segment.is_orig)
        side.letters.add(kind)

    def _repeat(self, letter: str, count: int, is_orig: bool) -> None:
        """Say a letter of trouble at its 1st, 10th, 100th ... occurrence."""
        if str(count).strip("0") == "1":
            self.say(letter, is_orig)

    def _follow(self, segment: Segment, side: Endpoint) -> None:
        ahead = side.ahead(segment.following)
        if side.state == RESET:
            return
        begins = segment.has(SYN) and side.state != CLOSED and ahead != 0
        if side.state == INACTIVE or begins:
            side.edge = segment.following
        elif segment.control & (SYN | RST) and abs(ahead) > FAR:
            pass
        elif ahead > 0:
            if (segment.payload or segment.has(FIN)) and 0 < side.ahead(segment.seq) < FAR:
                side.hole, self.hole = True, segment.seq
            side.edge = segment.following
        elif segment.payload > 0:
            if side.hole and not _before(segment.following, self.hole):
                side.hole = False  # what was missing only came late
            side.retransmissions += 1
            self._repeat("T", side.retransmissions, segment.is_orig)

    def _acknowledge(self, segment: Segment, peer: Endpoint) -> None:
        if peer.state in {INACTIVE, RESET}:
            return
        if peer.hole and not _before(segment.ack, self.hole):
            peer.hole = False
            self._miss(peer, segment)
        ahead = peer.ahead(segment.ack)
        if ahead <= 0 or (segment.ack == 0 and ahead > FAR):
            return
        if ahead > 1 and not segment.flags & (FIN | RST):  # 1 is a FIN that was not seen
            self._miss(peer, segment)
        peer.edge = segment.ack

    def _miss(self, peer: Endpoint, segment: Segment) -> None:
        peer.gaps += 1
        self._repeat("G", peer.gaps, not segment.is_orig)

    def _time(self, segment: Segment) -> None:
        """Time SYN, SYN/ACK, ACK if these are the first three packets, each sent once."""
        if len(self.handshake) > 2:
            return
        self.handshake.append(segment)
        kinds = [(s.is_orig, s.flags & (SYN | ACK | RST | FIN)) for s in self.handshake]
        wanted = [(True, SYN), (False, SYN | ACK), (True, ACK)]
        if kinds != wanted[: len(kinds)]:
            self.handshake += [segment] * 3
            return
        if len(kinds) > 1:
            spent_ns = segment.ts_ns - max(s.ts_ns for s in self.handshake[:-1])
            spent_us = max(spent_ns // 1_000, 1) if spent_ns >= 0 else 0
            if len(kinds) == 2:
                self.syn_rtt_us = spent_us
            elif self.syn_rtt_us:
                self.ack_rtt_us = spent_us


def _before(a: int, b: int) -> bool:
    """Tell which of two sequence numbers comes first (RFC 9293 section 3.4)."""
    return (a - b) % 2**32 >= 2**31


def _letter(segment: Segment) -> str:
    match segment.control:
        case 0:
            return "D" if segment.payload else "A" if segment.has(ACK) else ""
        case 2:
            return "H" if segment.has(ACK) else "S"
        case 1:
            return "F"
        case 4:
            return "R"
    return "I" if segment.has(FIN, RST) else "Q"


def _advance(segment: Segment, side: Endpoint, peer: Endpoint) -> None:
    match side.state:
        case 0:
            _awake(segment, side, peer)
        case 1 | 2:
            if segment.has(FIN):
                side.go(CLOSED)
            if segment.has(RST):
                side.go(RESET)
        case 3 | 4:
            late_syn = segment.flags & (SYN | ACK) == SYN and side.state == PARTIAL
            if late_syn and peer.state == INACTIVE:
                side.go(SYN_SENT)
            if segment.has(RST):
                side.go(RESET)
            elif segment.has(FIN):
                side.go(CLOSED)
                if peer.state == RESET and peer.before == CLOSED:
                    peer.go(CLOSED)  # FIN, RST there and FIN here is how some stacks say goodbye
        case 5:
            if segment.has(RST) and peer.state != CLOSED:
                side.go(RESET)


def _awake(segment: Segment, side: Endpoint, peer: Endpoint) -> None:
    """The first packet of an end."""
    if segment.has(SYN) and segment.is_orig:
        side.go(SYN_ACK_SENT if segment.has(ACK) else SYN_SENT)
    elif segment.has(SYN):
        if peer.state == SYN_SENT:
            peer.go(ESTABLISHED)
        side.go(ESTABLISHED)
    if segment.has(FIN):
        side.go(CLOSED)
    if segment.has(RST):
        side.go(RESET)
    if side.state != INACTIVE:
        return
    if not segment.is_orig and peer.state == SYN_SENT and not segment.payload:
        return  # a bare acknowledgement of a SYN, before its answer
    side.go(ESTABLISHED if segment.has(ACK) and peer.state == ESTABLISHED else PARTIAL)
