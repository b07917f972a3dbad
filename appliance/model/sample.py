"""Sampled packets: the few whose payload is looked at for names and fingerprints."""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class SampleKind(IntEnum):
    """Why the kernel kept this payload. Decided by port or by the first payload bytes."""

    DNS = 1  # UDP or TCP port 53; TCP payloads start with the two length bytes
    MDNS = 2  # UDP 5353
    LLMNR = 3  # UDP 5355
    NBNS = 4  # UDP 137
    DHCP = 5  # UDP 67/68
    DHCPV6 = 6  # UDP 546/547
    TLS = 7  # TCP payload 16 03 0x, and the following segments of a long ClientHello
    QUIC = 8  # UDP long header, version != 0, packet type Initial, sent by the originator
    HTTP = 9  # TCP payload that starts with a request method and a blank
    SSH = 10  # TCP payload that starts with "SSH-"
    ARP = 11  # the ARP packet itself (not its Ethernet header)
    SSDP = 12  # UDP 1900


SAMPLE_DTYPE = np.dtype(
    [
        ("flow_id", "<u8"),  # `id` of the flow it belongs to; 0 for ARP
        ("ts_ns", "<i8"),
        ("src_hi", "<u8"),  # addresses as in FLOW_DTYPE (IPv4 mapped into IPv6)
        ("src_lo", "<u8"),
        ("dst_hi", "<u8"),
        ("dst_lo", "<u8"),
        ("src_mac", "<u8"),  # 48 bits, 0 where the link has none
        ("dst_mac", "<u8"),
        ("offset", "<u4"),  # first payload byte in Samples.data
        ("length", "<u4"),  # payload bytes kept
        ("wire_length", "<u4"),  # payload bytes the packet had; > length if cut by snaplen
        ("src_port", "<u2"),
        ("dst_port", "<u2"),
        ("seq", "<u4"),  # TCP sequence number of the first payload byte; 0 otherwise
        ("interface", "<u2"),
        ("kind", "u1"),  # SampleKind
        ("from_orig", "u1"),  # 1 if sent by the flow's originator
        ("proto", "u1"),  # IP protocol
        ("pad", "u1", (7,)),
    ]
)


class Samples(NamedTuple):
    """Sampled packets of one tick, in order of arrival but for ARP; owned by whoever receives them.

    ARP may stand up to a batch of 64 packets early.
    """

    headers: NDArray[Any]  # SAMPLE_DTYPE, (n,)
    data: NDArray[np.uint8]  # payloads, one after the other
