"""Mutes: which evidence and which alerts people do not want to hear of, and for how long."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

import msgspec

from appliance.cases.kinds import HABITS
from appliance.cases.marks import REAL, find_mark
from appliance.model.alert import SEVERITIES, Alert, Mute, Signal

DEFAULT_S = 30 * 86_400.0  # a mute asks again after this
MAX_MUTES = 1_000
MAX_EXAMPLES = 20  # alerts a preview names

# The sensor's own blindness must stay visible whatever anybody mutes.
_NEVER = frozenset({"sensor_blind"})
# Its peers are many and change: naming one would silence nothing.
_MANY_PEERS = frozenset({"port_scan", "host_sweep", "new_device", "arp_spoof", "dhcp_flood"})


class Subject(NamedTuple):
    """The facts a mute is compared with."""

    kind: str
    host: str
    device: frozenset[str]  # names it goes by: its key, its name
    peer: str = ""
    peer_name: str = ""
    asn: int = 0
    port: int = 0


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a mute would have held back."""

    matched: int = 0
    by_severity: dict[str, int] = {}
    real: int = 0  # of them alerts that somebody marked real
    alerts: tuple[str, ...] = ()  # ids, at most 20, the newest first


class Mutes:
    """The mutes in force, and how often each was of use."""

    def __init__(self, mutes: Iterable[Mute] = ()) -> None:
        self.refused = 0  # beyond MAX_MUTES
        self._mutes: tuple[Mute, ...] = ()
        self._used: dict[int, int] = {}
        self.replace(mutes)

    def __len__(self) -> int:
        return len(self._mutes)

    def replace(self, mutes: Iterable[Mute]) -> None:
        """Put others in their place; what is counted already stays counted."""
        wanted = sorted(mutes, key=lambda mute: mute.id)
        self.refused += max(0, len(wanted) - MAX_MUTES)
        self._mutes = tuple(wanted[:MAX_MUTES])
        self._used = {m.id: max(m.used, self._used.get(m.id, 0)) for m in self._mutes}

    def expire(self, now_s: float) -> bool:
        """Drop what has run out; tell whether anything had."""
        left = tuple(m for m in self._mutes if not 0.0 < m.expires <= now_s)
        changed = len(left) < len(self._mutes)
        self._mutes = left
        return changed

    def find(self, subject: Subject, now_s: float) -> int:
        """Return the id of the first mute that covers a subject, 0 if none does."""
        for mute in self._mutes:
            if not 0.0 < mute.expires <= now_s and covers(mute, subject):
                return mute.id
        return 0

    def count(self, mute_id: int) -> None:
        """Note that a mute held something back."""
        self._used[mute_id] = self._used.get(mute_id, 0) + 1

    def snapshot(self) -> tuple[Mute, ...]:
        """Return the mutes in force with their counts."""
        return tuple(msgspec.structs.replace(m, used=self._used[m.id]) for m in self._mutes)


def covers(mute: Mute, subject: Subject) -> bool:
    """Tell whether every field that is set fits; a mute without any covers nothing."""
    if subject.kind in _NEVER or not _says_something(mute):
        return False
    return (
        _fits_kind(mute, subject.kind)
        and (not mute.host or _fits_address(mute.host, subject.host))
        and (not mute.device or mute.device in subject.device)
        and (not mute.peer or _fits_address(mute.peer, subject.peer))
        and (not mute.peer_name or _fits_name(mute.peer_name, subject.peer_name))
        and (not mute.asn or mute.asn == subject.asn)
        and (not mute.port or mute.port == subject.port)
    )


def describe_signal(signal: Signal, device: str, name: str) -> Subject:
    """Return what of a signal a mute is compared with."""
    peer = signal.peer
    return Subject(
        signal.kind,
        signal.host.ip,
        frozenset({device, name}) - {""},
        peer.ip if peer else "",
        signal.peer_name,
        peer.asn if peer else 0,
        signal.port,
    )


def describe_alert(alert: Alert, asn: int = 0) -> Subject:
    """Return what of an alert a mute is compared with. asn : of its peer, 0 unknown."""
    device = frozenset({alert.device}) - {""}
    return Subject(alert.kind, alert.host, device, alert.peer, alert.peer_name, asn, alert.port)


def propose_mutes(alert: Alert, *, asn: int, now_s: float, who: str) -> tuple[Mute, ...]:
    """Return mutes that would silence an alert, the narrowest first; () if it must not be.

    asn : of the alert's peer, 0 unknown.  Each runs out after 30 days unless that is changed.
    """
    if alert.kind in _NEVER:
        return ()
    base = Mute(
        host="" if alert.device else alert.host,
        device=alert.device,
        kind=alert.kind,
        port=alert.port,
        created=now_s,
        expires=now_s + DEFAULT_S,
        created_by=who,
    )
    change = msgspec.structs.replace
    wide = change(base, port=0)
    if alert.kind in _MANY_PEERS or not (alert.peer or alert.peer_name):
        return tuple(dict.fromkeys((base, wide)))
    name, org = alert.peer_name, asn
    found = [change(base, peer_name=name)] if name else [change(base, peer=alert.peer)]
    if org:
        found.append(change(base, asn=org))
    found += [change(found[0], port=0), wide]
    return tuple(dict.fromkeys(found))


def preview_mute(
    mute: Mute, alerts: Iterable[Alert], asn_of: Callable[[str], int] | None = None
) -> Preview:
    """Return what a mute would have held back of past alerts.

    asn_of : gives the AS number of an address as text; without it a mute by AS matches nothing
    """
    matched = []
    for alert in alerts:
        asn = asn_of(alert.peer) if asn_of is not None and alert.peer else 0
        if covers(mute, describe_alert(alert, asn)):
            matched.append(alert)
    matched.sort(key=lambda alert: (-alert.ts, alert.id))
    counts = {s.value: sum(alert.severity == s for alert in matched) for s in SEVERITIES}
    return Preview(
        matched=len(matched),
        by_severity={severity: number for severity, number in counts.items() if number},
        real=sum(find_mark(alert) == REAL for alert in matched),
        alerts=tuple(alert.id for alert in matched[:MAX_EXAMPLES]),
    )


def _says_something(mute: Mute) -> bool:
    named = mute.host or mute.device or mute.kind or mute.peer or mute.peer_name
    return bool(named or mute.asn or mute.port)


def _fits_kind(mute: Mute, kind: str) -> bool:
    if not mute.kind or mute.kind == kind:
        return True
    # one alert shows all three of a contact: silencing one name of it silences the contact
    about_contact = bool(mute.peer or mute.peer_name or mute.asn)
    return about_contact and mute.kind in HABITS and kind in HABITS


def _fits_address(wanted: str, text: str) -> bool:
    if wanted == text:
        return True
    network = _parse_network(wanted)
    if network is None or not text:
        return False
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return address.version == network.version and address in network


@lru_cache(maxsize=MAX_MUTES * 2)
def _parse_network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _fits_name(wanted: str, name: str) -> bool:
    wanted, name = wanted.lower().rstrip("."), name.lower().rstrip(".")
    if wanted.startswith("."):
        return name.endswith(wanted) or name == wanted[1:]
    return name == wanted
