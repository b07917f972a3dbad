"""The parsed packet: what one frame says, two cache lines, reused for every frame."""

import numpy as np

PACKET_DTYPE = np.dtype(
    [
        ("src_hi", "<u8"),  # IPv4 is mapped, as in FLOW_DTYPE
        ("src_lo", "<u8"),
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("hash", "<u8"),  # of the conversation: the same for both directions
        ("ts_ns", "<i8"),
        ("payload_at", "<i8"),  # offset of the transport payload in the buffer
        ("src_mac", "<u8"),
        # second line
        ("dst_mac", "<u8"),
        ("wirelen", "<u4"),
        ("ip_bytes", "<u4"),  # IP header and what follows, from the IP length
        ("payload", "<u4"),  # transport payload by the headers
        ("captured", "<u4"),  # transport payload in the buffer
        ("seq", "<u4"),
        ("ack", "<u4"),
        ("sport", "<u2"),  # ICMP: type
        ("dport", "<u2"),  # ICMP: counter-type of a request or reply, else code
        ("window", "<u2"),
        ("vlan", "<u2"),
        ("inner_vlan", "<u2"),
        ("interface", "<u2"),
        ("segments", "<u2"),  # packets on the wire; 0 unknown
        ("bits", "<u2"),  # PACKET_*
        ("proto", "u1"),
        ("flags", "u1"),  # TCP
        ("ttl", "u1"),
        ("tunnel", "u1"),
        # What fragments that came before their first one add to its flow. On the way to the
        # fragment cache, credit_bytes holds the identification, credit_ip_bytes the offset.
        ("credit_packets", "<u4"),
        ("credit_bytes", "<u4"),
        ("credit_ip_bytes", "<u4"),
    ]
)

PACKET_IPV6 = 1
PACKET_SRC_IS_LOW = 2  # (address, port) of the source sorts before the destination's
PACKET_FRAGMENT = 4
PACKET_HAS_SEQ = 8  # TCP: flags, sequence and acknowledgement numbers were captured
PACKET_REPLY = 16  # ICMP: a reply by its type
PACKET_TWO_WAY = 32  # ICMP: a request or a reply, so that both directions are one flow

# Why a frame became part of no flow; the index of the reject counters.
REJECTS = (
    "ok",
    "truncated_link",
    "truncated_ip",
    "bad_ip_header",
    "truncated_transport",
    "bad_transport",
    "no_ip",
    "arp",
    "unknown_link",
    "too_deep",
    "fragment_orphan",
)
OK = 0
TRUNCATED_LINK = 1
TRUNCATED_IP = 2
BAD_IP_HEADER = 3
TRUNCATED_TRANSPORT = 4
BAD_TRANSPORT = 5
NO_IP = 6
ARP = 7
UNKNOWN_LINK = 8
TOO_DEEP = 9
FRAGMENT_ORPHAN = 10

# One entry of the fragment cache, direct-mapped: a datagram whose first fragment was seen
# (ports known) or is still missing (what came is held until it arrives).
FRAGMENT_DTYPE = np.dtype(
    [
        ("src_hi", "<u8"),
        ("src_lo", "<u8"),
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("ts_ns", "<i8"),
        ("held_bytes", "<u4"),
        ("held_ip_bytes", "<u4"),
        ("held_payload", "<u4"),
        ("held_packets", "<u4"),
        ("ident", "<u4"),
        ("sport", "<u2"),
        ("dport", "<u2"),
        ("proto", "u1"),
        ("state", "u1"),  # 0 free, 1 ports known, 2 waiting for the first fragment
        ("bits", "<u2"),  # PACKET_* that the first fragment's transport decided
        ("pad", "u1", (4,)),
    ]
)
FRAGMENTS = 4_096  # entries; a direct-mapped clash evicts, counted if something was held
FRAGMENT_TIMEOUT_NS = 60_000_000_000  # RFC 8200 section 4.5; RFC 791 asks for less
