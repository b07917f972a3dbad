"""Truncated and malformed packets: counted by their reason, and what follows is still seen."""

import struct
from collections.abc import Iterator

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q
from scapy.packet import Packet, Raw

from tests.corpus.scene import CLIENT, CLIENT6, SERVER, SERVER6, Scene, ethernet, ip, udp_exchange

GOOD = IP(src=CLIENT, dst=SERVER) / UDP(sport=50_200, dport=5_000) / Raw(b"x" * 20)
GOOD6 = ip(CLIENT6, SERVER6) / UDP(sport=50_200, dport=5_000) / Raw(b"x" * 20)
STREAM = IP(src=CLIENT, dst=SERVER) / TCP(sport=50_200, dport=5_000, flags="A")


def _patched(packet: Packet, at: int, value: int, form: str = "B") -> bytes:
    frame = bytearray(bytes(ethernet(packet, True)))
    struct.pack_into("!" + form, frame, at, value)
    return bytes(frame)


def _nested(depth: int) -> bytes:
    packet = GOOD
    for _ in range(depth):
        packet = IP(src=CLIENT, dst=SERVER) / packet
    return bytes(ethernet(packet, True))


def _cut(packet: Packet, cut: int) -> tuple[bytes, int]:
    return bytes(ethernet(packet, True)), cut


def _bad() -> Iterator[tuple[str, str, bytes, int | None]]:
    """Yield name, expected reason, frame, and how much of it the capture has."""
    yield "ethernet-cut", "truncated_link", *_cut(GOOD, 10)
    yield "vlan-cut", "truncated_link", *_cut(Dot1Q(vlan=3) / GOOD, 16)
    yield "ipv4-cut", "truncated_ip", *_cut(GOOD, 30)
    yield "ipv6-cut", "truncated_ip", *_cut(GOOD6, 50)
    yield "ipv4-version", "bad_ip_header", _patched(GOOD, 14, 0x65), None
    yield "ipv4-header-length", "bad_ip_header", _patched(GOOD, 14, 0x43), None
    yield "ipv4-total-length", "bad_ip_header", _patched(GOOD, 16, 12, "H"), None
    yield "ipv6-version", "bad_ip_header", _patched(GOOD6, 14, 0x40), None
    yield "ports-cut", "truncated_transport", *_cut(STREAM, 36)
    yield "tcp-short", "bad_transport", _patched(STREAM, 16, 30, "H"), None
    yield "tcp-data-offset", "bad_transport", _patched(STREAM, 46, 0x20), None
    yield "udp-short", "bad_transport", _patched(GOOD, 16, 24, "H"), None
    yield "lldp", "no_ip", _patched(GOOD, 12, 0x88CC, "H"), None
    yield "nested", "too_deep", _nested(20), None


def scenes() -> Iterator[Scene]:
    """Yield one capture for each kind of damage; a good datagram follows the bad one."""
    for name, reason, frame, cut in _bad():
        scene = Scene(f"bad-{name}")
        scene.add(frame, cut=cut)
        scene.rejected[reason] = 1
        udp_exchange(scene, (50_201, 5_000), [(True, b"still here")])
        yield scene

    scene = Scene("bad-unknown-link", linktype=147)
    scene.add(b"private" * 10)
    scene.rejected["unknown_link"] = 1
    yield scene
