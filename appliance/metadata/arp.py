"""ARP for IPv4 over Ethernet (RFC 826)."""

import struct
from typing import NamedTuple

_LAYOUT = struct.Struct(">HHBBH6s4s6s4s")


class Pair(NamedTuple):
    """Who the sender says it is, and whom it speaks of or to."""

    mac: int
    address: int  # IPv4; 0 in a probe: the sender has none yet (RFC 5227)
    target: int  # IPv4; the same as `address` where the sender announces itself
    reply: bool


def parse_arp(data: bytes) -> Pair | None:
    """Return the sender's pair; None if damaged, another hardware or a group's MAC.

    The target's MAC is what the sender believes, not what the target said: it is not used.
    """
    if len(data) < _LAYOUT.size:
        return None
    hardware, protocol, *lengths, operation, mac, sender, _, target = _LAYOUT.unpack_from(data)
    if (hardware, protocol, *lengths) != (1, 0x0800, 6, 4) or operation not in {1, 2}:
        return None
    if mac == b"\0\0\0\0\0\0" or mac[0] & 1:
        return None
    number = int.from_bytes
    return Pair(number(mac, "big"), number(sender, "big"), number(target, "big"), operation == 2)
