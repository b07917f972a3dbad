"""What people decide about alerts, carried out by the thread that judges."""

from collections.abc import Iterable
from typing import Protocol

import msgspec

from appliance.cases.mutes import MAX_MUTES
from appliance.model.alert import Alert, AlertChange, AlertState, Mute
from appliance.model.memory import OpenCases
from appliance.model.views import Decision
from appliance.pipeline.detection import Detection


class MuteStore(Protocol):
    """What is asked of the store's writer."""

    def write_mutes(self, mutes: Iterable[Mute], removed: Iterable[int] = ()) -> None:
        """Take mutes that changed, and the ids of those that are no more."""

    def load_open(self) -> OpenCases:
        """Return open alerts and incidents, and the mutes."""


class Muting:
    """Decisions and mutes of one detection, which has been restored from the same store."""

    def __init__(self, detection: Detection, store: MuteStore) -> None:
        self._detection = detection
        self._store = store
        self._last_id = store.load_open().last_mute
        self._used = {mute.id: mute.used for mute in detection.casebook.mutes()}

    def decide(
        self, alert_id: str, state: AlertState, decision: Decision, now_s: float
    ) -> Alert | None:
        """Acknowledge, close or reopen an alert; None if it is not one that can be."""
        casebook = self._detection.casebook
        change: AlertChange | None
        if state is AlertState.ACKNOWLEDGED:
            change = casebook.acknowledge(alert_id, decision.by, decision.comment)
        elif state is AlertState.CLOSED:
            comment = f"{decision.verdict} {decision.comment}".strip()
            change = casebook.close(alert_id, decision.by, comment, now_s)
        elif state is AlertState.OPEN:
            change = casebook.reopen(alert_id, decision.by, decision.comment)
        else:
            raise ValueError(f"an alert cannot be made {state.value} by itself: mute what it shows")
        if change is None:
            return None
        self._detection.publish([change])
        return msgspec.structs.replace(change.alert)

    def add(self, mute: Mute, now_s: float) -> Mute:
        """Put a mute in force. Raises ValueError if there are too many."""
        mutes = self._detection.casebook.mutes()
        if len(mutes) >= MAX_MUTES:
            raise ValueError(f"there are {MAX_MUTES} mutes already: remove some")
        self._last_id += 1
        mute = msgspec.structs.replace(mute, id=self._last_id, created=now_s, used=0)
        self._store.write_mutes([mute])
        self._set([*mutes, mute])
        return mute

    def remove(self, mute_id: int) -> bool:
        """Lift a mute; False if there is none."""
        mutes = self._detection.casebook.mutes()
        left = [mute for mute in mutes if mute.id != mute_id]
        # one that has run out is still in the store
        self._store.write_mutes([], [mute_id])
        self._set(left)
        return len(left) < len(mutes)

    def save_used(self) -> None:
        """Write how often mutes were of use, where that has changed."""
        changed = [
            mute
            for mute in self._detection.casebook.mutes()
            if self._used.get(mute.id, 0) != mute.used
        ]
        if changed:
            self._used.update((mute.id, mute.used) for mute in changed)
            self._store.write_mutes(changed)

    def _set(self, mutes: list[Mute]) -> None:
        self._detection.publish(self._detection.casebook.set_mutes(mutes))
