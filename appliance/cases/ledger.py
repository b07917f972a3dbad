"""What is done about a judged case: raised, told again, closed, held back, or only listed."""

from collections import Counter, OrderedDict

import msgspec

from appliance.cases.budgets import Budgets
from appliance.cases.directory import Directory
from appliance.cases.evidence import Case, Device, Held
from appliance.cases.incidents import Incidents
from appliance.cases.kinds import describe, rank
from appliance.cases.marks import CROWDED_OUT, GAVE_WAY
from appliance.cases.register import Register
from appliance.cases.scoring import Judgement
from appliance.cases.summary import clean, count_words
from appliance.cases.writing import count_evidence, write_alert, write_id
from appliance.config.schema import Alerts
from appliance.model.alert import Alert, AlertChange, AlertState, Severity, Signal

DECADE = 10  # an alert is told again when its count is this many times that of the last time
MAX_LISTED = 500
MAX_NAMED = 4  # addresses that the line about further strangers names
# Of two changes to one alert at one time the louder is told; of two turns the later.
_TURN = 3
_LOUDNESS = {
    "changed": 0, "recurring": 1, "escalated": 2, "raised": _TURN, "muted": _TURN, "closed": _TURN,
}  # fmt: skip
URGENT = rank(Severity.HIGH)


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """Something noticed that was not worth an alert: a habit to look at when there is time."""

    ts: float  # s since the epoch
    host: str
    kind: str
    score: float
    reason: str  # budget day learning blind
    sentence: str
    peer: str = ""
    peer_name: str = ""
    port: int = 0
    count: int = 1


class Ledger:
    """The alerts, and the changes to them that nobody was told of yet."""

    def __init__(
        self, config: Alerts, sensor: str, directory: Directory, incidents: Incidents
    ) -> None:
        self.register = Register()
        self.budgets = Budgets(config)
        self.incidents = incidents
        self.counts: Counter[str] = Counter()
        self._sensor = sensor
        self._name_of = directory.device_name
        self._changes: list[AlertChange] = []
        self._listed: OrderedDict[tuple[str, str, str], Listed] = OrderedDict()
        self._crowds: dict[str, Case] = {}  # kind -> the line about further strangers today

    def collect(self) -> list[AlertChange]:
        """Return what changed since the last time, one entry an alert where one says it all."""
        changes, self._changes = self._changes, []
        found: dict[str, AlertChange] = {}
        for change in changes:
            known, what = found.get(change.alert.id), change.what
            if known is not None and _LOUDNESS[known.what] >= _LOUDNESS[what]:
                what = known.what if _LOUDNESS[what] < _TURN else what
            found[change.alert.id] = msgspec.structs.replace(change, what=what)
        return list(found.values())

    def listed(self) -> tuple[Listed, ...]:
        """Return the habits to look at, the strongest first."""
        return tuple(sorted(self._listed.values(), key=lambda one: (-one.score, one.ts, one.host)))

    def offer(
        self, case: Case, judged: Judgement, own: list[Held], severity: Severity, now_s: float
    ) -> None:
        """Raise an alert if the day's budgets have room for it, else list it."""
        urgent = rank(severity) >= URGENT
        self.budgets.begin(now_s)
        if not self.budgets.has_room(urgent=urgent):
            self._list(case, judged, own, "day")
            return
        if not (urgent or case.device.inside) and not self._name_outsider(case, judged, now_s):
            return
        name = case.alert.id if case.alert else self._write_id(case, own)
        gave_way = ""
        if judged.regular and not urgent:
            admitted, gave_way = self.budgets.admit_habit(name, judged.score)
            if not admitted:
                self._list(case, judged, own, "budget")
                return
        self._raise(case, judged, own, severity, now_s)
        if loser := self.register.find(gave_way):
            self.close(loser, GAVE_WAY, now_s)

    def update(
        self, case: Case, judged: Judgement, own: list[Held], severity: Severity | None
    ) -> None:
        """Bring an open alert up to date; tell of it if it got worse, or tenfold."""
        alert = case.alert
        assert alert is not None
        again = self.count(case, own)
        self.budgets.grow_habit(alert.id, judged.score)
        _hear(case, judged)
        worse = severity is not None and rank(severity) > rank(alert.severity)
        if not (worse or again):
            return
        self._write(case, judged, own)
        if severity is not None and worse:
            alert.severity = severity.value
            alert.state = AlertState.OPEN.value
            self._file(case)
            self.incidents.place(alert, case.device.key, inside=case.device.inside)
        self._tell("escalated" if worse else "recurring", case, "" if worse else alert.summary)

    def count(self, case: Case, own: list[Held]) -> bool:
        """Count evidence of an open alert, to be written when it is next passed on.

        Returns whether it is time to tell of it again.
        """
        alert = case.alert
        assert alert is not None
        alert.count = max(alert.count, count_evidence(own))
        alert.last_seen = max(alert.last_seen, *(held.last_s for held in own))
        case.dirty = True
        return alert.count >= DECADE * case.reported

    def pass_on(self, case: Case, judged: Judgement, own: list[Held]) -> None:
        """Write an open alert anew and pass it on, without need to tell anybody of it."""
        if own:
            self._write(case, judged, own)
        self._tell("changed", case)

    def hold_back(self, case: Case, judged: Judgement, own: list[Held], now_s: float) -> None:
        """Keep an alert that a mute covers, for the record; nobody is told twice."""
        main = judged.main
        assert main is not None
        known = case.alert is not None and case.alert.state == AlertState.MUTED
        if case.alert is None:
            case.alert = Alert(
                id=self._write_id(case, own), ts=now_s, first_seen=0, last_seen=0, kind="",
                severity=Severity.LOW.value, confidence=0, host="", sensor=self._sensor,
            )  # fmt: skip
        if known:
            self.count(case, own)
            return
        self._write(case, judged, own)
        case.alert.state = AlertState.MUTED.value
        case.alert.muted_by = main.muted_by
        _hear(case, judged)
        self.register.drop(case)
        self._tell("muted", case, "Muted: " + case.alert.summary)

    def close(self, case: Case, comment: str, now_s: float) -> None:
        """Close an alert."""
        alert = case.alert
        assert alert is not None
        alert.state = AlertState.CLOSED.value
        alert.comment = clean(comment, 1_000)
        case.closed_s = now_s
        self.register.file_closed(case)
        self._tell("closed", case, f"Closed, {alert.comment or 'no comment'}: {alert.title}")

    def change(self, case: Case) -> None:
        """Pass on an alert that changed without need to tell anybody of it."""
        self._tell("changed", case)

    def reopen(self, case: Case) -> None:
        """Put a closed alert back among the open ones."""
        assert case.alert is not None
        case.alert.state = AlertState.OPEN.value
        case.closed_s = 0.0
        self._file(case)
        self._tell("changed", case, "Reopened: " + case.alert.title)

    def restore(self, case: Case) -> None:
        """Take in a case whose alert comes from the store."""
        assert case.alert is not None
        if case.is_open:
            self.register.file_open(case)
        else:
            self.register.file_closed(case)

    def forget(self, device: Device) -> None:
        """Forget the closed alerts of a device that is forgotten; open ones fade on their own."""
        for case in dict.fromkeys(device.cases.values()):
            if case.alert is not None and not case.is_open:
                self.register.drop(case)

    def list_signal(self, signal: Signal, reason: str) -> None:
        """List a signal that must not count now."""
        self.counts[reason] += 1
        peer = signal.peer.ip if signal.peer else ""
        self._note(
            (signal.host.ip, signal.kind, peer),
            Listed(
                ts=signal.ts_s, host=signal.host.ip, kind=signal.kind, reason=reason, peer=peer,
                score=round(signal.weight, 2), sentence=clean(signal.sentence), port=signal.port,
                peer_name=clean(signal.peer_name), count=signal.count,
            ),
        )  # fmt: skip

    def _raise(
        self, case: Case, judged: Judgement, own: list[Held], severity: Severity, now_s: float
    ) -> None:
        alert = case.alert
        if alert is None:
            alert = case.alert = Alert(
                id=self._write_id(case, own), ts=now_s, first_seen=0, last_seen=0, kind="",
                severity=severity.value, confidence=0, host="", sensor=self._sensor,
            )  # fmt: skip
        alert.ts = now_s
        alert.score = alert.confidence = 0.0
        self._write(case, judged, own)
        alert.severity = severity.value
        alert.state = AlertState.OPEN.value
        alert.muted_by = 0
        alert.comment = alert.acknowledged_by = ""
        case.closed_s, case.listed = 0.0, False
        _hear(case, judged)
        self._file(case)
        self.budgets.count()
        self.incidents.place(alert, case.device.key, inside=case.device.inside)
        self._tell("raised", case)

    def _write(self, case: Case, judged: Judgement, own: list[Held]) -> None:
        assert case.alert is not None
        write_alert(case.alert, judged, own, self._name(judged))
        case.alert.visibility = case.visibility

    def _name_outsider(self, case: Case, judged: Judgement, now_s: float) -> bool:
        """Tell whether a stranger gets an alert of its own; else count it among the others."""
        assert judged.main is not None
        day = self.budgets.day
        if case.crowd_day == day:
            return False
        signal = judged.main.signal
        if self.budgets.admit_outsider(signal.kind):
            return True
        case.crowd_day = day
        self.counts["crowd"] += 1
        self._count_stranger(signal, day, now_s)
        return False

    def _count_stranger(self, signal: Signal, day: int, now_s: float) -> None:
        crowd = self._crowds.get(signal.kind)
        fresh = crowd is None or crowd.crowd_day != day or not crowd.is_open
        if crowd is None or fresh:
            crowd = Case(Device("outside", inside=False), ("crowd", signal.kind))
            crowd.crowd_day = day
            crowd.alert = Alert(
                id=write_id(self._sensor, "outside", (signal.kind, str(day)), now_s), ts=now_s,
                first_seen=signal.first_s, last_seen=signal.last_s, kind=signal.kind, count=0,
                severity=Severity.LOW.value, confidence=1.0, host=signal.host.ip,
                sensor=self._sensor,
                title=f"{describe(signal.kind).title}: further strangers",
                advice="Strangers try this all day. The others of today have alerts of their own.",
            )  # fmt: skip
            self._crowds[signal.kind] = crowd
        alert = crowd.alert
        assert alert is not None
        alert.count += 1
        alert.last_seen = max(alert.last_seen, signal.last_s)
        ends = dict.fromkeys([signal.host.ip, *alert.peers])
        alert.peers = tuple(ends)[:MAX_NAMED]
        number = count_words(alert.count, "further address", "further addresses")
        what = describe(signal.kind).title.lower()
        alert.summary = (
            f"{number} outside did the same today ({what}), among them {alert.peers[0]}."
        )
        if fresh:
            self.budgets.count()
            self._file(crowd)
            self._tell("raised", crowd)
        elif alert.count >= DECADE * crowd.reported:
            self._tell("recurring", crowd)
        else:
            crowd.dirty = True

    def _file(self, case: Case) -> None:
        gone = self.register.file_open(case)
        if gone is None or gone.alert is None:
            return
        self.counts["crowded_out"] += 1
        gone.alert.state = AlertState.CLOSED.value
        gone.alert.comment = CROWDED_OUT
        gone.closed_s = gone.alert.last_seen
        self._tell("closed", gone)

    def _list(self, case: Case, judged: Judgement, own: list[Held], reason: str) -> None:
        assert judged.main is not None
        if not case.listed:
            case.listed = True
            self.counts[reason] += 1
        signal = judged.main.signal
        self._note(
            (case.device.key, *case.key),
            Listed(
                ts=signal.ts_s, host=signal.host.ip, kind=signal.kind, reason=reason,
                peer=signal.peer.ip if signal.peer else "", peer_name=clean(signal.peer_name),
                port=signal.port, score=round(judged.score, 2), sentence=clean(signal.sentence),
                count=count_evidence(own),
            ),
        )  # fmt: skip

    def _note(self, key: tuple[str, str, str], listed: Listed) -> None:
        self._listed[key] = listed
        self._listed.move_to_end(key)
        if len(self._listed) > MAX_LISTED:
            self._listed.popitem(last=False)

    def _tell(self, what: str, case: Case, line: str = "") -> None:
        alert = case.alert
        assert alert is not None
        if what in {"raised", "escalated", "recurring"}:
            case.reported = alert.count
        case.dirty = False
        self.counts[what] += 1
        incident = self.incidents.follow(alert, line)
        self._changes.append(
            AlertChange(what=what, alert=msgspec.structs.replace(alert), incident=incident)
        )

    def _name(self, judged: Judgement) -> str:
        assert judged.main is not None
        return self._name_of(judged.main.signal.host)

    def _write_id(self, case: Case, own: list[Held]) -> str:
        first_s = min(held.first_s for held in own)
        return write_id(self._sensor, case.device.key, case.key, first_s)


def _hear(case: Case, judged: Judgement) -> None:
    assert judged.main is not None
    case.hear(judged.score, judged.main, judged.agreeing)
