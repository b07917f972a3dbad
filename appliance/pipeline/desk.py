"""Where people's decisions come in: any thread asks, the pipeline's thread carries out."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress

import msgspec

from appliance.cases.mutes import preview_mute, propose_mutes
from appliance.model.address import parse_address
from appliance.model.alert import Alert, AlertChange, AlertState, Mute
from appliance.model.views import Decision, MutePreview
from appliance.pipeline.watch import Watch
from appliance.runtime.mailbox import Mailbox, MailboxFull

MOST_OWNERS = 4_096  # peers of alerts whose AS is remembered
_PATIENCE_S = 2.0

_Owners = dict[str, int]


class CaseDesk:
    """Takes decisions for whichever watch is running.

    current : the watch;  now : s since the epoch
    """

    def __init__(
        self, mailbox: Mailbox, current: Callable[[], Watch], now: Callable[[], float]
    ) -> None:
        self._mailbox = mailbox
        self._current = current
        self._now = now
        self._owners: OrderedDict[str, int] = OrderedDict()  # written by the pipeline's thread

    def decide(
        self, alert_id: str, state: AlertState, decision: Decision, /
    ) -> Future[Alert | None]:
        """Acknowledge, close or reopen an alert; None if that is not possible."""
        return self._mailbox.ask(
            lambda: self._current().muting.decide(alert_id, state, decision, self._now())
        )

    def add_mute(self, mute: Mute, /) -> Future[Mute]:
        """Put a mute in force."""
        return self._mailbox.ask(lambda: self._current().muting.add(mute, self._now()))

    def remove_mute(self, mute_id: int, /) -> Future[bool]:
        """Lift a mute."""
        return self._mailbox.ask(lambda: self._current().muting.remove(mute_id))

    def propose(self, alert: Alert, by: str, /) -> Sequence[Mute]:
        """Return mutes that would silence an alert, the narrowest first."""
        asn = self._owners.get(alert.peer, 0)
        return propose_mutes(alert, asn=asn, now_s=self._now(), who=by)

    def preview(self, mute: Mute, alerts: Iterable[Alert], /) -> MutePreview:
        """Return what a mute would have held back; waits for the pipeline if it is about an AS."""
        if mute.asn:
            alerts = list(alerts)
            owners = self._find_owners({alert.peer for alert in alerts} - {""})
            found = preview_mute(mute, alerts, lambda peer: owners.get(peer, 0))
        else:
            found = preview_mute(mute, alerts)
        return msgspec.convert(msgspec.structs.asdict(found), MutePreview)

    def note(self, changes: list[AlertChange]) -> None:
        """Remember whose peers those of alerts are; a sink for the pipeline's thread."""
        self._look_up({change.alert.peer for change in changes} - {""} - self._owners.keys())

    def _find_owners(self, peers: set[str]) -> _Owners:
        missing = peers - self._owners.keys()
        if missing:
            # what is not known matches nothing
            with suppress(MailboxFull, TooLate, CancelledError):
                self._mailbox.ask(lambda: self._look_up(missing)).result(_PATIENCE_S)
        return dict(self._owners)

    def _look_up(self, peers: set[str]) -> None:
        address = self._current().bearings.enricher.address
        for peer in sorted(peers):
            try:
                self._owners[peer] = address(*parse_address(peer)).asn
            except ValueError:
                self._owners[peer] = 0
            if len(self._owners) > MOST_OWNERS:
                self._owners.popitem(last=False)
