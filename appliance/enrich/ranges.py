"""Country and AS of any address from the packaged ranges: vectorised, a few binary searches.

addresses.bin holds steps: sorted first addresses, each with the value that holds up to the next.

v4_start, v4_value    IPv4
v6_start, v6_value    IPv6 by /64 (the upper word); MIXED where the value changes inside a /64
fine_high, fine_low, fine_value   the steps inside those, sorted; one at each first address
country               two letters a number; number 0 is unknown
as_number, as_name    by AS index (0 is unknown); where its organisation is in names
names                 length (1 byte) and UTF-8, one after the other

A value is country number << 24 | AS index.
"""

from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.enrich.packed import open_packed

MIXED = 0xFFFF_FFFF
MAX_NETWORKS_CACHED = 16_384  # AS records kept as Python objects, about 150 bytes each

DTYPES = {
    "v4_start": "<u4",
    "v4_value": "<u4",
    "v6_start": "<u8",
    "v6_value": "<u4",
    "fine_high": "<u8",
    "fine_low": "<u8",
    "fine_value": "<u4",
    "country": "|S2",
    "as_number": "<u4",
    "as_name": "<u4",
    "names": "|u1",
}

Words = NDArray[np.uint64]


class Ranges:
    """The packaged country and AS table; DataError if the file is damaged. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        arrays = open_packed(path, DTYPES)
        self._v4_start, self._v4_value = arrays["v4_start"], arrays["v4_value"]
        self._v6_start, self._v6_value = arrays["v6_start"], arrays["v6_value"]
        self._fine_high, self._fine_low = arrays["fine_high"], arrays["fine_low"]
        self._fine_value = arrays["fine_value"]
        self._as_number, self._as_name = arrays["as_number"].data, arrays["as_name"].data
        self._names = arrays["names"].data
        self.countries = [code.decode("ascii").strip() for code in arrays["country"].tolist()]
        self._networks: dict[int, tuple[int, str]] = {0: (0, "")}

    def look_up(self, high: Words, low: Words) -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
        """Return the country number and the AS index of each address; 0 is unknown.

        high, low : uint64 (n,), the words of mapped addresses
        cost : two binary searches over at most 620,000 steps an address, O(n) allocation
        """
        value = np.zeros(len(high), np.uint32)
        is_v4 = (high == 0) & (low >> np.uint64(32) == 0xFFFF)
        v4 = np.flatnonzero(is_v4)
        if len(v4):
            value[v4] = _last_step(self._v4_start, self._v4_value, low[v4].astype(np.uint32))
        if len(v4) < len(high):
            v6 = np.flatnonzero(~is_v4)
            value[v6] = _last_step(self._v6_start, self._v6_value, high[v6])
            for i in np.flatnonzero(value == MIXED):
                value[i] = self._look_inside(int(high[i]), int(low[i]))
        return (value >> np.uint32(24)).astype(np.uint8), value & np.uint32(0xFF_FFFF)

    def network(self, index: int) -> tuple[int, str]:
        """Return (AS number, organisation) of an AS index; equal indices give the same object."""
        known = self._networks.get(index)
        if known is None:
            if len(self._networks) >= MAX_NETWORKS_CACHED:
                self._networks.clear()
            start = self._as_name[index]
            raw = self._names[start + 1 : start + 1 + self._names[start]]
            known = self._as_number[index], str(raw, "utf-8", "ignore")
            self._networks[index] = known
        return known

    def _look_inside(self, high: int, low: int) -> int:
        first = bisect_left(self._fine_high, high)
        end = bisect_right(self._fine_high, high)
        return int(self._fine_value[bisect_right(self._fine_low, low, first, end) - 1])


def _last_step(start: NDArray[Any], value: NDArray[Any], key: NDArray[Any]) -> NDArray[Any]:
    """Return the value of the last step at or below each key; the first step is at 0."""
    return value[np.searchsorted(start, key, side="right") - 1]
