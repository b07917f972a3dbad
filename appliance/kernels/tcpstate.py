"""TCP: endpoint states, history letters, round trips, retransmissions and gaps.

Follows the semantics of Zeek's TCP analyser, so that conn_state and history mean what its users
expect: two endpoint states, a letter the first time a kind of packet is seen in a direction
(capital: originator), letters for trouble repeated at the 1st, 10th, 100th ... occurrence.
Oracle: tests/oracles/tcp.py.
"""

from typing import Any

from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.kernels.packet import PACKET_HAS_SEQ
from appliance.model.flow import FLOW_HISTORY_CUT

INACTIVE = 0
SYN_SENT = 1
SYN_ACK_SENT = 2
PARTIAL = 3
ESTABLISHED = 4
CLOSED = 5
RESET = 6

FIN = 1
SYN = 2
RST = 4
ACK = 16

# 5-bit codes of history letters: index into "^SHADFRCGTWIQ", + 16 for the responder
LETTERS = "^SHADFRCGTWIQ"
_FLIP, _S, _H, _A, _D, _F, _R, _C, _G, _T, _W, _I, _Q = range(13)
MAX_HISTORY = 24

# bits of side.seen
SEEN_SYN = 1
SEEN_FIN = 2
SEEN_RST = 4
SEEN_DATA = 8
SEEN_ACK = 16
SEEN_MULTI = 32
SEEN_FINRST = 64
_HOLE = 128  # not a letter: flow.hole is where missing data of this side ends

_LARGE = 1 << 20  # a sequence jump beyond this in a SYN or RST is not believed


@inline
def add_letter(flow: Any, code: int, is_orig: bool) -> None:
    """Append a letter; 12 fit into each word."""
    n = i64(flow.history_len)
    if n >= MAX_HISTORY:
        flow.bits |= FLOW_HISTORY_CUT
        return
    symbol = u64(code if is_orig else code + 16)
    if n < 12:
        flow.history_lo |= symbol << u64(5 * n)
    else:
        flow.history_hi |= symbol << u64(5 * (n - 12))
    flow.history_len = n + 1


@inline
def first_letter(flow: Any, side: Any, bit: int, code: int, is_orig: bool) -> None:
    """Append a letter unless this side has it already."""
    if side.seen & bit == 0:
        side.seen |= bit
        add_letter(flow, code, is_orig)


@inline
def _decade(count: int) -> bool:
    """Tell whether a repeated letter is due: at 1, 10, 100 ..."""
    return count in (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)


@inline
def _distance(a: int, b: int) -> int:
    """Return a - b in the circular space of sequence numbers, -2^31 .. 2^31-1."""
    d = (a - b) & 0xFFFFFFFF
    return d - 0x100000000 if d >= 0x80000000 else d


@inline
def _set_state(side: Any, state: int) -> None:
    side.prev_state = side.state
    side.state = state


@inline
def _history(flow: Any, side: Any, packet: Any, is_orig: bool) -> None:
    flags = i64(packet.flags)
    control = flags & (SYN | FIN | RST)
    if control == 0:
        if packet.payload > 0:
            first_letter(flow, side, SEEN_DATA, _D, is_orig)
        elif flags & ACK:
            first_letter(flow, side, SEEN_ACK, _A, is_orig)
    elif control == SYN:
        first_letter(flow, side, SEEN_SYN, _H if flags & ACK else _S, is_orig)
    elif control == FIN:
        first_letter(flow, side, SEEN_FIN, _F, is_orig)
    elif control == RST:
        # After a RST the sequence space is not used any more: seq_next remembers the RST's own.
        if side.seen & SEEN_RST and side.state == RESET and side.seq_next != packet.seq:
            add_letter(flow, _R, is_orig)
        first_letter(flow, side, SEEN_RST, _R, is_orig)
    elif control & (FIN | RST) == FIN | RST:
        first_letter(flow, side, SEEN_FINRST, _I, is_orig)
    else:
        first_letter(flow, side, SEEN_MULTI, _Q, is_orig)


@inline
def _sequence(flow: Any, side: Any, packet: Any, is_orig: bool) -> None:
    """Follow the sender's sequence numbers; count segments that bring nothing new."""
    flags = i64(packet.flags)
    seq = i64(packet.seq)
    payload = i64(packet.payload)
    length = (0 if flags & RST else payload) + (flags & SYN) // SYN + (flags & FIN)
    following = (seq + length) & 0xFFFFFFFF
    if side.state == RESET:
        return
    if side.state == INACTIVE or (
        flags & SYN and side.state in (SYN_SENT, SYN_ACK_SENT, ESTABLISHED, PARTIAL)
        and following != i64(side.seq_next)
    ):  # fmt: skip
        side.seq_next = following
        return
    ahead = _distance(following, i64(side.seq_next))
    if flags & (SYN | RST) and (ahead > _LARGE or ahead < -_LARGE):
        return
    if ahead > 0:
        if (payload > 0 or flags & FIN) and 0 < _distance(seq, i64(side.seq_next)) < _LARGE:
            flow.hole = seq
            side.seen |= _HOLE
        side.seq_next = following
    elif payload > 0:
        if side.seen & _HOLE and _distance(following, i64(flow.hole)) >= 0:
            side.seen &= ~_HOLE & 0xFF  # what was missing only came late
        side.retrans += 1
        if _decade(i64(side.retrans)):
            add_letter(flow, _T, is_orig)


@inline
def _note_gap(flow: Any, peer: Any, is_orig: bool) -> None:
    peer.gaps += 1
    if _decade(i64(peer.gaps)):
        add_letter(flow, _G, not is_orig)


@inline
def _acknowledge(flow: Any, peer: Any, packet: Any, is_orig: bool) -> None:
    """Notice bytes of the peer that were acknowledged but never seen."""
    ack = i64(packet.ack)
    if peer.state == INACTIVE or peer.state == RESET:
        return
    if peer.seen & _HOLE and _distance(ack, i64(flow.hole)) >= 0:
        peer.seen &= ~_HOLE & 0xFF
        _note_gap(flow, peer, is_orig)
    ahead = _distance(ack, i64(peer.seq_next))
    if ahead <= 0 or (ack == 0 and ahead > _LARGE):
        return
    # One sequence number ahead is a FIN that was lost or came late, not content.
    if ahead > 1 and packet.flags & (FIN | RST) == 0:
        _note_gap(flow, peer, is_orig)
    peer.seq_next = ack


@inline
def _from_inactive(flow: Any, side: Any, peer: Any, packet: Any, is_orig: bool) -> None:
    flags = i64(packet.flags)
    if flags & SYN:
        if is_orig:
            _set_state(side, SYN_ACK_SENT if flags & ACK else SYN_SENT)
        else:
            if peer.state == SYN_SENT:
                _set_state(peer, ESTABLISHED)
            _set_state(side, ESTABLISHED)
    if flags & FIN:
        _set_state(side, CLOSED)
    if flags & RST:
        _set_state(side, RESET)
    if side.state != INACTIVE:
        return
    if not is_orig and packet.payload == 0 and flow.orig.state == SYN_SENT:
        return  # some stacks acknowledge a SYN before they answer it
    if flags & ACK and peer.state == ESTABLISHED:
        _set_state(side, ESTABLISHED)
    else:
        _set_state(side, PARTIAL)


@inline
def _advance(flow: Any, side: Any, peer: Any, packet: Any, is_orig: bool) -> None:
    """Move the sender's endpoint state."""
    flags = i64(packet.flags)
    if side.state == INACTIVE:
        _from_inactive(flow, side, peer, packet, is_orig)
    elif side.state == SYN_SENT or side.state == SYN_ACK_SENT:
        if flags & FIN:
            _set_state(side, CLOSED)
        if flags & RST:
            _set_state(side, RESET)
    elif side.state == ESTABLISHED or side.state == PARTIAL:
        if flags & (SYN | ACK) == SYN and side.state == PARTIAL and peer.state == INACTIVE:
            _set_state(side, SYN_SENT)
        if flags & FIN and flags & RST == 0:
            _set_state(side, CLOSED)
            if peer.state == RESET and peer.prev_state == CLOSED:
                _set_state(peer, CLOSED)  # FIN then RST there, FIN here: a normal end
        if flags & RST:
            _set_state(side, RESET)
    elif side.state == CLOSED and flags & RST and peer.state != CLOSED:
        _set_state(side, RESET)


@inline
def _round_trips(flow: Any, packet: Any, is_orig: bool) -> None:
    """Time the handshake, unless a retransmission makes it ambiguous (Karn)."""
    if flow.orig.packets != 1 or flow.resp.packets > 1:
        return  # later packets, nearly all, need not touch the line where the times are
    gap_us = (i64(packet.ts_ns) - i64(flow.last_ns)) // 1000
    if gap_us < 0 or gap_us > 0xFFFFFFFF:
        return
    control = packet.flags & (SYN | ACK | RST | FIN)
    if flow.resp.packets == 0:
        if not is_orig and control == SYN | ACK and flow.orig.state == SYN_SENT:
            flow.syn_rtt_us = max(gap_us, 1)
    elif (
        is_orig
        and control == ACK
        and flow.syn_rtt_us > 0
        and flow.ack_rtt_us == 0
        and flow.orig.state == ESTABLISHED
    ):
        flow.ack_rtt_us = max(gap_us, 1)


@kernel
def track_tcp(flow: Any, side: Any, peer: Any, packet: Any, is_orig: bool) -> bool:
    """Account one TCP packet that `side` sent; call before its counters are updated.

    returns : True if the conversation is over (RST, FIN both ways, FIN without a peer)
    """
    if packet.bits & PACKET_HAS_SEQ == 0:
        return False
    side.flags |= packet.flags
    _history(flow, side, packet, is_orig)
    if (
        packet.window == 0
        and packet.flags & RST == 0
        and peer.state != CLOSED
        and side.state != RESET
        and side.zero_windows < 255
    ):
        side.zero_windows += 1
        if _decade(i64(side.zero_windows)):
            add_letter(flow, _W, is_orig)
    _round_trips(flow, packet, is_orig)
    _sequence(flow, side, packet, is_orig)
    _advance(flow, side, peer, packet, is_orig)
    if packet.flags & (ACK | RST) == ACK:  # what a RST acknowledges is not to be trusted
        _acknowledge(flow, peer, packet, is_orig)
    if side.state == RESET:
        if packet.flags & RST:
            side.seq_next = packet.seq
        return True
    return side.state == CLOSED and (peer.state == CLOSED or peer.state == INACTIVE)
