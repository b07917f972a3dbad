"""Devices: what packets said about who has which MAC, address and name. The writer's side."""

from collections.abc import Callable
from typing import Any

import apsw

from appliance.model.address import pack_address
from appliance.model.meta import DeviceFact

MAX_DEVICES = 16_384  # (address, MAC) pairs; a forged ARP packet each is enough to fill it. 10 MB
SAVE_S = 300  # last_s on disk is at most this old

_NAME_COLUMN = {"dhcp": 0, "dhcpv6": 0, "mdns": 1, "nbns": 2, "llmnr": 1}
_Key = tuple[bytes, int]  # packed address, b"" unknown; MAC


class Device:
    """One row of the device table."""

    __slots__ = (
        "fingerprint", "first_s", "last_s", "names", "saved_s", "vendor", "vendor_class",
    )  # fmt: skip

    def __init__(self, vendor: str, first_s: int) -> None:
        self.names = ["", "", ""]  # dhcp mdns nbns
        self.vendor = vendor
        self.vendor_class = ""
        self.fingerprint = ""
        self.first_s = first_s
        self.last_s = first_s
        self.saved_s: int | None = None  # last_s on disk, None if other fields differ too

    def learn(self, fact: DeviceFact, fact_s: int) -> None:
        """Take over what a fact says; an older fact only fills what is empty."""
        newer = fact_s >= self.last_s
        before = (*self.names, self.vendor_class, self.fingerprint, self.first_s)
        column = _NAME_COLUMN.get(fact.source)
        if column is not None and fact.hostname and (newer or not self.names[column]):
            self.names[column] = fact.hostname
        if fact.vendor_class and (newer or not self.vendor_class):
            self.vendor_class = fact.vendor_class
        if fact.fingerprint and (newer or not self.fingerprint):
            self.fingerprint = fact.fingerprint
        self.first_s = min(self.first_s, fact_s)
        self.last_s = max(self.last_s, fact_s)
        if before != (*self.names, self.vendor_class, self.fingerprint, self.first_s):
            self.saved_s = None

    @property
    def due(self) -> bool:
        """Whether the row on disk is too old."""
        return self.saved_s is None or self.last_s - self.saved_s >= SAVE_S


class Devices:
    """All devices known, and those of them that must be written."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._devices: dict[_Key, Device] = {}
        self._due: dict[_Key, Device] = {}
        self.refused = 0  # facts about devices there was no room for
        rows = connection.execute(
            "SELECT addr, mac, dhcp, mdns, nbns, vendor, vendor_class, fingerprint, first_s, last_s"
            " FROM device ORDER BY last_s DESC LIMIT ?",
            (MAX_DEVICES,),
        )
        for addr, mac, *rest in rows:
            device = Device(rest[3], rest[6])
            device.names = rest[:3]
            device.vendor_class, device.fingerprint = rest[4:6]
            device.last_s = device.saved_s = rest[7]
            self._devices[addr, mac] = device

    @property
    def waiting(self) -> bool:
        """Whether there is something to insert."""
        return bool(self._due)

    def learn(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        """Take over facts. vendor : name of a MAC's maker, asked once a device."""
        for fact in facts:
            known_addr = fact.addr_hi or fact.addr_lo
            addr = pack_address(fact.addr_hi, fact.addr_lo) if known_addr else b""
            key = (addr, fact.mac)
            fact_s = fact.ts_ns // 1_000_000_000
            device = self._devices.get(key)
            if device is None:
                if len(self._devices) >= MAX_DEVICES:
                    self.refused += 1
                    continue
                device = self._devices[key] = Device(vendor(fact.mac), fact_s)
            device.learn(fact, fact_s)
            if device.due:
                self._due[key] = device

    def touch(self) -> None:
        """Write every device again: the table was lost."""
        self._due.update(self._devices)

    def insert(self, connection: apsw.Connection) -> None:
        """Insert or replace what waits, in the caller's transaction."""
        connection.executemany(
            "INSERT OR REPLACE INTO device VALUES(?,?,?,?,?,?,?,?,?,?)",
            [_row(key, device) for key, device in self._due.items()],
        )

    def settle(self) -> None:
        """Note that `insert` has brought it all to disk."""
        for device in self._due.values():
            device.saved_s = device.last_s
        self._due.clear()

    def forget(self, before_s: int, connection: apsw.Connection) -> None:
        """Make room if it is getting scarce: delete devices not seen since.

        In the caller's transaction; in memory at once, as a device that is still there comes back.
        """
        if len(self._devices) < MAX_DEVICES // 2:
            return
        for key in [key for key, device in self._devices.items() if device.last_s < before_s]:
            del self._devices[key]
            self._due.pop(key, None)
        connection.execute("DELETE FROM device WHERE last_s < ?", (before_s,))


def _row(key: _Key, device: Device) -> tuple[Any, ...]:
    return (
        *key, *device.names, device.vendor, device.vendor_class, device.fingerprint,
        device.first_s, device.last_s,
    )  # fmt: skip
