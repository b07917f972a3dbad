"""Facts about network interfaces: which one to listen on, its state, addresses and counters."""

import array
import fcntl
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from appliance.capture.netlink import list_addresses

_SIOCGIFFLAGS = 0x8913
_SIOCGIFHWADDR = 0x8927
_SIOCETHTOOL = 0x8946
_ETHTOOL_GET_GRO = 0x2B
_ETHTOOL_GET_FLAGS = 0x25
_FLAG_LRO = 1 << 15
_IFF_UP = 1
_IFF_LOOPBACK = 8
_IFF_RUNNING = 0x40
_ETHERNET_LIKE = (1, 772)  # ARPHRD_ETHER, ARPHRD_LOOPBACK
_ROUTE_UP = 1
_NAME_BYTES = 16
_REQUEST_BYTES = 40  # struct ifreq
_LOST_COUNTERS = ("rx_missed_errors", "rx_fifo_errors")  # rx_dropped also counts packets that the
# host had no use for, which have been captured all the same


class LinkState(NamedTuple):
    """An interface at one moment."""

    number: int  # stays while the interface lives, whatever it is called
    up: bool  # as the administrator wants it
    running: bool  # and there is a carrier
    loopback: bool
    ethernet: bool  # frames begin with an Ethernet header


def read_link(name: str) -> LinkState | None:
    """Return the state of an interface, None if there is none of that name."""
    try:
        number = socket.if_nametoindex(name)
        with _any_socket() as sock:
            flags = _ask(sock, _SIOCGIFFLAGS, name)
            hardware = _ask(sock, _SIOCGIFHWADDR, name)
    except OSError:
        return None
    return LinkState(
        number=number,
        up=bool(flags & _IFF_UP),
        running=bool(flags & _IFF_RUNNING),
        loopback=bool(flags & _IFF_LOOPBACK),
        ethernet=hardware in _ETHERNET_LIKE,
    )


def read_name(number: int) -> str | None:
    """Return what an interface is called now, None if it is gone."""
    try:
        return socket.if_indextoname(number)
    except OSError:
        return None


def count_lost(name: str) -> int:
    """Return the packets that the network card has lost since it was set up; 0 if it cannot say."""
    lost = 0
    for counter in _LOST_COUNTERS:
        with suppress(OSError, ValueError):
            lost += int(Path("/sys/class/net", name, "statistics", counter).read_text("ascii"))
    return lost


def default_interface() -> str | None:
    """Return the interface of the default route with the lowest metric, IPv4 first."""
    for path, choose in (("route", choose_route4), ("ipv6_route", choose_route6)):
        with suppress(OSError):
            name = choose(Path("/proc/net", path).read_text("ascii"))
            if name is not None:
                return name
    return None


def choose_route4(table: str) -> str | None:
    """Return the interface of the best default route in the text of /proc/net/route."""
    routes = []
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 8 or int(fields[1], 16) or int(fields[7], 16):
            continue
        if int(fields[3], 16) & _ROUTE_UP:
            routes.append((int(fields[6]), fields[0]))
    return min(routes)[1] if routes else None


def choose_route6(table: str) -> str | None:
    """Return the interface of the best default route in the text of /proc/net/ipv6_route."""
    routes = []
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 10 or int(fields[0], 16) or int(fields[1], 16) or fields[9] == "lo":
            continue
        if int(fields[8], 16) & _ROUTE_UP:
            routes.append((int(fields[5], 16), fields[9]))
    return min(routes)[1] if routes else None


def interface_addresses(name: str) -> list[tuple[int, int]]:
    """Return the interface's own addresses as (hi, lo), IPv4 mapped into IPv6; [] if missing."""
    return [(hi, lo) for hi, lo, _ in _addresses(name)]


def interface_prefixes(name: str) -> list[tuple[int, int, int]]:
    """Return the networks an interface is in as (hi, lo, prefix length of 128); [] if missing."""
    prefixes = set()
    for hi, lo, length in _addresses(name):
        masked = (hi << 64 | lo) >> (128 - length) << (128 - length)
        prefixes.add((masked >> 64, masked & 0xFFFF_FFFF_FFFF_FFFF, length))
    return sorted(prefixes)


def offload_warnings(name: str) -> list[str]:
    """Return a sentence with the command for each offload that makes frames larger than packets."""
    warnings = []
    lro = _ethtool(name, _ETHTOOL_GET_FLAGS) & _FLAG_LRO
    for feature, active in (("gro", _ethtool(name, _ETHTOOL_GET_GRO)), ("lro", lro)):
        if active:
            warnings.append(
                f"{name} joins received packets before they are captured ({feature.upper()}): "
                f"to see them as on the wire run: ethtool -K {name} {feature} off"
            )
    return warnings


def _addresses(name: str) -> list[tuple[int, int, int]]:
    try:
        return list_addresses(socket.if_nametoindex(name))
    except OSError:
        return []


def _ethtool(name: str, command: int) -> int:
    value = array.array("I", [command, 0])
    request = _request(name) + struct.pack("@P", value.buffer_info()[0])
    try:
        with _any_socket() as sock:
            fcntl.ioctl(sock, _SIOCETHTOOL, request.ljust(_REQUEST_BYTES, b"\0"))
    except OSError:
        return 0
    return value[1]


def _ask(sock: socket.socket, command: int, name: str) -> int:
    """Return the 16 bits behind the name in the kernel's answer."""
    reply = fcntl.ioctl(sock, command, _request(name).ljust(_REQUEST_BYTES, b"\0"))
    return int.from_bytes(reply[_NAME_BYTES : _NAME_BYTES + 2], sys.byteorder)


def _request(name: str) -> bytes:
    return name.encode()[: _NAME_BYTES - 1].ljust(_NAME_BYTES, b"\0")


def _any_socket() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
