"""Rows of fans for tests, as the kernels make them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.address import Address, parse_address
from appliance.model.contact import FAN_DTYPE, TIMES

T0 = 1_700_000_000.0


class Addresses:
    """Interned addresses, local by the usual private ranges."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], Address] = {}

    def resolve(self, hi: int, lo: int) -> Address:
        address = self._known.get((hi, lo))
        if address is None:
            address = self._known[hi, lo] = Address(hi, lo)
            address.local = address.ip.startswith(("10.", "192.168.", "fd"))
        return address


class FanRows:
    """What stands in for the memory of contacts."""

    def __init__(self, *rows: NDArray[Any]) -> None:
        self.fans = np.concatenate(rows)


def make_fan(
    kind: int,
    times_s: Sequence[float],
    named: Sequence[tuple[str, int]] = (),
    *,
    source: str = "10.0.0.5",
    target: str = "",
    **fields: Any,
) -> NDArray[Any]:
    """Return one row; `times_s` of all its items since T0, `named` the first ones."""
    row = np.zeros(1, FAN_DTYPE)
    row["kind"], row["live"] = kind, 1
    row["a_hi"], row["a_lo"] = parse_address(source)
    if target:
        row["b_hi"], row["b_lo"] = parse_address(target)
    count = len(times_s)
    row["items"] = row["flows"] = row["probes"] = count
    row["nets"] = 1
    row["first_s"], row["last_s"] = T0 + times_s[0], T0 + times_s[-1]
    for index, time in enumerate(times_s):
        row["time_s"][0, index % TIMES] = T0 + time
    for index, (address, port) in enumerate(named[:8]):
        row["item_hi"][0, index], row["item_lo"][0, index] = parse_address(address)
        row["item_port"][0, index] = port
    for name, value in fields.items():
        row[name] = value
    return row


def spaced(count: int, over_s: float) -> list[float]:
    """Return `count` times evenly over a span."""
    return [over_s * index / max(count - 1, 1) for index in range(count)]


def ports_of(count: int, target: str = "10.0.0.9", first: int = 20) -> list[tuple[str, int]]:
    """Return items: ports of one target."""
    return [(target, first + index) for index in range(count)]


def hosts_of(count: int, port: int = 0, net: str = "10.0.1") -> list[tuple[str, int]]:
    """Return items: hosts of one network."""
    return [(f"{net}.{index + 1}", port) for index in range(count)]
