"""What an mDNS announcement (RFC 6762) says about the host that sends it."""

from typing import NamedTuple

from appliance.metadata.dns import AAAA, PTR, SRV, A, Message

HOSTS = 8  # addresses believed of one message

_LOCAL = ".local"


class LocalHost(NamedTuple):
    """A host name without ".local"; 0, 0 = the address the message came from."""

    name: str
    hi: int
    lo: int


def find_hosts(message: Message) -> list[LocalHost]:
    """Return the hosts an announcement names; [] for a query, whose records are other hosts'.

    Addresses count most. Without any, the sender is the host its services run on, or the one
    that its own reverse name leads to. A record with TTL 0 takes its claim back.
    """
    if not message.response:
        return []
    records = [r for r in message.records if r.ttl_s]
    hosts = [
        LocalHost(strip_local(r.name), r.hi, r.lo)
        for r in records
        if r.type in {A, AAAA} and strip_local(r.name)
    ]
    if hosts:
        return hosts[:HOSTS]
    targets = {
        strip_local(r.value)
        for r in records
        if r.type == SRV or (r.type == PTR and r.name.endswith(".arpa"))
    } - {""}
    return [LocalHost(targets.pop(), 0, 0)] if len(targets) == 1 else []


def strip_local(name: str) -> str:
    """Return the host of "host.local", "" if the name is of another form."""
    host = name.removesuffix(_LOCAL)
    return host if host != name and "." not in host else ""
