"""Cases made again from the alerts of the store, so that a restart raises nothing twice."""

from collections.abc import Iterable

import msgspec

from appliance.cases.directory import Directory
from appliance.cases.evidence import MAX_HELD, UNSORTED, Case, Device, Devices, Held, locate
from appliance.cases.kinds import describe, fade_s
from appliance.model.address import Address
from appliance.model.alert import Alert, AlertState, Evidence, Family, Signal
from appliance.model.names import protocol_number


def rebuild(alerts: Iterable[Alert], devices: Devices, directory: Directory) -> list[Case]:
    """Put the evidence of stored alerts back on their devices; return their cases, oldest first.

    Alerts whose host is no address are left out.
    """
    found: list[tuple[Case, Address]] = []
    for alert in sorted(alerts, key=lambda one: (one.ts, one.id)):
        host = find_address(alert.host, directory)
        if host is None:
            continue
        device, _ = devices.touch(directory.device_of(host), inside=host.local)
        device.last_s = max(device.last_s, alert.last_seen)
        found.append((_make_case(alert, device), host))
    # what names an alert is that alert's own, wherever else it is shown as agreeing
    for share in (slice(1), slice(1, None)):
        for case, host in found:
            _hold_evidence(case, share, host, directory)
    return [case for case, _ in found]


def find_address(text: str, directory: Directory) -> Address | None:
    """Return the address of a text form, None if it is none."""
    try:
        return directory.address_of(text)
    except ValueError:
        return None


def _make_case(alert: Alert, device: Device) -> Case:
    kind, peer = describe(alert.kind), alert.peer_name or alert.peer
    fold = kind.fold if kind.fold and peer else alert.kind
    case = Case(device, (fold, peer if kind.fold else ""))
    case.alert = msgspec.structs.replace(alert)
    case.reported = alert.count
    case.peak = alert.score
    case.half_life_s = fade_s(alert.evidence[0].family) if alert.evidence else fade_s("")
    case.closed_s = alert.last_seen if alert.state == AlertState.CLOSED else 0.0
    case.visibility = alert.visibility
    # that its kind was told by peer, an alert does not say: it is found under both
    names = (alert.peer, alert.peer_name) if fold == kind.fold else (alert.peer, peer, "")
    for name in dict.fromkeys(names):
        device.cases.setdefault((fold, name), case)
    return case


def _hold_evidence(case: Case, share: slice, host: Address, directory: Directory) -> None:
    alert, device = case.alert, case.device
    assert alert is not None
    for evidence in alert.evidence[share]:
        family = _find_family(evidence.family)
        if family is None or len(device.held) >= MAX_HELD:
            continue
        case.families.add(family)
        signal = _make_signal(alert, evidence, family, host, directory)
        place = locate(signal, alert.muted_by)
        if place not in device.held:
            own = share.start is None or evidence.family == alert.evidence[0].family
            held_by = case if own else Case(device, (UNSORTED, evidence.rule))
            device.held[place] = Held(place, signal, signal.weight, held_by)


def _find_family(text: str) -> Family | None:
    return Family(text) if text in Family.__members__.values() else None


def _make_signal(
    alert: Alert, evidence: Evidence, family: Family, host: Address, directory: Directory
) -> Signal:
    return Signal(
        ts_s=evidence.ts,
        first_s=min(alert.first_seen, evidence.ts),
        last_s=evidence.ts,
        rule=evidence.rule,
        kind=alert.kind,
        family=family,
        host=host,
        peer=find_address(evidence.peer, directory) if evidence.peer else None,
        peer_name=evidence.peer_name,
        port=evidence.port,
        proto=protocol_number(evidence.proto) if evidence.proto else 0,
        weight=evidence.weight,
        terms=evidence.terms,
        sentence=evidence.sentence,
        count=evidence.count,
        half_life_s=fade_s(family),
        inside=host.local,
    )
