"""Queries. Each thread has a reader of its own; another process may read beside the writer."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, TypeVarTuple

import apsw

from appliance.errors import StoreError
from appliance.model.alert import Alert, Incident, Mute
from appliance.model.memory import Windows
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
from appliance.model.window import FEATURES
from appliance.store import casequery
from appliance.store.connection import DAMAGE
from appliance.store.flowquery import find_flow, find_flows
from appliance.store.hostquery import (
    find_countries,
    find_history,
    find_host,
    find_hosts,
    find_talkers,
    to_buckets,
)
from appliance.store.trafficquery import find_totals, find_traffic
from appliance.store.view import Live, Views
from appliance.store.windows import MAX_READ, find_windows

Ts = TypeVarTuple("Ts")
T = TypeVar("T")


class StoreReader:
    """Read-only queries of one thread. Times in s since the epoch, ranges half open.

    Sums per host are of ten-minute buckets, so their ranges are widened to these. Methods raise
    StoreError if the store cannot be read, ValueError for a text that means nothing. A segment in
    which damage is found is left out from then on.
    """

    def __init__(self, path: Path, live: Live | None = None) -> None:
        """Open the store. Raises StoreError if there is none.

        live : StoreWriter.open_buckets, if the writer is in this process; without it the newest
            ten minutes are summed up from the flows, which is slower and as complete
        """
        self._views = Views(path, live)
        self.cases = CaseReader(self._views)

    def flows(self, where: FlowFilter) -> Page:
        """Return FlowRows, newest first; since and until are about a flow's end.

        At most so many rows are looked at: a page may be short and `next` still not be empty.
        """
        return self._ask(find_flows, where)

    def flow(self, flow_id: int) -> FlowRow | None:
        """Return one flow by its row id; None if it is gone, or replaced by a newer report."""
        return self._ask(find_flow, flow_id)

    def top(self, since: float, until: float, limit: int, local: bool | None) -> list[Talker]:
        """Return the addresses with most bytes; local True or False narrows, None does not."""
        return self._ask(find_talkers, to_buckets(since, until), limit, local)

    def traffic(self, since: float, until: float, step_s: int) -> list[TrafficPoint]:
        """Return sums per step (whole minutes), oldest first; nothing for steps without packets."""
        return self._ask(find_traffic, since, until, step_s)

    def hosts(self, since: float, until: float, limit: int, cursor: str, search: str) -> Page:
        """Return HostRows, busiest first. search : part of an address, a name or a place."""
        return self._ask(find_hosts, to_buckets(since, until), limit, cursor, search)

    def host(self, ip: str, since: float, until: float) -> HostRow | None:
        """Return one address, None if it was not seen in the range."""
        return self._ask(find_host, ip, to_buckets(since, until))

    def host_history(self, ip: str, since: float, until: float) -> list[dict[str, int]]:
        """Return {t, flows, bytes_out, bytes_in} per ten minutes with traffic, oldest first."""
        return self._ask(find_history, ip, to_buckets(since, until))

    def countries(self, since: float, until: float, limit: int) -> list[CountryRow]:
        """Return the countries of addresses that are not local, most bytes first."""
        return self._ask(find_countries, to_buckets(since, until), limit)

    def windows(self, since: float, until: float, host: str = "", limit: int = MAX_READ) -> Windows:
        """Return the fingerprints of windows that begin in the range, at most the newest `limit`.

        host : its address as text; "" for all
        """
        return self._ask(find_windows, since, until, host, limit)

    def host_windows(self, ip: str, since: float, until: float, limit: int) -> list[HostWindow]:
        """Return one host's fingerprints as rows, oldest first."""
        found = self.windows(since, until, ip, limit)
        columns = (found.start_s, found.length_s, found.values, found.scores)
        return [
            HostWindow(
                start=start,
                length=length,
                evidence=scores[0],
                model=scores[1],
                score=scores[2],
                values=dict(zip(FEATURES, values, strict=True)),
            )
            for start, length, values, scores in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]

    def stats(self) -> StoreTotals:
        """Return what the store holds."""
        return self._ask(find_totals)

    def close(self) -> None:
        """Close all files."""
        self._views.close()

    def _ask(self, query: Callable[[Views, *Ts], T], *values: *Ts) -> T:
        return _ask(self._views, query, *values)


class CaseReader:
    """Queries about alerts, incidents and mutes; the rules of StoreReader hold."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def alerts(self, where: AlertFilter) -> Page:
        """Return Alerts, the ones raised last first."""
        return _ask(self._views, casequery.find_alerts, where)

    def alert(self, alert_id: str) -> Alert | None:
        """Return one alert."""
        return _ask(self._views, casequery.find_alert, alert_id)

    def counts(self, since: float, until: float, step_s: int) -> list[AlertCount]:
        """Return how many alerts were raised by step, kind and severity, oldest first."""
        return _ask(self._views, casequery.count_alerts, since, until, step_s)

    def open(self, limit: int) -> OpenAlerts:
        """Return how many alerts are open, and the newest of them."""
        return _ask(self._views, casequery.find_open, limit)

    def incidents(self, where: AlertFilter) -> Page:
        """Return Incidents, the newest first."""
        return _ask(self._views, casequery.find_incidents, where)

    def incident(self, incident_id: str) -> Incident | None:
        """Return one incident."""
        return _ask(self._views, casequery.find_incident, incident_id)

    def mutes(self) -> list[Mute]:
        """Return all mutes by id."""
        return _ask(self._views, casequery.find_mutes)


def _ask(views: Views, query: Callable[[Views, *Ts], T], *values: *Ts) -> T:
    try:
        return query(views, *values)
    except DAMAGE as error:
        name = views.condemn(error)
        raise StoreError(f"{name} is damaged: {error}") from error
    except apsw.Error as error:
        raise StoreError(f"the store cannot be read: {error}") from error
