"""Which machine an address belongs to, and machines never seen before."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Learn
from appliance.detect.fanview import Resolve
from appliance.detect.weights import Weights
from appliance.model.address import format_mac, is_ipv4, parse_address
from appliance.model.alert import Family, Signal, Term
from appliance.model.meta import DeviceFact

DEVICES = 8_192  # MACs remembered; a flood of forged ARP can make any number
ADDRESSES = 16_384
LASTING_S = 3_600.0  # addresses a MAC used within this are counted as used at once
ROUTED = 4  # IPv4 addresses at once from which a MAC stands for other machines
_TAKEN_S = 600.0  # an address changes hands after so long without its owner
_GAP_S = 3_600.0  # longer without any device is not watching
EVERY_S = 1.0  # between looks at the table of hosts

_NOTED_DTYPE = np.dtype([("hi", "<u8"), ("lo", "<u8")])
_GROUP = 1 << 40
_MADE_UP = 1 << 41  # of a MAC: set by software, as phones do for each network
_SENSOR = "0.0.0.0"  # noqa: S104 (an address nobody has, not one to listen on)

Vendor = Callable[[int], str]  # MAC -> who made the card


class Memory(Protocol):
    """Where devices outlive the process."""

    def load_devices(self) -> bytes:
        """Return what was saved last, b"" without."""

    def save_devices(self, state: bytes) -> None:
        """Keep the bytes."""


class Device(msgspec.Struct):
    """One machine. Times in s since the epoch."""

    mac: int
    first_s: float
    last_s: float
    hostname: str = ""
    told: bool = False  # it was reported, or was here before anything was new
    # IPv4 addresses and when they were used last; IPv6 ones are not counted
    addresses: dict[int, float] = {}


class _State(msgspec.Struct):
    watched_s: float
    devices: list[Device]
    owners: list[tuple[int, int, int]]  # hi, lo, MAC


class DeviceStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """`evicted` since start, the others now."""

    devices: int
    addresses: int
    waiting: int  # made-up MACs whose host name is waited for
    evicted: int


class Devices:
    """Knows machines by MAC, made-up ones by host name. One thread; packet time."""

    def __init__(self, weights: Weights, learn: Learn, resolve: Resolve, vendor: Vendor) -> None:
        self._weights = weights.new_device
        self._learning_s = learn.learning_s
        self._resolve = resolve
        self._vendor = vendor
        self._watched_s = 0.0  # time spent looking, without the gaps
        self._newest_s = 0.0
        self._checked_s = float("-inf")
        self._devices: OrderedDict[int, Device] = OrderedDict()
        self._owners: OrderedDict[tuple[int, int], int] = OrderedDict()  # address -> MAC
        self._named: dict[str, int] = {}  # host name -> the MAC it was first seen with
        self._waiting: dict[int, float] = {}  # made-up MAC -> until when a name is waited for
        self._evicted = 0
        self._noted = np.zeros(0, _NOTED_DTYPE)  # by row of the hosts' table: addresses with owners
        self._noted_at = 0  # `_evicted` then

    def observe(self, facts: Iterable[DeviceFact]) -> list[Signal]:
        """Take what packets said of devices; return the new ones."""
        signals: list[Signal] = []
        for fact in facts:
            if not fact.mac or fact.mac & _GROUP:
                continue
            address = (fact.addr_hi, fact.addr_lo)
            now_s = fact.ts_ns / 1e9
            device = self._see(fact.mac, address, now_s)
            if fact.hostname and not device.hostname:
                self._name(device, fact.hostname)
            signals += self._tell(device, now_s)
        return signals

    def refresh(self, hosts: NDArray[Any], now_s: float) -> list[Signal]:
        """Look through HOST_DTYPE rows about once a second; return the new devices.

        cost : 20 us and 2 us a host heard of since the last look
        """
        if self._checked_s <= now_s < self._checked_s + EVERY_S:
            return []
        since, self._checked_s = self._checked_s, now_s
        last_s = hosts["last_s"]
        wanted = (hosts["inside"] != 0) & (hosts["mac"] != 0) & (last_s >= since - LASTING_S)
        wanted &= (last_s >= since - 1) | self._find_new(hosts, wanted)
        chosen = hosts[wanted]
        signals: list[Signal] = []
        for hi, lo, mac, last_s in zip(
            chosen["hi"].tolist(),
            chosen["lo"].tolist(),
            chosen["mac"].tolist(),
            chosen["last_s"].tolist(),
            strict=True,
        ):
            if mac & _GROUP:
                continue
            device = self._see(mac, (hi, lo), last_s)
            if not device.told:
                signals += self._tell(device, now_s)
        for mac in [mac for mac, until_s in self._waiting.items() if until_s <= now_s]:
            signals += self._tell(self._devices[mac], now_s)
        return signals

    def device_of(self, hi: int, lo: int) -> str:
        """Return a key of the machine behind an address, the same for all its addresses.

        The MAC, of a made-up one the host name; the address itself where the MAC is unknown or
        that of a router.
        """
        mac = self._owners.get((hi, lo), 0)
        device = self._devices.get(mac)
        if device is None or self.is_router(mac):
            return self._resolve(hi, lo).ip
        if mac & _MADE_UP and device.hostname:
            return f"name:{device.hostname.lower()}"
        return format_mac(mac)

    def name_of(self, hi: int, lo: int) -> str:
        """Return the host name of the machine behind an address, else its MAC, else ""."""
        mac = self._owners.get((hi, lo), 0)
        device = self._devices.get(mac)
        if device is None or self.is_router(mac):
            return ""
        return device.hostname or format_mac(mac)

    def address_of(self, mac: int) -> tuple[int, int] | None:
        """Return the IPv4 address a MAC used last."""
        device = self._devices.get(mac)
        if device is None or not device.addresses:
            return None
        return 0, max(device.addresses, key=lambda lo: (device.addresses[lo], lo))

    def addresses_of(self, mac: int) -> list[int]:
        """Return the IPv4 addresses that are a MAC's, the ones used longest first."""
        device = self._devices.get(mac)
        if device is None:
            return []
        return [lo & 0xFFFF_FFFF for lo in device.addresses if self._owners.get((0, lo)) == mac]

    def is_router(self, mac: int) -> bool:
        """Tell whether a MAC stands for several machines: ROUTED IPv4 addresses at once."""
        device = self._devices.get(mac)
        if device is None or len(device.addresses) < ROUTED:
            return False
        return sum(ts > device.last_s - LASTING_S for ts in device.addresses.values()) >= ROUTED

    def load(self, state: bytes) -> None:
        """Take back what `save` gave; msgspec.DecodeError if it is damaged, nothing changes."""
        if not state:
            return
        known = msgspec.msgpack.decode(state, type=_State)
        self._watched_s = known.watched_s
        self._devices = OrderedDict((device.mac, device) for device in known.devices)
        self._owners = OrderedDict(((hi, lo), mac) for hi, lo, mac in known.owners)
        self._noted = np.zeros(0, _NOTED_DTYPE)
        self._named = {d.hostname.lower(): d.mac for d in known.devices if d.hostname}

    def save(self) -> bytes:
        """Return everything that should outlive the process."""
        owners = [(hi, lo, mac) for (hi, lo), mac in self._owners.items()]
        state = _State(self._watched_s, list(self._devices.values()), owners)
        return msgspec.msgpack.encode(state)

    def statistics(self) -> DeviceStatistics:
        """Return the counters."""
        return DeviceStatistics(
            devices=len(self._devices),
            addresses=len(self._owners),
            waiting=len(self._waiting),
            evicted=self._evicted,
        )

    def _find_new(self, hosts: NDArray[Any], wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Tell which of the wanted rows have an address that is nobody's yet: (n,).

        Asked once of each row, until it is another address's or somebody had to give way.
        """
        if self._noted_at != self._evicted or len(self._noted) < len(hosts):
            self._noted_at = self._evicted
            self._noted = np.zeros(2 * len(hosts), _NOTED_DTYPE)
        noted = self._noted[: len(hosts)]
        other = (noted["hi"] != hosts["hi"]) | (noted["lo"] != hosts["lo"])
        new: NDArray[np.bool_] = wanted & other
        for place in np.flatnonzero(new).tolist():
            hi, lo = int(hosts["hi"][place]), int(hosts["lo"][place])
            if (hi, lo) in self._owners:
                noted[place] = hi, lo
                new[place] = False
        return new

    def _see(self, mac: int, address: tuple[int, int], now_s: float) -> Device:
        self._watch(now_s)
        device = self._devices.get(mac)
        if device is None:
            self._make_room()
            device = self._devices[mac] = Device(mac, now_s, now_s)
            device.told = self._watched_s < self._learning_s
        self._devices.move_to_end(mac)
        device.last_s = max(device.last_s, now_s)
        if address == (0, 0):
            return device
        if is_ipv4(*address):
            _use(device.addresses, address[1], now_s)
        owner = self._devices.get(self._owners.get(address, mac))
        if owner is not None and owner.mac != mac:
            used_s = owner.addresses.get(address[1], owner.last_s)
            if now_s - used_s < _TAKEN_S:
                return device  # who claims what another still uses does not own it yet
        if address not in self._owners and len(self._owners) >= ADDRESSES:
            self._owners.popitem(last=False)
            self._evicted += 1
        self._owners[address] = mac
        self._owners.move_to_end(address)
        return device

    def _watch(self, now_s: float) -> None:
        """Let time pass; a sensor that is off, or a capture with holes, learns nothing."""
        passed_s = now_s - self._newest_s
        if 0 < passed_s <= _GAP_S:
            self._watched_s += passed_s
        self._newest_s = max(self._newest_s, now_s)

    def _make_room(self) -> None:
        if len(self._devices) < DEVICES:
            return
        mac, device = self._devices.popitem(last=False)
        self._evicted += 1
        self._waiting.pop(mac, None)
        if self._named.get(device.hostname.lower()) == mac:
            del self._named[device.hostname.lower()]

    def _name(self, device: Device, hostname: str) -> None:
        device.hostname = hostname
        before = self._named.setdefault(hostname.lower(), device.mac)
        if before != device.mac and device.mac & _MADE_UP:
            device.told = True  # the same phone with another MAC

    def _tell(self, device: Device, now_s: float) -> list[Signal]:
        if device.told:
            return []
        if device.mac & _MADE_UP and not device.hostname:
            until_s = self._waiting.setdefault(
                device.mac, device.first_s + self._weights.named_after_s
            )
            if now_s < until_s:
                return []
        self._waiting.pop(device.mac, None)
        device.told = True
        return [self._signal(device, now_s)]

    def _signal(self, device: Device, now_s: float) -> Signal:
        address = self.address_of(device.mac)
        if address is None:
            owned = (key for key, mac in self._owners.items() if mac == device.mac)
            address = next(owned, parse_address(_SENSOR))
        made_by = self._vendor(device.mac)
        name = f' calling itself "{device.hostname}"' if device.hostname else ""
        return Signal(
            ts_s=now_s,
            first_s=device.first_s,
            last_s=device.last_s,
            rule="new_device",
            kind="new_device",
            family=Family.IDENTITY,
            host=self._resolve(*address),
            weight=self._weights.weight,
            terms=(Term("new", self._weights.weight, "never seen before"),),
            sentence=(
                f"was seen for the first time: MAC {format_mac(device.mac)}"
                f"{f' ({made_by})' if made_by else ''}{name}"
            ),
            limit=self._weights.weight,
        )


def _use(addresses: dict[int, float], lo: int, now_s: float) -> None:
    addresses[lo] = max(addresses.get(lo, now_s), now_s)
    if len(addresses) > 2 * ROUTED:
        del addresses[min(addresses, key=lambda key: (addresses[key], key))]
