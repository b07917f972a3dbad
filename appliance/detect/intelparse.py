"""Lines of lists of known bad: what they name, and what is too much to believe."""

import re
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from appliance.model.address import MAPPED, parse_address

LEAST_BITS_4 = 9  # a wider network is a mistake
LEAST_BITS_6 = 20

_NAME = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{1,62}")
_SINKS = frozenset({"0.0.0.0", "127.0.0.1", "::", "::1"})  # noqa: S104 (of hosts files)
_LOCAL_NAMES = (".local", ".localdomain", ".arpa", ".lan")
_CUT = str.maketrans(",;\t|", "    ")


class Range(NamedTuple):
    """Addresses from the first to the last, 128 bits, IPv4 mapped."""

    first: int
    last: int


class Refused(NamedTuple):
    """A line that names something, but nothing to be believed."""

    text: str


Entry = Range | Refused | str | None


def _block(text: str, bits: int) -> Range:
    hi, lo = parse_address(text)
    size = 1 << ((32 if ":" not in text else 128) - bits)
    first = (hi << 64 | lo) & -size
    return Range(first, first + size - 1)


# Not the ranges for documentation: tests and labs use them as the Internet.
_OWN = tuple(
    _block(text, bits)
    for text, bits in (
        ("0.0.0.1", 8), ("10.0.0.0", 8), ("100.64.0.0", 10), ("127.0.0.0", 8),
        ("169.254.0.0", 16), ("172.16.0.0", 12), ("192.168.0.0", 16), ("224.0.0.0", 3),
        ("fc00::", 7), ("fe80::", 10), ("ff00::", 8),
    )
)  # fmt: skip


def parse_line(line: str) -> Entry:
    """Return the range or name a line speaks of, Refused, or None if it says nothing.

    Understood: an address, CIDR, "first-last" or name alone or first in a CSV or blank-separated
    line, quoted or not; hosts files ("0.0.0.0 bad.example"); "*.bad.example" and "||bad.example^";
    "http://bad.example/path". "#", ";", "!" and "//" begin comments.
    """
    text = line.split("#", 1)[0].strip()
    if not text or text.startswith((";", "!", "//")):
        return None
    if text.startswith("||"):
        text = text[2:]
    words = text.translate(_CUT).split()
    if not words:
        return None
    if len(words) > 1 and words[0] in _SINKS:
        return _parse_name(words[1])
    word = words[0].strip("\"'")
    if "://" in word:
        word = word.split("://", 1)[1].split("/", 1)[0].rsplit("@", 1)[-1]
    if word[:1].isdigit() or ":" in word:
        found = _parse_range(word)
        if found is not None:
            return found
    return _parse_name(word)


def _parse_range(word: str) -> Range | Refused | None:
    """Return the range of an address, a CIDR or "first-last"; None if it is none of these."""
    if word.count(".") == 3 and word.count(":") == 1:
        word = word.partition(":")[0]  # address:port
    first, dash, last = word.partition("-")
    address, slash, prefix = first.partition("/")
    version = AF_INET6 if ":" in address else AF_INET
    width, most = (128, LEAST_BITS_6) if version == AF_INET6 else (32, LEAST_BITS_4)
    try:
        low = int.from_bytes(inet_pton(version, address), "big")
        high = int.from_bytes(inet_pton(version, last), "big") if dash else low
        bits = int(prefix) if slash else width
    except (OSError, ValueError):
        return None
    if high < low or not 0 <= bits <= width:
        return None
    if slash:
        low = low >> (width - bits) << (width - bits)
        high = low | ((1 << (width - bits)) - 1)
    if high - low >= 1 << (width - most):
        return Refused(word)
    base = 0 if version == AF_INET6 else MAPPED
    found = Range(base | low, base | high)
    if any(found.first <= own.last and own.first <= found.last for own in _OWN):
        return Refused(word)
    return Refused(word) if version == AF_INET6 and low < 1 << 32 else found


def _parse_name(word: str) -> str | Refused | None:
    name = word.strip("\"'").lower().removeprefix("||").removeprefix("*.").strip(".")
    name = name.split("/", 1)[0].split("^", 1)[0].partition(":")[0]
    if not _NAME.fullmatch(name) or len(name) > 253:
        return None
    if name.endswith(_LOCAL_NAMES):
        return None if name == "localhost.localdomain" else Refused(name)
    return name
