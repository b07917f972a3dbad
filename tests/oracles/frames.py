"""Frames made with struct, for tests: every header as its RFC draws it, checksums left at 0."""

import ipaddress
import struct

MAC_A, MAC_B = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def ethernet(kind: int, body: bytes, src: bytes = MAC_A, dst: bytes = MAC_B) -> bytes:
    """Ethernet II."""
    return dst + src + struct.pack("!H", kind) + body


def snap(kind: int, body: bytes) -> bytes:
    """Ethernet with a length, LLC and SNAP."""
    return ethernet(8 + len(body), bytes.fromhex("aaaa03000000") + struct.pack("!H", kind) + body)


def vlan(tag: int, kind: int, body: bytes) -> bytes:
    """What follows a VLAN ethertype."""
    return struct.pack("!HH", tag, kind) + body


def mpls(labels: int, body: bytes) -> bytes:
    """A stack of labels, the last one marked as the bottom."""
    stack = [16 << 12 | (i == labels - 1) << 8 | 64 for i in range(labels)]
    return struct.pack(f"!{labels}I", *stack) + body


def ppp(protocol: int, body: bytes, *, framed: bool = False, short: bool = False) -> bytes:
    """PPP. framed : with address and control; short : protocol field compressed."""
    number = bytes([protocol & 0xFF]) if short else struct.pack("!H", protocol)
    return (b"\xff\x03" if framed else b"") + number + body


def pppoe(protocol: int, body: bytes) -> bytes:
    """What follows ethertype 8864."""
    return struct.pack("!BBHHH", 0x11, 0, 1, 2 + len(body), protocol) + body


def ipv4(
    ends: tuple[str, str], proto: int, body: bytes, *, ident: int = 0, offset: int = 0,
    more: bool = False, options: bytes = b"", total: int | None = None,
) -> bytes:  # fmt: skip
    """IPv4. offset : in bytes; total : what the header claims, if not the truth."""
    size = 20 + len(options)
    claimed = size + len(body) if total is None else total
    head = struct.pack(
        "!BBHHHBBH", 0x40 | size // 4, 0, claimed & 0xFFFF, ident,
        more << 13 | offset // 8, 64, proto, 0,
    )  # fmt: skip
    return head + _pack(ends[0]) + _pack(ends[1]) + options + body


def ipv6(ends: tuple[str, str], following: int, body: bytes, *, length: int | None = None) -> bytes:
    """IPv6; extension headers are part of the body."""
    claimed = len(body) if length is None else length
    head = struct.pack("!IHBB", 6 << 28, claimed & 0xFFFF, following, 57)
    return head + _pack(ends[0]) + _pack(ends[1]) + body


def extension(following: int, body: bytes, words: int = 0) -> bytes:
    """A hop-by-hop, routing, destination or mobility header of 8 * (words + 1) bytes."""
    return bytes([following, words]) + bytes(6 + 8 * words) + body


def routed(following: int, last: str, left: int, body: bytes) -> bytes:
    """A routing header of type 0 with one address; left : segments still to visit."""
    return struct.pack("!BBBBI", following, 2, 0, left, 0) + _pack(last) + body


def mobile(following: int, home: str, padding: int, body: bytes) -> bytes:
    """A destination header with the sender's home address (RFC 6275 section 6.3)."""
    pad = bytes([1, 2, 0, 0]) if padding else bytes(4)
    return bytes([following, 2]) + pad + b"\xc9\x10" + _pack(home) + body


def authentication(following: int, body: bytes) -> bytes:
    """An authentication header of 24 bytes (RFC 4302)."""
    return bytes([following, 4]) + bytes(22) + body


def fragment6(following: int, ident: int, offset: int, more: bool, body: bytes) -> bytes:
    """An IPv6 fragment header."""
    return struct.pack("!BBHI", following, 0, offset & 0xFFF8 | more, ident) + body


def tcp(
    ports: tuple[int, int], flags: int = ACK, seq: int = 0, ack: int = 0, body: bytes = b"",
    *, window: int = 0x2000, options: bytes = b"",
) -> bytes:  # fmt: skip
    """TCP."""
    size = 20 + len(options)
    numbers = (seq & 0xFFFFFFFF, ack & 0xFFFFFFFF)
    return (
        struct.pack("!HHIIBBHHH", *ports, *numbers, size // 4 << 4, flags, window, 0, 0)
        + options
        + body
    )


def udp(ports: tuple[int, int], body: bytes = b"", length: int | None = None) -> bytes:
    """UDP. length : what the header claims, if not the truth."""
    return struct.pack("!HHHH", *ports, 8 + len(body) if length is None else length, 0) + body


def icmp(kind: int, code: int, body: bytes = b"") -> bytes:
    """ICMP or ICMPv6."""
    return struct.pack("!BBHI", kind, code, 0, 1) + body


def sctp(ports: tuple[int, int], body: bytes = b"") -> bytes:
    """SCTP."""
    return struct.pack("!HHII", *ports, 1, 0) + body


def gre(kind: int, body: bytes, flags: int = 0) -> bytes:
    """GRE of version 0 with the optional words its flags promise."""
    words = (flags & 0xC000 != 0) + (flags >> 13 & 1) + (flags >> 12 & 1)
    return struct.pack("!HH", flags, kind) + bytes(4 * words) + body


def pptp(body: bytes, *, sequence: bool = True, acknowledgement: bool = False) -> bytes:
    """GRE of version 1 (RFC 2637)."""
    flags = 0x2001 | sequence << 12 | acknowledgement << 7
    extra = bytes(4 * (sequence + acknowledgement))
    return struct.pack("!HHHH", flags, 0x880B, len(body), 7) + extra + body


def vxlan(frame: bytes) -> bytes:
    """What a VXLAN datagram holds."""
    return struct.pack("!II", 0x08000000, 42 << 8) + frame


def geneve(frame: bytes, option_words: int = 0) -> bytes:
    """What a Geneve datagram with an Ethernet frame holds."""
    return struct.pack("!BBHI", option_words, 0, 0x6558, 42 << 8) + bytes(4 * option_words) + frame


def gtp(packet: bytes, *, extended: bool = False) -> bytes:
    """GTP-U with a user packet. extended : with a sequence number and an extension header."""
    if extended:
        more = struct.pack("!HBB", 7, 0, 0x85) + bytes([1, 0, 9, 0])
        return struct.pack("!BBHI", 0x34, 255, len(more) + len(packet), 1) + more + packet
    return struct.pack("!BBHI", 0x30, 255, len(packet), 1) + packet


def teredo(packet: bytes, *, authenticated: bool = False, origin: bool = False) -> bytes:
    """Teredo's indications before an IPv6 packet."""
    first = b"\x00\x01\x00\x00" + bytes(9) if authenticated else b""
    return first + (bytes(8) if origin else b"") + packet


def _pack(address: str) -> bytes:
    return ipaddress.ip_address(address).packed
