"""Who made a network card, from the IEEE's registry of MAC address blocks.

vendors.bin holds, for blocks of 24, 28 and 36 bits, the sorted prefixes and the number of each
holder; vendor[number] is where its name is in names (length, 1 byte, and UTF-8).
"""

from bisect import bisect_left
from pathlib import Path

from appliance.enrich.packed import open_packed

RANDOMISED = "Randomised"
LOCAL_BIT = 0x02 << 40  # locally administered: not from a registry (IEEE 802, clause 8)
GROUP_BIT = 0x01 << 40  # multicast or broadcast: no card

# Locally administered prefixes that every installation of a program uses: (bits, prefix, name).
VIRTUAL = ((24, 0x525400, "QEMU/KVM"), (16, 0x0242, "Docker"))

DTYPES = {
    "prefix24": "<u4",
    "holder24": "<u2",
    "prefix28": "<u4",
    "holder28": "<u2",
    "prefix36": "<u8",
    "holder36": "<u2",
    "vendor": "<u4",
    "names": "|u1",
}


class Vendors:
    """The packaged registry; DataError if the file is damaged."""

    def __init__(self, path: Path) -> None:
        arrays = open_packed(path, DTYPES)
        self._blocks = [
            (48 - bits, arrays[f"prefix{bits}"].data, arrays[f"holder{bits}"].data)
            for bits in (36, 28, 24)
        ]
        self._vendor = arrays["vendor"].data
        self._names = arrays["names"].data

    def vendor_of(self, mac: int) -> str:
        """Return the holder of the smallest block around a MAC of 48 bits, "" if there is none."""
        for shift, prefixes, holders in self._blocks:
            prefix = mac >> shift
            i = bisect_left(prefixes, prefix)
            if i < len(prefixes) and prefixes[i] == prefix:
                start = self._vendor[holders[i]]
                raw = self._names[start + 1 : start + 1 + self._names[start]]
                return str(raw, "utf-8", "ignore")
        return ""


def describe_mac(mac: int, vendors: Vendors | None) -> str:
    """Return the vendor of a MAC, RANDOMISED if a device made it up, "" if unknown or no card."""
    if mac == 0 or mac & GROUP_BIT:
        return ""
    known = vendors.vendor_of(mac) if vendors else ""
    if known or not mac & LOCAL_BIT:
        return known
    return next((name for bits, prefix, name in VIRTUAL if mac >> 48 - bits == prefix), RANDOMISED)
