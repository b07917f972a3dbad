"""Addresses of interfaces, asked of the kernel: rtnetlink(7)."""

import socket
import struct
from collections.abc import Iterator

from appliance.model.address import unpack_address

_RTM_NEWADDR = 20
_RTM_GETADDR = 22
_NLMSG_ERROR = 2
_NLMSG_DONE = 3
_REQUEST_DUMP = 0x301
_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence, port
_IFADDRMSG = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, interface index
_IFA_ADDRESS = 1
_IFA_LOCAL = 2  # our end of a point-to-point link, where IFA_ADDRESS is the other
_PREFIX_SHIFT = {socket.AF_INET: 96, socket.AF_INET6: 0}
_REPLY_BYTES = 1 << 16
_TIMEOUT_S = 2.0


def list_addresses(index: int) -> list[tuple[int, int, int]]:
    """Return (hi, lo, prefix length of 128) of each address of an interface.

    IPv4 is mapped into IPv6. Raises OSError if the kernel cannot be asked.
    """
    request = _HEADER.pack(_HEADER.size + _IFADDRMSG.size, _RTM_GETADDR, _REQUEST_DUMP, 1, 0)
    request += _IFADDRMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
    found: set[tuple[int, int, int]] = set()
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
    ) as sock:
        sock.settimeout(_TIMEOUT_S)
        sock.sendto(request, (0, 0))
        more = True
        while more:
            addresses, more = parse_reply(sock.recv(_REPLY_BYTES), index)
            found.update(addresses)
    return sorted(found)


def parse_reply(data: bytes, index: int) -> tuple[list[tuple[int, int, int]], bool]:
    """Return the addresses of one interface in a part of a dump, and whether more parts follow."""
    addresses: list[tuple[int, int, int]] = []
    position = 0
    while position + _HEADER.size <= len(data):
        length, kind, _, _, _ = _HEADER.unpack_from(data, position)
        if length < _HEADER.size or kind in {_NLMSG_ERROR, _NLMSG_DONE}:
            return addresses, False
        if kind == _RTM_NEWADDR:
            address = _parse_address(data[position + _HEADER.size : position + length], index)
            addresses += [] if address is None else [address]
        position += (length + 3) & ~3
    return addresses, True


def _parse_address(message: bytes, index: int) -> tuple[int, int, int] | None:
    if len(message) < _IFADDRMSG.size:
        return None
    family, prefix, _, _, owner = _IFADDRMSG.unpack_from(message)
    if owner != index or family not in _PREFIX_SHIFT:
        return None
    attributes = dict(_iter_attributes(message[_IFADDRMSG.size :]))
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed is None or len(packed) not in {4, 16}:
        return None
    hi, lo = unpack_address(packed)
    return hi, lo, prefix + _PREFIX_SHIFT[family]


def _iter_attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, position)
        if length < 4:
            return
        yield kind, data[position + 4 : position + length]
        position += (length + 3) & ~3
