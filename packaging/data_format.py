"""The format of the packaged data, writing side: sorted steps, names, and files to be mapped.

The reading side is appliance/enrich: packed.py (the file), ranges.py (addresses.bin) and
vendors.py (vendors.bin). Pure functions but for write_packed.
"""

import json
import zlib
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"TRCRPACK"
ALIGNMENT = 64  # bytes; a cache line
MIXED = 0xFFFF_FFFF  # value of a /64 that belongs to several ranges; see pack_ipv6
NO_HOLDER = "IEEE Registration Authority"  # holds the blocks it splits; names nobody

Range = tuple[int, int, int]  # first address, last address, value
Step = tuple[int, int]  # first address, value up to the next step
Arrays = dict[str, NDArray[Any]]


class BuildError(RuntimeError):
    """The data cannot be built; the message says why."""


class Names:
    """Numbers names in the order they are met; 0 is the unknown one."""

    def __init__(self, unknown: str | int) -> None:
        self.index: dict[str | int, int] = {unknown: 0}
        self.label: list[str] = [""]

    def add(self, key: str | int, label: str) -> int:
        """Return the number of `key`, whose label is that of the first call."""
        number = self.index.setdefault(key, len(self.label))
        if number == len(self.label):
            self.label.append(label)
        return number


def clean(name: str) -> str:
    """Return a name as one printable line of at most 96 characters."""
    words = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in name).split()
    return " ".join(words)[:96].rstrip()


def flatten(ranges: Iterable[Range]) -> list[Step]:
    """Return the steps of ranges sorted by their first address, gaps as 0.

    Where two overlap, the earlier one ends where the later one begins.
    """
    steps: list[Step] = []
    end = 0  # one past the last range
    for first, last, value in ranges:
        if last < first or (steps and first < steps[-1][0]):
            raise BuildError(f"the ranges are not in order at {first}")
        if first > end:
            steps.append((end, 0))
        if steps and steps[-1][0] == first:
            steps.pop()
        steps.append((first, value))
        end = last + 1
    steps.append((end, 0))
    return steps


def merge(left: list[Step], right: list[Step]) -> list[Step]:
    """Return the steps of both, values joined by OR, equal neighbours as one. Both start at 0."""
    steps: list[Step] = []
    changes = sorted(
        [(start, 0, value) for start, value in left] + [(start, 1, value) for start, value in right]
    )
    values = [0, 0]
    for start, group in groupby(changes, key=lambda change: change[0]):
        for _, side, value in group:
            values[side] = value
        joined = values[0] | values[1]
        if not steps or steps[-1][1] != joined:
            steps.append((start, joined))
    return steps


def pack_addresses(ipv4: list[Step], ipv6: list[Step], countries: Names, networks: Names) -> Arrays:
    """Return the arrays of addresses.bin."""
    if len(countries.label) > 255 or len(networks.label) >= 1 << 24:
        raise BuildError("too many countries or AS numbers for the format")
    kept = [(start, value) for start, value in ipv4 if start < 1 << 32]
    number = [int(key) for key in networks.index]
    offset, text = pack_names(networks.label)
    codes = "".join(code or "  " for code in countries.label)
    return {
        "v4_start": np.array([start for start, _ in kept], dtype="<u4"),
        "v4_value": np.array([value for _, value in kept], dtype="<u4"),
        **pack_ipv6([(start, value) for start, value in ipv6 if start < 1 << 128]),
        "country": np.frombuffer(codes.encode("ascii"), dtype="S2"),
        "as_number": np.array(number, dtype="<u4"),
        "as_name": offset,
        "names": text,
    }


def pack_ipv6(steps: list[Step]) -> Arrays:
    """Return steps of /64s, and the few steps inside a /64 apart.

    A /64 in which the value changes has the value MIXED; then the last of the fine steps
    that is not above the address decides. Each such /64 has a fine step at its first address.
    """
    main: list[Step] = []
    fine: list[tuple[int, int, int]] = []
    current = 0
    for high, group in groupby(steps, key=lambda step: step[0] >> 64):
        inside = [(start & (1 << 64) - 1, value) for start, value in group]
        if main and main[-1][1] == MIXED and main[-1][0] + 1 < high:
            main.append((main[-1][0] + 1, current))
        before, current = current, inside[-1][1]
        if len(inside) == 1 and inside[0][0] == 0:
            main.append((high, current))
            continue
        main.append((high, MIXED))
        if inside[0][0]:
            fine.append((high, 0, before))
        fine.extend((high, low, value) for low, value in inside)
    if main and main[-1][1] == MIXED and main[-1][0] + 1 < 1 << 64:
        main.append((main[-1][0] + 1, current))
    return {
        "v6_start": np.array([start for start, _ in main], dtype="<u8"),
        "v6_value": np.array([value for _, value in main], dtype="<u4"),
        "fine_high": np.array([high for high, _, _ in fine], dtype="<u8"),
        "fine_low": np.array([low for _, low, _ in fine], dtype="<u8"),
        "fine_value": np.array([value for _, _, value in fine], dtype="<u4"),
    }


def pack_names(labels: list[str]) -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Return where each label begins, and all labels once, each as its length and its UTF-8."""
    places: dict[str, int] = {}
    text = bytearray()
    for label in labels:
        if label not in places:
            raw = label.encode()[:255]
            places[label] = len(text)
            text += bytes([len(raw)]) + raw
    offsets = np.array([places[label] for label in labels], dtype="<u4")
    return offsets, np.frombuffer(bytes(text), dtype="u1")


def pack_vendors(registry: dict[str, str]) -> Arrays:
    """Return the arrays of vendors.bin from prefixes (6, 7 or 9 hexadecimal digits) and names."""
    blocks: dict[int, list[tuple[int, str]]] = {6: [], 7: [], 9: []}
    for key, holder in sorted(registry.items()):
        if len(key) not in blocks:
            raise BuildError(f"{key!r} is no MAC prefix of 24, 28 or 36 bits")
        name = clean(holder)
        if name != NO_HOLDER:
            blocks[len(key)].append((int(key, 16), name))
    labels = sorted({name for rows in blocks.values() for _, name in rows})
    if len(labels) > 1 << 16:
        raise BuildError("too many vendors for the format")
    number = {label: i for i, label in enumerate(labels)}
    offset, text = pack_names(labels)
    arrays: Arrays = {"vendor": offset, "names": text}
    for digits, rows in blocks.items():
        width = "<u4" if digits < 9 else "<u8"
        arrays[f"prefix{digits * 4}"] = np.array([prefix for prefix, _ in rows], dtype=width)
        arrays[f"holder{digits * 4}"] = np.array([number[name] for _, name in rows], dtype="<u2")
    return arrays


def write_packed(path: Path, arrays: Arrays) -> None:
    """Write arrays so that they can be mapped into memory; see appliance/enrich/packed.py."""
    layout, body, offset = {}, [], 0
    for name, array in arrays.items():
        raw = array.tobytes()
        padding = -len(raw) % ALIGNMENT
        layout[name] = {"dtype": array.dtype.str, "count": len(array), "offset": offset}
        body.append(raw + bytes(padding))
        offset += len(raw) + padding
    data = b"".join(body)
    header = json.dumps({"arrays": layout, "bytes": len(data)}, sort_keys=True).encode()
    header += b" " * (-(len(header) + 16) % ALIGNMENT)
    check = zlib.crc32(header + data)
    path.write_bytes(
        MAGIC + len(header).to_bytes(4, "little") + check.to_bytes(4, "little") + header + data
    )
