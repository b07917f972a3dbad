"""How many alerts a UTC day may have, so that the few that count are read.

Causal: who comes first gets a place; a later one can only replace what it clearly beats.
"""

from appliance.config.schema import Alerts
from appliance.model.alert import Alert, Family

DAY_S = 86_400
CLEARLY = 0.5  # half decisions by which a later habit must beat one that has a place


class Budgets:
    """The places of one day."""

    def __init__(self, config: Alerts) -> None:
        self._config = config
        self._day = -1
        self._raised = 0
        self._habits: dict[str, float] = {}  # alert -> score, of those with a place
        self._replaced = 0
        self._outsiders: dict[str, int] = {}  # kind -> named

    @property
    def day(self) -> int:
        """The day under way, in days since the epoch."""
        return self._day

    def begin(self, now_s: float) -> None:
        """Start a new day if one has begun."""
        day = int(now_s // DAY_S)
        if day > self._day:
            self._day, self._raised, self._replaced = day, 0, 0
            self._habits, self._outsiders = {}, {}

    def has_room(self, *, urgent: bool) -> bool:
        """Tell whether another alert may be raised today; urgent ones always may."""
        return urgent or self._raised < self._config.per_day

    def count(self) -> None:
        """Note that one was raised."""
        self._raised += 1

    def admit_habit(self, alert: str, score: float) -> tuple[bool, str]:
        """Give an alert about mere regularity a place; name the one that loses its place, or "".

        At most as many are replaced in a day as there are places.
        """
        places = self._config.beacons_per_day
        if len(self._habits) < places:
            self._habits[alert] = score
            return True, ""
        if not self._habits or self._replaced >= places:
            return False, ""
        worst = min(self._habits, key=lambda name: (self._habits[name], name))
        if score < self._habits[worst] + CLEARLY:
            return False, ""
        del self._habits[worst]
        self._habits[alert] = score
        self._replaced += 1
        return True, worst

    def grow_habit(self, alert: str, score: float) -> None:
        """Note that an alert with a place got stronger."""
        if alert in self._habits:
            self._habits[alert] = max(self._habits[alert], score)

    def admit_outsider(self, kind: str) -> bool:
        """Tell whether another stranger may be named for this kind today, and count it."""
        named = self._outsiders.get(kind, 0)
        if named >= self._config.outsiders_per_day:
            return False
        self._outsiders[kind] = named + 1
        return True

    def restore(self, alert: Alert, *, inside: bool) -> None:
        """Count an alert that was raised today before a restart."""
        if alert.state == "muted":
            return
        self._raised += 1
        if {evidence.family for evidence in alert.evidence} == {Family.BEACON}:
            self._habits[alert.id] = alert.score
        if not inside:
            self._outsiders[alert.kind] = self._outsiders.get(alert.kind, 0) + 1
