"""ARP for IPv4 over Ethernet (RFC 826)."""

import struct
from typing import NamedTuple

_LAYOUT = struct.Struct(">HHBBH6s4s6s4s")


class Pair(NamedTuple):
    """Who the sender says it is."""

    mac: int
    address: int  # IPv4
    reply: bool
    gratuitous: bool  # it announces itself: asked for and sender are the same


def parse_arp(data: bytes) -> Pair | None:
    """Return the sender's pair; None if damaged, another hardware, or without an address (probe).

    The target's half is what the sender believes, not what the target said: it is not used.
    """
    if len(data) < _LAYOUT.size:
        return None
    hardware, protocol, *lengths, operation, mac, sender, _, target = _LAYOUT.unpack_from(data)
    if (hardware, protocol, *lengths) != (1, 0x0800, 6, 4) or operation not in {1, 2}:
        return None
    if sender == b"\0\0\0\0" or mac == b"\0\0\0\0\0\0" or mac[0] & 1:
        return None
    address = int.from_bytes(sender, "big")
    return Pair(int.from_bytes(mac, "big"), address, operation == 2, sender == target)
