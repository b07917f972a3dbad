"""From evidence to a verdict: which cases of a device speak up, and which have fallen silent."""

from appliance.cases.evidence import UNSORTED, Case, Device, Held
from appliance.cases.kinds import describe, rank
from appliance.cases.ledger import Ledger
from appliance.cases.marks import FADED, REAL, find_mark
from appliance.cases.scoring import (
    Judgement,
    add_up,
    find_severity,
    rank_witnesses,
)
from appliance.config.schema import Alerts
from appliance.model.alert import AlertState, Severity, Signal

AGAIN = 1.0  # half decisions by which a closed case must come back stronger
STILL_S = 3_600.0  # evidence this long after an alert was closed as real says: it goes on
MEMORY_HALF_LIVES = 12  # a case that faded is remembered so long
MEMORY_CLOSED_S = 30 * 86_400.0  # and one that a person closed
MAX_PEER_ALERTS = 3  # open ones of one kind on one device; further peers share one
MAX_CASES = 128  # per device

# What nobody looked at yet stays open, however faded.
_STAYS_S = {
    Severity.INFO: 0.0,
    Severity.LOW: 0.0,
    Severity.MEDIUM: 86_400.0,
    Severity.HIGH: 3 * 86_400.0,
    Severity.CRITICAL: 3 * 86_400.0,
}


class Judge:
    """Judges the cases of one device at a time, and has the ledger act."""

    def __init__(self, config: Alerts, ledger: Ledger) -> None:
        self._config = config
        self._ledger = ledger

    def hear(self, device: Device, case: Case, now_s: float) -> None:
        """Judge a device after evidence of one of its cases came.

        What weighs no more than before changes no verdict: then an open case only counts.
        """
        if device.stale or not case.is_open:
            self.judge_device(device, case, now_s)
            return
        own = [held for held in device.held.values() if held.case is case and not held.muted_by]
        if own and self._ledger.count(case, own):
            self.judge_device(device, case, now_s)

    def judge_device(self, device: Device, touched: Case | None, now_s: float) -> None:
        """Judge every case of a device: new evidence of one may corroborate another."""
        device.stale = False
        device.judged_s = now_s
        own: dict[Case, list[Held]] = {}
        for held in device.held.values():
            own.setdefault(held.case, []).append(held)
        heard = (held for held in device.held.values() if not held.muted_by)
        witnesses = rank_witnesses(heard, now_s)
        found = []
        for case, pieces in own.items():
            if case.key[0] == UNSORTED:
                continue
            live = [held for held in pieces if not held.muted_by]
            if live:
                found.append((add_up(live, witnesses, now_s), case, live))
            else:
                self._judge_muted(case, pieces, now_s)
        # the best first: what it names as agreeing needs no alert of its own
        for judged, case, live in sorted(found, key=_rank):
            self._act(case, judged, live, now_s, touched=case is touched)

    def review(self, case: Case, now_s: float) -> None:
        """Close an open alert whose evidence has faded; pass it on if it changed."""
        alert = case.alert
        assert alert is not None
        age_s = now_s - alert.last_seen
        fixed = describe(alert.kind).severity is not None
        stays_s = 0.0 if fixed else _STAYS_S[Severity(alert.severity)]
        old = age_s >= max(stays_s, case.half_life_s)
        if not (old or case.dirty):
            return
        live = [held for held in case.device.held.values() if not held.muted_by]
        own = [held for held in live if held.case is case]
        judged = add_up(own, rank_witnesses(live, now_s), now_s)
        if old and (fixed or judged.score < self._config.low / 2):
            self._ledger.close(case, FADED, now_s)
        elif case.dirty:
            self._ledger.pass_on(case, judged, own)

    def _act(
        self, case: Case, judged: Judgement, own: list[Held], now_s: float, *, touched: bool
    ) -> None:
        severity = self._find_severity(judged)
        if case.is_open:
            assert case.alert is not None
            worse = severity is not None and rank(severity) > rank(case.alert.severity)
            if touched or worse:
                self._ledger.update(case, judged, own, severity)
        elif severity is not None and self._may_raise(case, judged, own, now_s):
            shared = _share(case, own)
            if shared is not case:
                self.judge_device(case.device, shared, now_s)
            elif not self._is_told(case, judged):
                self._ledger.offer(case, judged, own, severity, now_s)

    def _is_told(self, case: Case, judged: Judgement) -> bool:
        """Tell whether a case too weak alone leans on an open alert, or is shown by one.

        Two weak pieces are one alert: what agrees makes the first one worse, and stands in it.
        """
        main = judged.main
        assert main is not None
        if judged.alone >= self._config.low or describe(main.signal.kind).severity is not None:
            return False
        helped_by = {held.case for held in judged.agreeing}
        others = dict.fromkeys(case.device.cases.values())
        return any(
            other.is_open and (other in helped_by or main in other.agreeing)
            for other in others
            if other is not case
        )

    def _judge_muted(self, case: Case, own: list[Held], now_s: float) -> None:
        judged = add_up(own, [], now_s)
        closed = case.alert is not None and case.alert.state == AlertState.CLOSED
        if not closed and (case.is_open or self._find_severity(judged) is not None):
            self._ledger.hold_back(case, judged, own, now_s)

    def _find_severity(self, judged: Judgement) -> Severity | None:
        assert judged.main is not None
        fixed = describe(judged.main.signal.kind).severity
        return fixed or find_severity(judged.score, self._config)

    def _may_raise(self, case: Case, judged: Judgement, own: list[Held], now_s: float) -> bool:
        """Tell whether a case that is not open may become so."""
        alert = case.alert
        if alert is None or alert.state == AlertState.MUTED:
            return True
        assert judged.main is not None
        mark = find_mark(alert)
        if mark == REAL:
            return judged.main.last_s > case.closed_s + STILL_S
        half_life_s = judged.main.signal.half_life_s
        faded = alert.comment == FADED
        memory_s = MEMORY_HALF_LIVES * half_life_s if faded else MEMORY_CLOSED_S
        if now_s > case.closed_s + memory_s:
            self._begin_anew(case, own)
            return True
        return bool(judged.families - case.families) or judged.score >= case.peak + AGAIN

    def _begin_anew(self, case: Case, own: list[Held]) -> None:
        """Forget a closed alert: what comes now is another one."""
        self._ledger.register.drop(case)
        for held in own:
            held.begin_anew(case.closed_s)
        case.alert, case.peak, case.reported = None, 0.0, 0
        case.families.clear()
        case.agreeing.clear()


def _rank(found: tuple[Judgement, Case, list[Held]]) -> tuple[float, tuple[str, str]]:
    return -found[0].score, found[1].key


def find_case(device: Device, signal: Signal) -> Case:
    """Return the case a signal belongs to, made if there is none.

    One per kind (or fold of kinds); one per peer where the kind folds by peer. A peer is known by
    its address and by its name, so that a name that moves between addresses stays one case.
    """
    kind, peer = describe(signal.kind), signal.peer
    if peer is None or not (kind.fold or signal.per_peer):
        return device.cases.setdefault((signal.kind, ""), Case(device, (signal.kind, "")))
    fold = kind.fold or signal.kind
    by_address, by_name = (fold, peer.ip), (fold, signal.peer_name or peer.ip)
    case = device.cases.get(by_address) or device.cases.get(by_name)
    if case is None:
        if len(device.cases) >= MAX_CASES:
            _drop_silent(device)
        case = Case(device, by_name)
    device.cases[by_address] = device.cases[by_name] = case
    return case


def _drop_silent(device: Device) -> None:
    """Forget the cases without evidence and without an open alert."""
    used = {held.case for held in device.held.values()}
    kept = {key: c for key, c in device.cases.items() if c in used or c.is_open}
    device.cases.clear()
    device.cases.update(kept)


def _share(case: Case, own: list[Held]) -> Case:
    """Return the case that speaks: this one, or the one that gathers many peers' cases."""
    fold, peer = case.key
    if not peer or case.alert is not None:
        return case
    device = case.device
    cases = dict.fromkeys(device.cases.values())
    spoken = sum(c.is_open for c in cases if c.key[0] == fold and c.key[1])
    if spoken < MAX_PEER_ALERTS:
        return case
    shared = device.cases.setdefault((fold, ""), Case(device, (fold, "")))
    for held in own:
        held.case = shared
    for key in [key for key, known in device.cases.items() if known is case]:
        device.cases[key] = shared
    return shared
