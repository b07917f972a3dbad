"""What single packets or log lines say that no flow record holds. Plain tuples: they are many.

Made by metadata/ from sampled packets and by sources/ from logs; read by detect/.
"""

from typing import NamedTuple


class DnsSeen(NamedTuple):
    """A DNS question or its answer (not mDNS, not LLMNR)."""

    ts_ns: int
    client_hi: int  # who asked
    client_lo: int
    server_hi: int
    server_lo: int
    name: str  # lower case, without the last dot
    type: str  # A AAAA TXT NULL ...
    rcode: str  # "" for a question, else NOERROR NXDOMAIN ...
    payload_bytes: int  # of the whole message


class ArpSeen(NamedTuple):
    """An ARP packet (RFC 826), IPv4 over Ethernet."""

    ts_ns: int
    mac: int  # of the sender, 48 bits
    sender: int  # IPv4 address the sender claims, 0 in a probe
    target: int  # IPv4 address asked for, or answered to
    reply: bool


class DhcpSeen(NamedTuple):
    """A message of a DHCP client (RFC 2131)."""

    ts_ns: int
    mac: int  # source of the frame
    client_mac: int  # chaddr: a flood invents these
    transaction: int
    message: str  # discover request decline release inform
    hostname: str
    requested: int = 0  # IPv4 address asked for, 0 none


Observation = DnsSeen | ArpSeen | DhcpSeen
