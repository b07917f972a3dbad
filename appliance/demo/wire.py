"""Headers: the steps of a conversation become Ethernet frames with correct checksums.

IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP, ICMP, ICMPv6, and plain EtherTypes. Payload
beyond what a step spells out is zero, so it changes no checksum and need not exist: frames are cut
behind the known bytes, and only their wire length tells the rest.
"""

import struct
from typing import NamedTuple

from appliance.demo.conversation import (
    ACK,
    ICMP,
    ICMPV6,
    REPEAT,
    RST,
    SYN,
    TCP,
    UDP,
    Conversation,
    Endpoint,
    Step,
)

MIN_FRAME_BYTES = 60  # without FCS; shorter frames are padded by the sender's card
WINDOW = 502  # scaled by 2^7 as agreed in the options below
SYN_OPTIONS = bytes.fromhex("020405a00101040201030307")  # MSS 1440, SACK, window scale 7
_ETHERTYPES = {4: b"\x08\x00", 16: b"\x86\xdd"}


class Frame(NamedTuple):
    """One frame as a capture would hold it."""

    data: bytes
    wire_bytes: int  # >= len(data)


def ones_sum(data: bytes) -> int:
    """Return the ones' complement sum of 16-bit words, reduced mod 65535 (RFC 1071)."""
    if len(data) & 1:
        data += b"\0"
    return int.from_bytes(data) % 0xFFFF


class _Side:
    """What stays the same in every packet of one direction."""

    __slots__ = ("addresses", "ident", "link", "pseudo_sum", "seq", "src", "v6")

    def __init__(self, src: Endpoint, dst: Endpoint, proto: int, seed: int) -> None:
        self.src = src
        self.v6 = len(src.ip) == 16
        kind = _ETHERTYPES.get(len(src.ip)) or struct.pack("!H", proto)
        self.link = dst.mac + src.mac + kind
        self.addresses = src.ip + dst.ip
        self.pseudo_sum = ones_sum(self.addresses) + proto
        self.ident = seed & 0xFFFF
        self.seq = seed * 2_654_435_761 & 0xFFFFFFFF  # spreads small seeds over the number space


class Encoder:
    """Turns the steps of one conversation, asked for in order, into frames."""

    __slots__ = ("_encode", "_forward", "_ports", "_proto", "_reverse")

    def __init__(self, conversation: Conversation, seed: int) -> None:
        orig, resp, proto = conversation.orig, conversation.resp, conversation.proto
        self._proto = proto
        self._forward = _Side(orig, resp, proto, seed)
        self._reverse = _Side(resp, orig, proto, seed ^ 0x5BD1)
        self._ports = {
            True: struct.pack("!HH", orig.port, resp.port),
            False: struct.pack("!HH", resp.port, orig.port),
        }
        self._encode = {TCP: self._tcp, UDP: self._udp, ICMP: self._icmp, ICMPV6: self._icmp}.get(
            proto, self._other if orig.ip and proto < 256 else self._bare
        )

    def encode(self, step: Step) -> Frame:
        """Return the frame of the next step."""
        if step.forward:
            return self._encode(step, self._forward, self._reverse)
        return self._encode(step, self._reverse, self._forward)

    def _tcp(self, step: Step, side: _Side, peer: _Side) -> Frame:
        flags = step.flags
        seq = side.seq - step.length if flags & REPEAT else side.seq
        side.seq = seq + step.length + (flags & SYN) // SYN + (flags & 1)
        options = SYN_OPTIONS if flags & SYN else b""
        header = self._ports[step.forward] + struct.pack(
            "!IIBBHI",
            seq & 0xFFFFFFFF,
            peer.seq & 0xFFFFFFFF if flags & ACK else 0,
            5 + len(options) // 4 << 4,
            flags & 0xFF,
            0 if flags & RST else WINDOW,
            0,
        )
        segment = header + options + step.payload
        length = 20 + len(options) + step.length
        checksum = -(ones_sum(segment) + side.pseudo_sum + length) % 0xFFFF
        return _frame(side, TCP, segment[:16] + checksum.to_bytes(2) + segment[18:], length)

    def _udp(self, step: Step, side: _Side, _peer: _Side) -> Frame:
        length = 8 + step.length
        head = self._ports[step.forward] + length.to_bytes(2)
        total = ones_sum(head) + ones_sum(step.payload) + side.pseudo_sum + length
        checksum = -total % 0xFFFF or 0xFFFF  # zero would mean "none"
        return _frame(side, UDP, head + checksum.to_bytes(2) + step.payload, length)

    def _icmp(self, step: Step, side: _Side, _peer: _Side) -> Frame:
        total = ones_sum(step.payload[:2] + step.payload[4:])
        if side.v6:  # ICMPv6 covers the pseudo header, ICMP does not
            total += side.pseudo_sum + step.length
        message = step.payload[:2] + (-total % 0xFFFF).to_bytes(2) + step.payload[4:]
        return _frame(side, self._proto, message, step.length)

    def _other(self, step: Step, side: _Side, _peer: _Side) -> Frame:
        return _frame(side, self._proto, step.payload, step.length)

    def _bare(self, step: Step, side: _Side, _peer: _Side) -> Frame:
        data = side.link + step.payload
        return Frame(data, max(len(side.link) + step.length, MIN_FRAME_BYTES))


def _frame(side: _Side, proto: int, body: bytes, length: int) -> Frame:
    """Put the link and IP headers before a transport packet of `length` bytes on the wire."""
    ttl = side.src.ttl
    if side.v6:
        header = struct.pack("!IHBB", 0x60000000, length, proto, ttl)
        wire_bytes = 54 + length
    else:
        total, ident = 20 + length, side.ident
        side.ident = ident + 1 & 0xFFFF
        words = 0x4500 + total + ident + 0x4000 + (ttl << 8) + side.pseudo_sum
        header = struct.pack("!HHHHBBH", 0x4500, total, ident, 0x4000, ttl, proto, -words % 0xFFFF)
        wire_bytes = 34 + length
    data = side.link + header + side.addresses + body
    return Frame(data, max(wire_bytes, MIN_FRAME_BYTES))
