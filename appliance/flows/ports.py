"""What a port number says: whether a service lives there, and whether metadata wants to look."""

import numpy as np
from numpy.typing import NDArray

from appliance.model.sample import SampleKind

# Registered or customary above the well-known range; below 1024 all count.
_SERVICES = (
    1080, 1194, 1433, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2083, 2375, 2376, 3128, 3268,
    3283, 3306, 3389, 3478, 3690, 4369, 4500, 4789, 5000, 5060, 5061, 5201, 5222, 5228, 5269, 5353,
    5355, 5432, 5500, 5555, 5601, 5671, 5672, 5683, 5684, 5900, 5901, 5938, 5984, 5985, 5986, 6379,
    6443, 6514, 6667, 6881, 7000, 7070, 7443, 7547, 8000, 8006, 8008, 8009, 8080, 8081, 8086, 8088,
    8123, 8200, 8333, 8443, 8444, 8480, 8530, 8554, 8883, 8888, 9000, 9001, 9042, 9090, 9091, 9092,
    9100, 9200, 9300, 9418, 9993, 10000, 11211, 11371, 15672, 16992, 19132, 20000, 25565, 25575,
    27015, 27017, 32400, 41641, 44818, 47808, 50000, 51820,
)  # fmt: skip

_UDP_KINDS = {
    53: SampleKind.DNS,
    5353: SampleKind.MDNS,
    5355: SampleKind.LLMNR,
    137: SampleKind.NBNS,
    67: SampleKind.DHCP,
    68: SampleKind.DHCP,
    546: SampleKind.DHCPV6,
    547: SampleKind.DHCPV6,
    1900: SampleKind.SSDP,
}


def port_table() -> NDArray[np.uint8]:
    """Return what the kernels look up by port.

    returns : uint8 (65536,); lowest bit: a service lives there; the rest: SampleKind of UDP
    """
    table = np.zeros(65_536, np.uint8)
    table[1:1_024] = 1
    table[list(_SERVICES)] = 1
    for port, kind in _UDP_KINDS.items():
        table[port] |= kind << 1
    return table
