"""The one plain sentence of an alert: who did what, with which numbers, to whom, and when (UTC)."""

import re
from datetime import UTC, datetime

from appliance.model.names import protocol_name

MAX_TEXT = 240  # characters of anything that comes from the wire or from a rule
MAX_NAME = 80
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return printable text on one line: names come from the wire and may hold anything."""
    if len(text) <= limit and text.isprintable() and "  " not in text:
        return text.strip()
    kept = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    kept = " ".join(kept.split())
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def name_host(address: str, name: str) -> str:
    """Return "name (address)", or what there is of it."""
    name = clean(name, MAX_NAME)
    if address and _MAC.fullmatch(name):
        return address  # says more, and to more people
    return f"{name} ({address})" if name and address and name != address else name or address


def name_port(port: int, proto: int) -> str:
    """Return "443/tcp", "icmp", or "" if neither is known."""
    protocol = protocol_name(proto) if proto else ""
    return f"{port}/{protocol}" if port and protocol else str(port or "") or protocol


def name_span(first_s: float, last_s: float) -> str:
    """Return when something was, in UTC: "from 14:02 to 16:10 UTC on 3 Nov 2026"."""
    first, last = _moment(first_s), _moment(last_s)
    day = f"{last.day} {last:%b %Y}"
    if first.date() != last.date():
        return f"from {first.day} {first:%b %H:%M} to {last:%H:%M} UTC on {day}"
    if f"{first:%H:%M}" == f"{last:%H:%M}":
        return f"at {last:%H:%M} UTC on {day}"
    return f"from {first:%H:%M} to {last:%H:%M} UTC on {day}"


def write_summary(who: str, did: str, peer: str, when: str, agreeing: tuple[str, ...] = ()) -> str:
    """Return one sentence.

    who : from name_host.  did : "tried 812 ports".  peer : "name (address), port 443/tcp", added
    unless `did` says it already.  agreeing : what other evidence is about, in words
    """
    did = clean(did).rstrip(". ") or "drew attention"
    parts = [f"{who} {did}" if who else did[:1].upper() + did[1:]]
    if peer and not _mentions(did, peer):
        parts.append(f", mostly with {peer}" if " to " in did else f", with {peer}")
    parts.append(f", {when}")
    if agreeing:
        parts.append(f"; {_join(agreeing)} {'agrees' if len(agreeing) == 1 else 'agree'}")
    return "".join(parts) + "."


def count_words(number: int, one: str, many: str) -> str:
    """Return "Three further hosts" for (3, "further host", "further hosts")."""
    word = _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}".replace(",", " ")
    return f"{word} {one if number == 1 else many}"


def _mentions(did: str, peer: str) -> bool:
    """Tell whether the sentence names the other end, by its name or by its address."""
    words = {word.strip(".,;:()[]") for word in did.split()}
    words |= {word.rpartition(":")[0].strip("[]") for word in words}
    ends = {word.strip(".,;:()[]") for word in peer.partition(", port ")[0].split()}
    return not words.isdisjoint(ends)


def _join(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _moment(at_s: float) -> datetime:
    return datetime.fromtimestamp(max(0.0, min(at_s, 253_402_300_799.0)), UTC)
