"""Incidents: alerts of one device close in time are one story, with a timeline.

A story may go on at another device: who was attacked and then acts itself belongs to it.
"""

from collections import OrderedDict

import msgspec

from appliance.cases.kinds import describe, rank
from appliance.cases.summary import clean, name_host
from appliance.model.alert import Alert, AlertState, Incident

GAP_S = 86_400.0  # of silence, after which another story begins
MAX_INCIDENTS = 4_096  # remembered
MAX_VICTIMS = 4_096
MAX_TIMELINE = 50
MAX_ALERTS = 200  # ids an incident names

# After these the victim's own behaviour is part of the story.
_ATTACKS = frozenset({"brute_force", "lateral_movement"})
_ATTACKS_INSIDE = _ATTACKS | {"port_scan"}  # strangers scan everybody: that begins no story
_KEPT_FIRST = 25  # of a timeline that grew too long, the beginning; and as much of the end
_NUMBER = "INC-"


class _Story:
    """An incident and whose it is."""

    __slots__ = ("attacks", "device", "incident", "open")

    def __init__(self, device: str, incident: Incident, *, inside: bool = True) -> None:
        self.device = device
        self.attacks = _ATTACKS_INSIDE if inside else _ATTACKS
        self.incident = incident
        self.open: set[str] = set()  # alerts not closed


class Incidents:
    """All stories still told or lately told."""

    def __init__(self, first: int = 1_001) -> None:
        self._next = first
        self._stories: OrderedDict[str, _Story] = OrderedDict()  # by id
        self._latest: dict[str, _Story] = {}  # by device
        self._victims: OrderedDict[str, tuple[str, float]] = OrderedDict()  # address -> id, when
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._stories)

    def find(self, incident: str) -> Incident | None:
        """Return a copy as it stands now."""
        story = self._stories.get(incident)
        return _copy(story.incident) if story else None

    def restore(self, incident: Incident, device: str) -> None:
        """Take in an incident from the store."""
        story = _Story(device, _copy(incident))
        self._remember(story)
        number = incident.id.removeprefix(_NUMBER)
        if number.isascii() and number.isdigit():
            self._next = max(self._next, int(number) + 1)

    def place(self, alert: Alert, device: str, *, inside: bool) -> Incident | None:
        """Give a raised alert its incident, and return a copy of that; sets alert.incident.

        None for mere notices (info) that belong to no story.
        """
        story = self._stories.get(alert.incident) or self._find_story(alert, device, inside=inside)
        if story is None:
            if alert.severity == "info":
                return None
            story = self._begin(alert, device, inside=inside)
        alert.incident = story.incident.id
        self._tell(story, alert, alert.summary)
        return _copy(story.incident)

    def follow(self, alert: Alert, text: str = "") -> Incident | None:
        """Bring an incident up to date with an alert of it; text : a line for the timeline."""
        story = self._stories.get(alert.incident)
        if story is None:
            return None
        self._tell(story, alert, text)
        return _copy(story.incident)

    def _find_story(self, alert: Alert, device: str, *, inside: bool) -> _Story | None:
        story = self._latest.get(device)
        if story is not None and alert.first_seen - story.incident.last_seen <= GAP_S:
            return story
        attacked = self._victims.get(alert.host) if inside else None
        if attacked is None or not -GAP_S <= attacked[1] - alert.last_seen <= 0.0:
            return None
        return self._stories.get(attacked[0])

    def _begin(self, alert: Alert, device: str, *, inside: bool) -> _Story:
        incident = Incident(
            id=f"{_NUMBER}{self._next}",
            title="",
            severity=alert.severity,
            score=alert.score,
            host=alert.host,
            device=alert.device,
            first_seen=alert.first_seen,
            last_seen=alert.last_seen,
        )
        self._next += 1
        story = _Story(device, incident, inside=inside)
        self._remember(story)
        return story

    def _remember(self, story: _Story) -> None:
        if len(self._stories) >= MAX_INCIDENTS:
            _, oldest = self._stories.popitem(last=False)
            self.forgotten += 1
            if self._latest.get(oldest.device) is oldest:
                del self._latest[oldest.device]
        self._stories[story.incident.id] = story
        self._latest[story.device] = story

    def _tell(self, story: _Story, alert: Alert, text: str) -> None:
        incident = story.incident
        if alert.state in {AlertState.CLOSED, AlertState.MUTED}:
            story.open.discard(alert.id)
        else:
            story.open.add(alert.id)
        if alert.id not in incident.alerts and len(incident.alerts) < MAX_ALERTS:
            incident.alerts += (alert.id,)
        if alert.kind not in incident.kinds:
            incident.kinds += (alert.kind,)
        if rank(alert.severity) > rank(incident.severity):
            incident.severity = alert.severity
        incident.score = max(incident.score, alert.score)
        incident.first_seen = min(incident.first_seen, alert.first_seen)
        incident.last_seen = max(incident.last_seen, alert.last_seen)
        incident.state = (AlertState.OPEN if story.open else AlertState.CLOSED).value
        incident.title = _write_title(incident)
        if text:
            _add_line(incident, alert.last_seen, text)
        self._note_victims(story, alert)

    def _note_victims(self, story: _Story, alert: Alert) -> None:
        if alert.kind not in story.attacks or alert.state == AlertState.MUTED:
            return
        for victim in (alert.peer, *alert.peers):
            if victim and victim != alert.host:
                self._victims[victim] = (story.incident.id, alert.last_seen)
                self._victims.move_to_end(victim)
        while len(self._victims) > MAX_VICTIMS:
            self._victims.popitem(last=False)


def _copy(incident: Incident) -> Incident:
    return msgspec.structs.replace(incident, timeline=list(incident.timeline))


def _add_line(incident: Incident, at_s: float, text: str) -> None:
    incident.timeline.append((at_s, clean(text, 400)))
    if len(incident.timeline) > MAX_TIMELINE:
        del incident.timeline[_KEPT_FIRST]


def _write_title(incident: Incident) -> str:
    titles = [describe(kind).title for kind in incident.kinds[:3]]
    more = len(incident.kinds) - len(titles)
    what = ", ".join([titles[0], *(title.lower() for title in titles[1:])])
    return (
        f"{what}{f' and {more} more' if more else ''}: {name_host(incident.host, incident.device)}"
    )
