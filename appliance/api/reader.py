"""What the API asks of the store. The daemon passes in something that answers this."""

from typing import Any, Protocol

from appliance.model.alert import Alert, Incident, Mute
from appliance.model.views import (
    AlertCount,
    AlertFilter,
    CountryRow,
    FlowFilter,
    FlowRow,
    HostRow,
    HostWindow,
    OpenAlerts,
    Page,
    StoreTotals,
    Talker,
    TrafficPoint,
)


class Cases(Protocol):
    """Queries about alerts, incidents and mutes; the rules of Reader hold."""

    def alerts(self, where: AlertFilter, /) -> Page:
        """Return Alerts, the ones raised last first."""

    def alert(self, alert_id: str, /) -> Alert | None:
        """Return one alert."""

    def counts(self, since: float, until: float, step_s: int, /) -> list[AlertCount]:
        """Return how many were raised by step, kind and severity, oldest first."""

    def open(self, limit: int, /) -> OpenAlerts:
        """Return how many alerts are open, and the newest of them."""

    def incidents(self, where: AlertFilter, /) -> Page:
        """Return Incidents, the newest first."""

    def incident(self, incident_id: str, /) -> Incident | None:
        """Return one incident."""

    def mutes(self) -> list[Mute]:
        """Return all mutes."""


class Reader(Protocol):
    """Read-only queries; times in s since the epoch, ranges half open [since, until).

    Called from the query threads only, one call at a time per thread. May raise StoreError, and
    ValueError for a cursor or a filter value that means nothing to it.
    """

    @property
    def cases(self) -> Cases:
        """Alerts, incidents and mutes."""

    def flows(self, where: FlowFilter, /) -> Page:
        """Return FlowRows, newest first."""

    def flow(self, flow_id: int, /) -> FlowRow | None:
        """Return one flow by its row id."""

    def top(self, since: float, until: float, limit: int, local: bool | None, /) -> list[Talker]:
        """Return the addresses with most bytes; `local` True or False narrows, None does not."""

    def traffic(self, since: float, until: float, step_s: int, /) -> list[TrafficPoint]:
        """Return sums per step, oldest first."""

    def hosts(self, since: float, until: float, limit: int, cursor: str, search: str, /) -> Page:
        """Return HostRows, busiest or newest first."""

    def host(self, ip: str, since: float, until: float, /) -> HostRow | None:
        """Return one address, None if it was never seen."""

    def host_history(self, ip: str, since: float, until: float, /) -> list[Any]:
        """Return one address's sums over time, oldest first."""

    def host_windows(self, ip: str, since: float, until: float, limit: int, /) -> list[HostWindow]:
        """Return one host's fingerprints, oldest first."""

    def countries(self, since: float, until: float, limit: int, /) -> list[CountryRow]:
        """Return the countries with most bytes."""

    def stats(self) -> StoreTotals:
        """Return what the store holds."""
