"""From signals to alerts: the one place where evidence about all hosts comes together.

Every answer depends on the signals and the times given, never on a clock: the same replay gives
the same alerts. Not for several threads.
"""

from collections import Counter

import msgspec

from appliance.cases.directory import Directory
from appliance.cases.doubt import combine
from appliance.cases.evidence import UNSORTED, Device, Devices, Held, locate
from appliance.cases.incidents import Incidents
from appliance.cases.intake import Intake
from appliance.cases.judging import Judge, find_case
from appliance.cases.ledger import Ledger, Listed
from appliance.cases.mutes import Mutes, describe_signal
from appliance.cases.restoring import find_address, rebuild
from appliance.config.schema import Alerts, Detect, Learn
from appliance.model.alert import (
    Alert,
    AlertChange,
    AlertState,
    Incident,
    Mute,
    Signal,
    Visibility,
)

PASS_S = 60.0  # between looks at what has faded
IDLE_S = 14 * 86_400.0  # a device silent this long is forgotten


class CasebookStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since the start, but for the first row: what there is now."""

    devices: int = 0
    open_alerts: int = 0
    closed_remembered: int = 0
    incidents: int = 0
    mutes: int = 0
    signals: int = 0
    allowed: int = 0  # signals about what is on an allow list
    silenced: int = 0  # signals of rules that are off
    muted: int = 0  # signals that a mute held back
    learning: int = 0  # signals not believed during the learning period
    blind: int = 0  # signals not believed because the sensor lost frames
    raised: int = 0
    escalated: int = 0
    recurring: int = 0
    closed: int = 0
    beyond_day: int = 0  # cases listed because of alerts.per_day
    beyond_habits: int = 0  # because of alerts.beacons_per_day
    crowd: int = 0  # strangers counted only, because of alerts.outsiders_per_day
    devices_evicted: int = 0
    evidence_evicted: int = 0
    alerts_evicted: int = 0
    incidents_evicted: int = 0
    mutes_refused: int = 0


_TOLD = ("learning", "blind", "crowd", "raised", "escalated", "recurring", "closed")
_COUNTED = ("signals", "allowed", "silenced", "muted", "devices_evicted", "evidence_evicted")


class Casebook:
    """Adds up signals per device and says what became of them.

    sensor : our name, for the alerts.  directory : who is who.  first_incident : number of the
    first incident, where the store knows of none.
    """

    def __init__(
        self,
        config: Alerts,
        detect: Detect,
        learn: Learn,
        *,
        sensor: str,
        directory: Directory | None = None,
        first_incident: int = 1_001,
    ) -> None:
        self._sensitivity = detect.sensitivity
        self._directory = directory or Directory()
        self._devices = Devices()
        self._mutes = Mutes()
        self._incidents = Incidents(first_incident)
        self._ledger = Ledger(config, sensor, self._directory, self._incidents)
        self._intake = Intake(config, detect, learn, self._directory)
        self._judge = Judge(config, self._ledger)
        self._counts = self._intake.counts
        self._now_s = 0.0
        self._next_pass_s = 0.0

    @property
    def learning_since(self) -> float:
        """Packet time of the first look ever, s since the epoch, for the store; 0 unknown."""
        return self._intake.learning_since

    def take(
        self, signals: list[Signal], visibility: Visibility, *, quiet: bool = False
    ) -> list[AlertChange]:
        """Add evidence and return what became of it.

        quiet : only remember it (a second look at stored flows after a start)
        """
        if not signals:
            return []
        for signal in sorted(signals, key=_order):
            self._take_one(signal, visibility, quiet=quiet)
        return self._ledger.collect()

    def tick(self, now_s: float) -> list[AlertChange]:
        """Let packet time pass: close what faded, end mutes, pass on counts. Cheap."""
        self._move(now_s)
        if now_s < self._next_pass_s:
            return []
        self._next_pass_s = now_s + PASS_S
        self._ledger.budgets.begin(now_s)
        if self._mutes.expire(now_s):
            self._mark_again()
        for case in self._ledger.register.iter_open():
            self._judge.review(case, now_s)
        for device in list(self._devices.iter_idle(now_s - IDLE_S)):
            self._devices.forget(device)
            self._ledger.forget(device)
        return self._ledger.collect()

    def flush(self) -> list[AlertChange]:
        """Return the last counts of open alerts, before an end."""
        for case in self._ledger.register.iter_open():
            if case.dirty:
                self._judge.review(case, self._now_s)
        return self._ledger.collect()

    def restore(
        self,
        alerts: list[Alert],
        incidents: list[Incident],
        mutes: list[Mute],
        learning_since: float = 0.0,
    ) -> None:
        """Go on where the store left off.

        alerts : those not closed, and better also those closed in the last 30 days, so that they
        do not come back.  Alerts whose host is no address are left out.
        """
        self._intake.learning_since = learning_since or self._intake.learning_since
        self._mutes.replace(mutes)
        for incident in sorted(incidents, key=lambda one: (one.first_seen, one.id)):
            if (address := find_address(incident.host, self._directory)) is not None:
                self._incidents.restore(incident, self._directory.device_of(address))
        for case in rebuild(alerts, self._devices, self._directory):
            alert = case.alert
            assert alert is not None
            self._ledger.restore(case)
            self._ledger.budgets.begin(alert.ts)
            self._ledger.budgets.restore(alert, inside=case.device.inside)
            self._now_s = max(self._now_s, alert.last_seen)

    def acknowledge(self, alert: str, who: str, comment: str) -> AlertChange | None:
        """Note that somebody looks at an open alert; None if it is not open."""
        case = self._ledger.register.find(alert)
        if case is None or case.alert is None or not case.is_open:
            return None
        case.alert.state = AlertState.ACKNOWLEDGED.value
        case.alert.acknowledged_by = who
        case.alert.comment = comment
        self._ledger.change(case)
        return self._only_change()

    def close(self, alert: str, who: str, comment: str, now_s: float) -> AlertChange | None:
        """Close an alert; a comment that begins with "real" or "false" marks it so.

        It comes back with a new kind of evidence or much stronger; one marked real also if it
        simply goes on an hour later. None if there is no such open alert.
        """
        case = self._ledger.register.find(alert)
        if case is None or case.alert is None or not case.is_open:
            return None
        case.alert.acknowledged_by = who
        self._ledger.close(case, comment, now_s)
        return self._only_change()

    def reopen(self, alert: str, who: str, comment: str) -> AlertChange | None:
        """Open a closed alert again; None if it is not closed or no longer remembered."""
        case = self._ledger.register.find(alert)
        if case is None or case.alert is None or case.is_open:
            return None
        case.alert.acknowledged_by = who
        case.alert.comment = comment
        self._ledger.reopen(case)
        return self._only_change()

    def set_mutes(self, mutes: list[Mute]) -> list[AlertChange]:
        """Put others in force at once, for what is open as well; return what that changed."""
        self._mutes.replace(mutes)
        self._mark_again()
        return self._ledger.collect()

    def mutes(self) -> tuple[Mute, ...]:
        """Return the mutes in force with the number of times each was of use."""
        return self._mutes.snapshot()

    def listed(self) -> tuple[Listed, ...]:
        """Return what was noticed but was not worth an alert: habits to look at."""
        return self._ledger.listed()

    def count_open(self) -> dict[str, int]:
        """Return how many alerts wait for somebody, by severity."""
        waiting: Counter[str] = Counter()
        for case in self._ledger.register.iter_open():
            if case.alert is not None and case.alert.state == AlertState.OPEN:
                waiting[case.alert.severity] += 1
        return dict(waiting)

    def statistics(self) -> CasebookStatistics:
        """Return the counters."""
        told, register = self._ledger.counts, self._ledger.register
        return CasebookStatistics(
            devices=len(self._devices),
            open_alerts=len(register),
            closed_remembered=register.closed,
            incidents=len(self._incidents),
            mutes=len(self._mutes),
            beyond_day=told["day"],
            beyond_habits=told["budget"],
            alerts_evicted=told["crowded_out"],
            incidents_evicted=self._incidents.forgotten,
            mutes_refused=self._mutes.refused,
            **{name: told[name] for name in _TOLD},
            **{name: self._counts[name] for name in _COUNTED},
        )

    def _only_change(self) -> AlertChange | None:
        changes = self._ledger.collect()
        return changes[-1] if changes else None

    def _move(self, now_s: float) -> None:
        self._now_s = max(self._now_s, now_s)
        if not self._intake.learning_since:
            self._intake.learning_since = now_s

    def _take_one(self, signal: Signal, visibility: Visibility, *, quiet: bool) -> None:
        self._move(signal.ts_s)
        believed, why = self._intake.believe(signal, visibility, self._now_s)
        if believed is None:
            if why:
                self._ledger.list_signal(signal, why)
            return
        key = self._directory.device_of(signal.host)
        device, gone = self._devices.touch(key, inside=signal.inside)
        if gone is not None:
            self._counts["devices_evicted"] += 1
            self._ledger.forget(gone)
        device.last_s = max(device.last_s, signal.ts_s)
        held, heavier = self._hold(device, believed)
        held.case.visibility = combine(held.case.visibility, visibility)
        device.stale |= heavier
        if not quiet:
            self._judge.hear(device, held.case, self._now_s)

    def _hold(self, device: Device, signal: Signal) -> tuple[Held, bool]:
        """Return where a signal is held, and whether it adds weight."""
        name = self._directory.device_name(signal.host)
        mute = self._mutes.find(describe_signal(signal, device.key, name), self._now_s)
        if mute:
            self._mutes.count(mute)
            self._counts["muted"] += 1
        place = locate(signal, mute)
        strength = signal.weight * signal.confidence * self._sensitivity
        held = device.held.get(place)
        if held is None:
            if device.make_room(self._now_s):
                self._counts["evidence_evicted"] += 1
            held = device.held[place] = Held(place, signal, strength, find_case(device, signal))
            return held, True
        if held.case.key[0] == UNSORTED:
            held.case = find_case(device, signal)
        return held, held.renew(signal, strength, device.judged_s)

    def _mark_again(self) -> None:
        """Compare all evidence with the mutes that are in force now."""
        for device in list(self._devices):
            changed = False
            for held in device.held.values():
                name = self._directory.device_name(held.signal.host)
                subject = describe_signal(held.signal, device.key, name)
                mute = self._mutes.find(subject, self._now_s)
                changed |= mute != held.muted_by
                held.muted_by = mute
            if changed:
                self._judge.judge_device(device, None, self._now_s)


def _order(signal: Signal) -> tuple[float, int, int, str, int, int, int]:
    peer = signal.peer
    hi, lo = (peer.hi, peer.lo) if peer else (0, 0)
    return signal.ts_s, signal.host.hi, signal.host.lo, signal.rule, hi, lo, signal.port
