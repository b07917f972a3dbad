"""Names of devices, for rows about hosts."""

from typing import NamedTuple

import apsw

_SELECT = "SELECT addr, mac, dhcp, mdns, nbns, vendor, first_s, last_s FROM device ORDER BY last_s"


class DeviceName(NamedTuple):
    """What the device table says about an address."""

    name: str  # DHCP, else mDNS, else NBNS; of the address, else of its MAC
    mac: int
    vendor: str
    first_s: int
    last_s: int


def load_names(connection: apsw.Connection) -> dict[bytes, DeviceName]:
    """Return what is known by packed address; of two MACs with one address, the one seen last."""
    found: dict[bytes, DeviceName] = {}
    by_mac: dict[int, str] = {}
    for addr, mac, dhcp, mdns, nbns, vendor, first_s, last_s in connection.execute(_SELECT):
        name = dhcp or mdns or nbns
        if name and mac:
            by_mac[mac] = name
        if addr:
            found[addr] = DeviceName(name, mac, vendor, first_s, last_s)
    for addr, device in found.items():
        if not device.name:
            found[addr] = device._replace(name=by_mac.get(device.mac, ""))
    return found
