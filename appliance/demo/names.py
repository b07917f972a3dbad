"""Payloads that carry names: DNS, mDNS, NBNS, LLMNR, DHCP, SSDP, ARP.

RFC 1035 (messages), RFC 6762 (mDNS), RFC 1002 (NetBIOS names), RFC 4795 (LLMNR), RFC 2131/2132
(DHCP), RFC 826 (ARP).
"""

import struct
from typing import NamedTuple

A, PTR, AAAA, NB = 1, 12, 28, 32
NXDOMAIN = 3
_IN = 1
_CACHE_FLUSH = 0x8000  # mDNS: this record replaces the older ones
_POINTER = b"\xc0\x0c"  # the name of the question, right behind the header
_DHCP_MAGIC = b"\x63\x82\x53\x63"


def encode_name(name: str) -> bytes:
    """Return a domain name as length-prefixed labels."""
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _encode_netbios(name: str, suffix: int) -> bytes:
    """Return a NetBIOS name in first-level encoding (RFC 1001, 14.1)."""
    padded = name.upper()[:15].ljust(15).encode() + bytes([suffix])
    nibbles = bytes(0x41 + half for byte in padded for half in (byte >> 4, byte & 15))
    return b"\x20" + nibbles + b"\0"


def dns_query(ident: int, name: str, kind: int) -> bytes:
    """Return a recursive question for one name; also an LLMNR question with ident's flags off."""
    return struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0) + _question(encode_name(name), kind)


def dns_answer(query: bytes, kind: int, answers: list[bytes], ttl_s: int = 300) -> bytes:
    """Return the answer to `query`: one record of `kind` for each entry, none = empty answer."""
    head = query[:2] + struct.pack("!5H", 0x8180, 1, len(answers), 0, 0)
    records = (
        _POINTER + struct.pack("!HHIH", kind, _IN, ttl_s, len(data)) + data for data in answers
    )
    return head + query[12:] + b"".join(records)


def dns_refusal(query: bytes, rcode: int = NXDOMAIN) -> bytes:
    """Return an answer without records and with an error code."""
    return query[:2] + struct.pack("!5H", 0x8180 | rcode, 1, 0, 0, 0) + query[12:]


def llmnr_query(ident: int, name: str, kind: int) -> bytes:
    """Return a link-local question for a single-label name."""
    return struct.pack("!6H", ident, 0, 1, 0, 0, 0) + _question(encode_name(name), kind)


def mdns_announcement(hostname: str, address: bytes, service: str) -> bytes:
    """Return an unsolicited response: the host's address and one service it offers."""
    host = encode_name(f"{hostname}.local")
    kind = A if len(address) == 4 else AAAA
    instance = encode_name(f"{hostname}.{service}")
    records = [
        host + struct.pack("!HHIH", kind, _IN | _CACHE_FLUSH, 120, len(address)) + address,
        encode_name(service) + struct.pack("!HHIH", PTR, _IN, 4500, len(instance)) + instance,
    ]
    return struct.pack("!6H", 0, 0x8400, 0, len(records), 0, 0) + b"".join(records)


def mdns_query(service: str) -> bytes:
    """Return a question for everyone who offers a service."""
    return struct.pack("!6H", 0, 0, 1, 0, 0, 0) + _question(encode_name(service), PTR)


def nbns_registration(ident: int, name: str, ip: bytes) -> bytes:
    """Return a broadcast that claims a workstation name."""
    question = _question(_encode_netbios(name, 0x00), NB)
    record = _POINTER + struct.pack("!HHIHH", NB, _IN, 300_000, 6, 0) + ip
    return struct.pack("!6H", ident, 0x2910, 1, 0, 0, 1) + question + record


def _question(name: bytes, kind: int) -> bytes:
    return name + struct.pack("!HH", kind, _IN)


class Lease(NamedTuple):
    """What the messages of one DHCP exchange have in common."""

    xid: int
    mac: bytes
    ip: bytes  # the client's, once it has it
    server: bytes
    hostname: str
    vendor_class: str  # option 60; "" = not sent
    parameters: bytes  # option 55, the client's fingerprint


def dhcp_request(lease: Lease, *, discover: bool) -> bytes:
    """Return the client's DISCOVER or REQUEST."""
    options = [(53, bytes([1 if discover else 3])), (61, b"\x01" + lease.mac)]
    if not discover:
        options += [(50, lease.ip), (54, lease.server)]
    options.append((12, lease.hostname.encode()))
    if lease.vendor_class:
        options.append((60, lease.vendor_class.encode()))
    options.append((55, lease.parameters))
    return _dhcp(lease, op=1, yours=bytes(4), options=options)


def dhcp_reply(lease: Lease, *, offer: bool) -> bytes:
    """Return the server's OFFER or ACK."""
    options = [
        (53, bytes([2 if offer else 5])),
        (54, lease.server),
        (51, (86_400).to_bytes(4)),
        (1, b"\xff\xff\xff\0"),
        (3, lease.server),
        (6, lease.server),
    ]
    return _dhcp(lease, op=2, yours=lease.ip, options=options)


def _dhcp(lease: Lease, *, op: int, yours: bytes, options: list[tuple[int, bytes]]) -> bytes:
    fixed = struct.pack("!BBBBIHH", op, 1, 6, 0, lease.xid, 0, 0)
    addresses = bytes(4) + yours + (lease.server if op == 2 else bytes(4)) + bytes(4)
    body = b"".join(bytes([code, len(data)]) + data for code, data in options)
    hardware = lease.mac + bytes(10 + 64 + 128)  # padding, server name, boot file
    return (fixed + addresses + hardware + _DHCP_MAGIC + body + b"\xff").ljust(300, b"\0")


def arp(operation: int, sender: tuple[bytes, bytes], target: tuple[bytes, bytes]) -> bytes:
    """Return an ARP packet: 1 request, 2 reply; ends are (MAC, IPv4)."""
    head = struct.pack("!HHBBH", 1, 0x0800, 6, 4, operation)
    return head + sender[0] + sender[1] + target[0] + target[1]


def ssdp_search(target: str) -> bytes:
    """Return a search for UPnP devices."""
    return (
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
        f'MAN: "ssdp:discover"\r\nMX: 2\r\nST: {target}\r\n\r\n'
    ).encode()
