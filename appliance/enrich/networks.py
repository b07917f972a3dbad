"""Which addresses are ours, and which are never on the Internet.

Multicast, broadcast, link-local and loopback are home in every configuration: mDNS or DHCP on the
wire is local traffic, not traffic to the outside, and a stream from an outside sender to one of
our groups is inbound.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ConfigError
from appliance.model.address import MAPPED, is_ipv4

MAX_NETWORKS = 64  # the kernel goes through them for every new flow
ALL_ONES = (1 << 64) - 1

# RFC 1122, 3927, 5771, 919, 4291
NEVER_ROUTED = (
    "0.0.0.0/8",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "fe80::/10",
    "ff00::/8",
)
# RFC 1918, 6598, 4193
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")

Network = IPv4Network | IPv6Network
Words = NDArray[np.uint64]


class HomeNetworks:
    """The home networks; ConfigError names the value of network.home that cannot be used.

    cidrs : network.home; empty means PRIVATE and the interfaces' own prefixes
    own_prefixes : (hi, lo, length) of the interfaces, length as written after the slash
                   (0..32 for a mapped IPv4 address, 0..128 for IPv6); not used if cidrs is given
    refused : own prefixes left out: length 0, or MAX_NETWORKS were reached
    An IPv6 network wide enough to cover ::ffff:0:0/96 covers IPv4 as well.
    """

    def __init__(
        self, cidrs: Sequence[str], own_prefixes: Sequence[tuple[int, int, int]] = ()
    ) -> None:
        wanted = [_parse(text) for text in cidrs] or [ip_network(text) for text in PRIVATE]
        self._networks = _collapse([*wanted, *map(ip_network, NEVER_ROUTED)])
        if len(self._networks) > MAX_NETWORKS:
            raise ConfigError(
                f"network.home: {len(self._networks)} networks with the built-in ones, "
                f"at most {MAX_NETWORKS}"
            )
        self.refused = 0
        for prefix in () if cidrs else own_prefixes:
            self._add_own(_own_network(*prefix))
        self._rows = _masks(self._networks)
        private = [ip_network(text) for text in PRIVATE]
        self._local = np.array(_masks(_collapse([*self._networks, *private])), np.uint64)

    def array(self) -> Words:
        """Return uint64 (n, 4), n <= MAX_NETWORKS: hi_mask, lo_mask, hi_value, lo_value."""
        return np.array(self._rows, np.uint64)

    def contains(self, high: int, low: int) -> bool:
        """Tell whether an address is in a home network."""
        return any(
            high & high_mask == high_value and low & low_mask == low_value
            for high_mask, low_mask, high_value, low_value in self._rows
        )

    def find_local(self, high: Words, low: Words) -> NDArray[np.bool_]:
        """Tell which addresses are home or private, loopback, link-local, multicast: no geography.

        high, low : uint64 (n,), the words of mapped addresses; returns bool (n,)
        """
        local = np.zeros(len(high), np.bool_)
        for high_mask, low_mask, high_value, low_value in self._local:
            local |= (high & high_mask == high_value) & (low & low_mask == low_value)
        return local

    def names(self) -> list[str]:
        """Return the home networks as CIDR, IPv4 first."""
        return [str(network) for network in self._networks]

    def _add_own(self, network: Network) -> None:
        if any(_covers(known, network) for known in self._networks):
            return
        if network.prefixlen == 0 or len(self._networks) >= MAX_NETWORKS:
            self.refused += 1
            return
        self._networks = _collapse([*self._networks, network])


def _parse(text: str) -> Network:
    if "%" in text:
        raise ConfigError(f"network.home: {text!r} has a zone, which no network has")
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigError(f"network.home: {text!r} is no network in CIDR form ({error})") from error


def _own_network(high: int, low: int, length: int) -> Network:
    if is_ipv4(high, low):
        return IPv4Network((low & 0xFFFF_FFFF, length), strict=False)
    return IPv6Network((high << 64 | low, length), strict=False)


def _covers(wide: Network, narrow: Network) -> bool:
    if isinstance(wide, IPv4Network):
        return isinstance(narrow, IPv4Network) and narrow.subnet_of(wide)
    return isinstance(narrow, IPv6Network) and narrow.subnet_of(wide)


def _collapse(networks: Iterable[Network]) -> list[Network]:
    everything = list(networks)
    v4 = [network for network in everything if isinstance(network, IPv4Network)]
    v6 = [network for network in everything if isinstance(network, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]


def _masks(networks: Iterable[Network]) -> list[tuple[int, int, int, int]]:
    rows = []
    for network in networks:
        mask, value = int(network.netmask), int(network.network_address)
        if isinstance(network, IPv4Network):
            rows.append((ALL_ONES, ALL_ONES << 32 & ALL_ONES | mask, 0, MAPPED | value))
        else:
            rows.append((mask >> 64, mask & ALL_ONES, value >> 64, value & ALL_ONES))
    return rows
