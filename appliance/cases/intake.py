"""Which signals count, and how much: what is off, allowed, too early or half seen does not."""

from collections import Counter

from appliance.cases.directory import Directory
from appliance.cases.doubt import weigh_doubt
from appliance.cases.kinds import describe
from appliance.config.schema import Alerts, Detect, Learn
from appliance.model.alert import Family, Signal, Visibility

DOUBTFUL_BELOW = 0.1  # half decisions: so far under a high alert must doubtful evidence stay


class Intake:
    """Believes signals or not.

    learning_since : packet time of the first look ever, s since the epoch; 0 unknown
    """

    def __init__(self, config: Alerts, detect: Detect, learn: Learn, directory: Directory) -> None:
        self.learning_since = 0.0
        self.counts: Counter[str] = Counter()
        self._most_doubtful = config.high - DOUBTFUL_BELOW
        self._off = frozenset(detect.off)
        self._learning_s = learn.learning_s
        self._allowed = directory.allowed

    def believe(
        self, signal: Signal, visibility: Visibility, now_s: float
    ) -> tuple[Signal | None, str]:
        """Return the signal as far as it counts; or None and why it is listed, "" if it is not."""
        self.counts["signals"] += 1
        if signal.rule in self._off or signal.kind in self._off:
            self.counts["silenced"] += 1
            return None, ""
        if self._is_allowed(signal):
            self.counts["allowed"] += 1
            return None, ""
        if describe(signal.kind).learns and now_s - self.learning_since < self._learning_s:
            return None, "learning"
        return weigh_doubt(signal, visibility, self._most_doubtful), "blind"

    def _is_allowed(self, signal: Signal) -> bool:
        if signal.family is Family.SENSOR:
            return False
        if self._allowed(signal.host, ""):
            return True
        # one allowed target among many does not explain the others
        if signal.peer is None or signal.peers:
            return False
        return self._allowed(signal.peer, signal.peer_name)
