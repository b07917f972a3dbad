"""tshark's opinion on the conversations of a capture."""

import re
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

# (proto, low end, high end) -> [frames low to high, high to low, bytes low to high, high to low]
Conversations = dict[tuple[str, tuple[str, int], tuple[str, int]], list[int]]

_LINE = re.compile(
    r"^(\S+)\s+<->\s+(\S+)\s+(\d+)\s+([\d,]+)\s*(\S+)\s+(\d+)\s+([\d,]+)\s*(\S+)\s+(\d+)\s"
)
_UNITS = {"bytes": 1, "byte": 1, "kB": 1_000, "MB": 1_000_000}


def tshark_conversations(path: Path) -> Conversations:
    """Return TCP and UDP conversations, several of one 5-tuple summed.

    tshark rounds large byte counts to kB: compare those with that in mind (`rounded`).
    """
    done = subprocess.run(
        ["tshark", "-n", "-q", "-r", path, "-z", "conv,tcp", "-z", "conv,udp"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found: Conversations = defaultdict(lambda: [0, 0, 0, 0])
    proto = ""
    for line in done.stdout.splitlines():
        if line.endswith("Conversations"):
            proto = line.split()[0].lower()
        match = _LINE.match(line)
        if match is None:
            continue
        left, right, back, back_size, back_unit, forth, forth_size, forth_unit, _ = match.groups()
        add(
            found,
            proto,
            (_end(left), _end(right)),
            (int(forth), _size(forth_size, forth_unit)),
            (int(back), _size(back_size, back_unit)),
        )
    return dict(found)


def own_conversations(rows: list[dict[str, Any]]) -> Conversations:
    """Return the same from our rows."""
    found: Conversations = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        if row["proto"] in {"tcp", "udp"}:
            add(
                found,
                row["proto"],
                ((row["src_ip"], row["src_port"]), (row["dst_ip"], row["dst_port"])),
                (row["packets_out"], row["bytes_out"]),
                (row["packets_in"], row["bytes_in"]),
            )
    return dict(found)


def add(
    found: Conversations,
    proto: str,
    ends: tuple[tuple[str, int], tuple[str, int]],
    forth: tuple[int, int],
    back: tuple[int, int],
) -> None:
    """Sum one conversation, ends in order."""
    if ends[1] < ends[0]:
        ends, forth, back = (ends[1], ends[0]), back, forth
    entry = found[proto, *ends]
    for place, value in enumerate((forth[0], back[0], forth[1], back[1])):
        entry[place] += value


def differences(theirs: Conversations, ours: Conversations) -> list[str]:
    """Return what does not agree, one sentence each."""
    lines = []
    for key in sorted(theirs.keys() | ours.keys(), key=str):
        a, b = theirs.get(key), ours.get(key)
        if a is None or b is None or a[:2] != b[:2] or not all(map(_agree, a[2:], b[2:])):
            lines.append(f"{key}: tshark {a}, ours {b}")
    return lines


def _agree(rounded: int, exact: int) -> bool:
    if rounded == exact:
        return True
    unit = 1_000_000 if rounded % 1_000_000 == 0 else 1_000
    return exact >= 10_000 and exact // unit * unit == rounded


def _end(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def _size(digits: str, unit: str) -> int:
    return int(digits.replace(",", "")) * _UNITS[unit]
