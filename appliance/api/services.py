"""What the daemon gives the API. Nothing here is made by the API itself."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal, Protocol

from appliance.api.live import LiveFeed
from appliance.api.queries import QueryPool
from appliance.model.alert import Alert, AlertState, Mute
from appliance.model.health import Health
from appliance.model.views import Decision, ModelRow, MutePreview, TrainingStatus


class AlertDesk(Protocol):
    """What people do about alerts.

    What changes something is asked for on the loop and carried out, in order, by the thread that
    judges: it is done when the future is. Such a call may raise MailboxFull; a ValueError in the
    future says why it cannot be done. `propose` and `preview` change nothing; `preview` is called
    in query threads.
    """

    def decide(
        self, alert_id: str, state: AlertState, decision: Decision, /
    ) -> Future[Alert | None]:
        """Acknowledge, close or reopen an alert; None if there is none, or it is long closed."""

    def add_mute(self, mute: Mute, /) -> Future[Mute]:
        """Put a mute in force; its id and time of creation are given to it."""

    def remove_mute(self, mute_id: int, /) -> Future[bool]:
        """Lift a mute; False if there is none."""

    def propose(self, alert: Alert, by: str, /) -> Sequence[Mute]:
        """Return mutes that would silence an alert, the narrowest first."""

    def preview(self, mute: Mute, alerts: Iterable[Alert], /) -> MutePreview:
        """Return what a mute would have held back of past alerts."""


class TrainingDesk(Protocol):
    """Baselines and models. Called on the loop, cheap; what takes time is done elsewhere."""

    def request(self, work: Literal["train", "analyze"], /) -> bool:
        """Ask for training, or for judging the last windows now; False if that waits already."""

    def status(self) -> TrainingStatus:
        """Return what it is doing."""

    def models(self) -> list[ModelRow]:
        """Return the versions there are, the newest first."""

    def roll_back(self, version: int, /) -> Future[ModelRow | None]:
        """Judge with an earlier version from now on; None if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything a request may need. The callables are cheap and are called on the loop."""

    queries: QueryPool  # the store, behind threads
    live: LiveFeed  # what the WebSocket clients are sent
    health: Callable[[], Health]
    metrics: Callable[[], str]  # further metrics as Prometheus text, "" none
    attribution: Callable[[], list[dict[str, str]]]  # who the geographic data is from
    config_text: Callable[[], str]  # the effective configuration as TOML, without secrets
    now: Callable[[], float]  # s since the epoch
    alerts: AlertDesk | None = None  # None: detection is switched off
    training: TrainingDesk | None = None
