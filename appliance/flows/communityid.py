"""Community ID v1: the flow hash that Zeek, Suricata and others print.

Specification: https://github.com/corelight/community-id-spec. Checked against its reference
library.
"""

import base64
import hashlib
import struct

# ICMP types that have a counter-type: (proto, type) -> counter-type. One-way messages are ordered
# as they come.
_COUNTER = {
    (1, 8): 0, (1, 0): 8, (1, 13): 14, (1, 14): 13, (1, 15): 16, (1, 16): 15, (1, 17): 18,
    (1, 18): 17, (1, 10): 9, (1, 9): 10,
    (58, 128): 129, (58, 129): 128, (58, 133): 134, (58, 134): 133, (58, 135): 136,
    (58, 136): 135, (58, 130): 131, (58, 131): 130, (58, 144): 145, (58, 145): 144,
    (58, 139): 140, (58, 140): 139,
}  # fmt: skip
_WITH_PORTS = frozenset({6, 17, 132})


def community_id(proto: int, src: bytes, dst: bytes, sport: int, dport: int, seed: int = 0) -> str:
    """Return "1:" and the base64 of the SHA-1 over the ordered tuple.

    src, dst : 4 or 16 bytes, network order
    sport, dport : ports; for ICMP type and code (or counter-type) as in FLOW_DTYPE
    """
    with_ports = proto in _WITH_PORTS
    swap = (src, sport) > (dst, dport)
    if proto in {1, 58}:
        counter = _COUNTER.get((proto, sport))
        with_ports = True
        if counter is None:
            swap = False
        else:
            dport = counter
            swap = (src, sport) > (dst, dport)
    elif not with_ports:
        swap = src > dst
    if swap:
        src, dst, sport, dport = dst, src, dport, sport
    packed = struct.pack("!H", seed) + src + dst + struct.pack("!BB", proto, 0)
    if with_ports:
        packed += struct.pack("!HH", sport, dport)
    digest = hashlib.sha1(packed, usedforsecurity=False).digest()
    return "1:" + base64.b64encode(digest).decode("ascii")
