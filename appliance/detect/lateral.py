"""Lateral movement: one machine inside administering several others."""

from appliance.detect.fanview import FanView, distinct, say_few, say_span
from appliance.detect.weights import Weights
from appliance.model.alert import Family, Signal, Term

_WINRM = frozenset({5985, 5986})
_SHELL = frozenset({22, 3389}) | _WINRM
_NAMES = {22: "SSH", 135: "RPC", 139: "SMB", 445: "SMB", 3389: "RDP", 5985: "WinRM", 5986: "WinRM"}


def lateral_movement(view: FanView, weights: Weights) -> Signal | None:
    """Judge answered sessions with administration ports inside. Fan.ADMIN.

    Hosts are counted among the first items; further items count as hosts while those do.
    """
    limit = weights.lateral
    if not view.source.local:
        return None
    shells = distinct([item.address.ip for item in view.examples if item.port in _SHELL])
    hosts = distinct([item.address.ip for item in view.examples])
    further = max(view.items - len(view.examples), 0) * len(hosts) // len(view.examples)
    if len(shells) >= limit.hosts:
        count = len(shells) + (further if len(shells) == len(hosts) else 0)
        beyond = count - limit.hosts
    elif len(hosts) + further >= limit.smb_hosts:
        count = len(hosts) + further
        beyond = count - limit.smb_hosts
    else:
        return None
    ports = {item.port for item in view.examples}
    services = distinct([_NAMES.get(port, str(port)) for port in sorted(ports)])
    terms = [
        Term("lateral", limit.weight, f"sessions with {count} inside machines"),
        Term("hosts", min(limit.per_host * beyond, limit.most), f"{count} machines"),
    ]
    if ports & _WINRM:
        terms.append(Term("winrm", limit.winrm, "WinRM runs commands"))
    return Signal(
        ts_s=view.times_s[-1],
        first_s=view.first_s,
        last_s=max(view.last_s, view.times_s[-1]),
        rule="lateral_movement",
        kind="lateral_movement",
        family=Family.LATERAL,
        host=view.source,
        peer=view.examples[0].address,
        peers=tuple(hosts[1:5]),
        port=view.examples[0].port,
        proto=6,
        weight=sum(term.weight for term in terms),
        terms=tuple(terms),
        sentence=(
            f"held {' and '.join(services)} sessions with {count} machines inside "
            f"in {say_span(view.span_s)} ({say_few(hosts[:4], count)})"
        ),
        count=count,
        solo_limit=limit.solo,
    )
