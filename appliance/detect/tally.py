"""Terms added up to a signal, and the words they are said in."""

from typing import Any

from appliance.detect.pair import Pair
from appliance.model.address import Address
from appliance.model.alert import Family, Signal, Term
from appliance.model.flow import Direction

_PROTOCOLS = {1: "ICMP", 6: "TCP", 17: "UDP", 58: "ICMPv6", 132: "SCTP"}


class Tally:
    """The terms of one piece of evidence and their sum."""

    __slots__ = ("terms", "weight")

    def __init__(self) -> None:
        self.terms: list[Term] = []
        self.weight = 0.0

    def add(self, name: str, weight: float, text: str) -> None:
        """Take a term; one of no weight is left out."""
        if weight:
            self.terms.append(Term(name, round(weight, 3), text))
            self.weight += weight

    def signal(self, pair: Pair, rule: str, kind: str, family: Family, **more: Any) -> Signal:
        """Return what the terms say of a pair; `more` are further fields of Signal."""
        contact = pair.contact
        fields = {
            "ts_s": pair.now_s,
            "first_s": contact.first_s,
            "last_s": contact.last_s,
            "count": contact.contacts,
            "host": pair.host,
            "peer": pair.peer,
            "peer_name": pair.name,
            "inside": pair.inside,
            **more,
        }
        if contact.direction == Direction.INBOUND and family in _OF_THE_CALLER:
            fields |= {
                "host": pair.peer,
                "peer": pair.host,
                "peer_name": "",
                "inside": False,
                "limit": min(more.get("limit", OUTSIDE), OUTSIDE),
            }
        return Signal(
            rule=rule,
            kind=kind,
            family=family,
            port=contact.port,
            proto=contact.proto,
            weight=round(self.weight, 3),
            terms=tuple(self.terms),
            **fields,
        )


# Guessing and flooding is what the caller does; ours is the victim, not the suspect.
_OF_THE_CALLER = frozenset({Family.AUTH, Family.RATE})
OUTSIDE = 3.0  # half decisions: strangers scan and guess all day, nobody is woken for that


def clip(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Return the value, or the bound it lies beyond."""
    return min(high, max(low, value))


def say_end(pair: Pair) -> str:
    """Return the other end with its port: "203.0.113.9:8080 (example.org)"."""
    if pair.contact.direction == Direction.INBOUND:
        return say_address(pair.host, pair.contact.port)
    return say_address(pair.peer, pair.contact.port, pair.name)


def say_address(address: Address, port: int, name: str = "") -> str:
    """Return an address with a port and, where known, its name."""
    ip = f"[{address.ip}]" if ":" in address.ip else address.ip
    return f"{ip}:{port} ({name})" if name else f"{ip}:{port}"


def say_protocol(proto: int) -> str:
    """Return the usual name of an IP protocol."""
    return _PROTOCOLS.get(proto, f"IP protocol {proto}")


def say_bytes(count: float) -> str:
    """Return a size as people say it: "312 bytes", "4.2 kB", "31 MB"."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            digits = ".3g" if count < 999.5 * limit else ".0f"
            return f"{count / limit:{digits}} {unit}"
    return "1 byte" if round(count) == 1 else f"{count:.0f} bytes"


def say_time(seconds: float) -> str:
    """Return a duration as people say it: "0.7 s", "300 s", "25 min", "3.5 h", "2 days"."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    if seconds <= 600:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    if seconds < 172_800:
        return f"{seconds / 3_600:.3g} h"
    return f"{seconds / 86_400:.3g} days"


def say_who(users: int) -> str:
    """Return who else here talks to a peer."""
    if users <= 1:
        return "no other device here talks to it"
    if users == 2:
        return "one other device here talks to it"
    return f"{users - 1} other devices here talk to it"
