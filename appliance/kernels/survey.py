"""How one contact stands among all others: who else talks there, what else its host talks to.

Oracle: tests/oracles/survey.py.
"""

from typing import Any

from appliance.kernels.jit import i64, inline, kernel, u64
from appliance.model.contact import CONTACT_JUDGED
from appliance.model.flow import Direction

NOT_REGULAR = -9.0  # CONTACT_DTYPE.score
CLONE_CONTACTS = 3
_INBOUND = int(Direction.INBOUND)
_USER = u64(0)
_NET = u64(1)


@inline
def _alike(one: float, other: float, share: float, slack: float) -> bool:
    return abs(one - other) <= share * one + slack


@inline
def _is_clone(contact: Any, other: Any) -> bool:
    """Tell whether two contacts carry the same requests and answers, on the mean."""
    if contact.contacts == 0 or other.contacts < CLONE_CONTACTS:
        return False
    requests = contact.out / contact.contacts
    answers = contact["in"] / contact.contacts
    return _alike(requests, other.out / other.contacts, 0.1, 10.0) and _alike(
        answers, other["in"] / other.contacts, 0.25, 20.0
    )


@inline
def _same_peer(contact: Any, other: Any) -> bool:
    if contact.direction == _INBOUND:
        return contact.orig_hi == other.orig_hi and contact.orig_lo == other.orig_lo
    return contact.resp_hi == other.resp_hi and contact.resp_lo == other.resp_lo


@inline
def _mark(stamps: Any, line: int, host: int, stamp: int) -> int:
    """Return 1 when a host is met for the first time under this stamp."""
    if stamps[u64(line), u64(host)] == stamp:
        return 0
    stamps[u64(line), u64(host)] = stamp
    return 1


@inline
def _survey_own(contact: Any, other: Any, found: Any) -> None:
    """Count another contact of the same host."""
    found.peers += 1
    if _same_peer(contact, other):
        return
    if other.bits & CONTACT_JUDGED and other.score > NOT_REGULAR:
        found.regular += 1
    if other.answered > 0 and other.port >= 1024 and other.service == 0:
        found.odd += 1
    if other.port != contact.port or other.proto != contact.proto:
        return
    if other.wide == contact.wide and other.answered > 0:
        found.wide_siblings += 1
        if other.net == contact.net:
            found.siblings += 1
    if _is_clone(contact, other):
        found.clones += 1


@kernel
def survey(
    contacts: Any, hosts: Any, nets: Any, row: int, stamps: Any, stamp: int, found: Any
) -> None:
    """Compare one contact with all others of its direction.

    contacts : CONTACT_DTYPE (n,)
    hosts, nets : uint32 (n,), its columns `host` and `net`; 0xFFFFFFFF where not in use
    row : int, the contact
    stamps : uint32 (2, hosts), kept by the caller between calls;  stamp : int, > all before
    found : SURVEY_DTYPE (1,), zeroed by the caller
    cost : about 1 ns a contact and 50 ns one of the same host or network; no allocation
    """
    contact = contacts[u64(row)]
    result = found[u64(0)]
    host = contact.host
    net = contact.net
    for i in range(hosts.shape[0]):
        if hosts[u64(i)] != host and nets[u64(i)] != net:
            continue
        other = contacts[u64(i)]
        if other.live == 0 or other.direction != contact.direction:
            continue
        if nets[u64(i)] == net and other.answered > 0 and i64(other.host) < stamps.shape[1]:
            result.net_users += _mark(stamps, _NET, other.host, stamp)
            if _same_peer(contact, other):
                result.users += _mark(stamps, _USER, other.host, stamp)
        if other.host == host:
            _survey_own(contact, other, result)
