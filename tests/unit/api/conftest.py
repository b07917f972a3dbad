"""A store that is a plain class, and the services around it."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Any

import msgspec
import pytest
import uvloop

from appliance.api import caseexamples, examples
from appliance.api.live import LiveFeed
from appliance.api.queries import QueryPool
from appliance.api.services import Services
from appliance.model.alert import Alert, AlertState, Incident, Mute
from appliance.model.health import Health
from appliance.model.views import (
    AlertCount,
    AlertFilter,
    CountryRow,
    Decision,
    FlowFilter,
    FlowRow,
    HostRow,
    HostWindow,
    ModelRow,
    MutePreview,
    OpenAlerts,
    Page,
    StoreTotals,
    Talker,
    TrafficPoint,
    TrainingStatus,
)

# libuv opens a pipe for the life of the process with its first loop
uvloop.new_event_loop().close()

NOW_S = 1_763_650_000.0
ATTRIBUTION = [{"name": "DB", "link": "https://example.org", "licence": "CC BY 4.0"}]


def make_flow(number: int) -> FlowRow:
    return msgspec.structs.replace(examples.FLOW, id=number, flow_id=str(number))


def make_alert(number: int, **fields: Any) -> Alert:
    return msgspec.structs.replace(caseexamples.ALERT, id=f"A{number:012}", **fields)


class FakeCases:
    """Alerts, incidents and mutes in lists, newest first."""

    def __init__(self, ask: Callable[..., None]) -> None:
        self._ask = ask
        self.rows = [make_alert(number, ts=NOW_S + number) for number in range(9, 0, -1)]

    def alerts(self, where: AlertFilter, /) -> Page:
        self._ask("alerts", where)
        start = int(where.cursor) if where.cursor.isdecimal() else 0
        rows = self.rows[start : start + where.limit]
        end = start + len(rows)
        return Page(count=len(rows), data=rows, next=str(end) if end < len(self.rows) else "")

    def alert(self, alert_id: str, /) -> Alert | None:
        self._ask("alert", alert_id)
        return next((row for row in self.rows if row.id == alert_id), None)

    def counts(self, since: float, until: float, step_s: int, /) -> list[AlertCount]:
        self._ask("counts", since, until, step_s)
        return caseexamples.COUNTS.data

    def open(self, limit: int, /) -> OpenAlerts:
        self._ask("open", limit)
        return OpenAlerts(counts={"high": len(self.rows)}, newest=self.rows[:limit])

    def incidents(self, where: AlertFilter, /) -> Page:
        self._ask("incidents", where)
        return Page(count=1, data=[caseexamples.INCIDENT])

    def incident(self, incident_id: str, /) -> Incident | None:
        self._ask("incident", incident_id)
        return caseexamples.INCIDENT if incident_id == caseexamples.INCIDENT.id else None

    def mutes(self) -> list[Mute]:
        self._ask("mutes")
        return [caseexamples.MUTE]


def done(value: Any) -> Future[Any]:
    job: Future[Any] = Future()
    job.set_result(value)
    return job


class FakeDesk:
    """Does at once what it is asked for, and notes it."""

    def __init__(self, cases: FakeCases) -> None:
        self._cases = cases
        self.asked: list[tuple[Any, ...]] = []
        self.answer: Future[Any] | Exception | None = None  # instead of doing it

    def _do(self, *question: Any, value: Any) -> Future[Any]:
        self.asked.append(question)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or done(value)

    def decide(
        self, alert_id: str, state: AlertState, decision: Decision, /
    ) -> Future[Alert | None]:
        found = next((row for row in self._cases.rows if row.id == alert_id), None)
        changed = None if found is None else msgspec.structs.replace(found, state=state)
        return self._do("decide", alert_id, state, decision, value=changed)

    def add_mute(self, mute: Mute, /) -> Future[Mute]:
        return self._do("add", mute, value=msgspec.structs.replace(mute, id=7))

    def remove_mute(self, mute_id: int, /) -> Future[bool]:
        return self._do("remove", mute_id, value=mute_id == 7)

    def propose(self, alert: Alert, by: str, /) -> list[Mute]:
        if alert.kind == "sensor_blind":
            return []
        narrow = Mute(host=alert.host, kind=alert.kind, port=alert.port, created_by=by)
        return [narrow, msgspec.structs.replace(narrow, port=0)]

    def preview(self, mute: Mute, alerts: Iterable[Alert], /) -> MutePreview:
        found = [alert.id for alert in alerts if not mute.port or mute.port == alert.port]
        return MutePreview(matched=len(found), alerts=tuple(found[:3]))


class FakeTraining:
    """Takes one wish of each kind."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def request(self, work: str, /) -> bool:
        fresh = work not in self.asked
        self.asked.append(work)
        return fresh

    def status(self) -> TrainingStatus:
        return TrainingStatus(state="idle")

    def models(self) -> list[ModelRow]:
        return [caseexamples.MODEL]

    def roll_back(self, version: int, /) -> Future[ModelRow | None]:
        known = version in {0, 6}
        return done(msgspec.structs.replace(caseexamples.MODEL, version=6) if known else None)


class FakeReader:
    """Answers from lists, notes what it was asked, fails or waits on demand."""

    def __init__(self) -> None:
        self.rows = [make_flow(number) for number in range(100, 0, -1)]
        self.asked: list[tuple[Any, ...]] = []
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = 0  # at the gate
        self.cases = FakeCases(self._ask)

    def _ask(self, *question: Any) -> None:
        self.waiting += 1
        self.gate.wait(5)
        self.waiting -= 1
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure

    def flows(self, where: FlowFilter, /) -> Page:
        self._ask("flows", where)
        rows = self.rows[: where.limit]
        return Page(count=len(rows), data=rows, next="more")

    def flow(self, flow_id: int, /) -> FlowRow | None:
        self._ask("flow", flow_id)
        return next((row for row in self.rows if row.id == flow_id), None)

    def top(self, since: float, until: float, limit: int, local: bool | None, /) -> list[Talker]:
        self._ask("top", since, until, limit, local)
        return [examples.TALKER][:limit]

    def traffic(self, since: float, until: float, step_s: int, /) -> list[TrafficPoint]:
        self._ask("traffic", since, until, step_s)
        times = range(int(since), int(until), step_s)
        return [msgspec.structs.replace(examples.POINT, t=t) for t in times]

    def hosts(self, since: float, until: float, limit: int, cursor: str, search: str, /) -> Page:
        self._ask("hosts", since, until, limit, cursor, search)
        return Page(count=1, data=[examples.HOST])

    def host(self, ip: str, since: float, until: float, /) -> HostRow | None:
        self._ask("host", ip, since, until)
        return examples.HOST if ip == examples.HOST.ip else None

    def host_history(self, ip: str, since: float, until: float, /) -> list[TrafficPoint]:
        self._ask("host_history", ip, since, until)
        return [examples.POINT]

    def host_windows(self, ip: str, since: float, until: float, limit: int, /) -> list[HostWindow]:
        self._ask("host_windows", ip, since, until, limit)
        return [caseexamples.WINDOW]

    def countries(self, since: float, until: float, limit: int, /) -> list[CountryRow]:
        self._ask("countries", since, until, limit)
        return [CountryRow(country="DE", flows=1, bytes=2)]

    def stats(self) -> StoreTotals:
        self._ask("stats")
        return StoreTotals(flows=7)


class World:
    """Everything behind the API, in the test's hands."""

    def __init__(self) -> None:
        self.reader = FakeReader()
        self.health = Health(
            state="running", version="1", sensor="s", now=NOW_S, started=NOW_S - 60
        )
        self.queries = QueryPool(lambda: self.reader, max_waiting=8)
        self.desk = FakeDesk(self.reader.cases)
        self.training = FakeTraining()
        self.live = LiveFeed(self.queries, lambda: NOW_S, lambda: ATTRIBUTION)
        self.services = Services(
            queries=self.queries,
            live=self.live,
            health=lambda: self.health,
            metrics=lambda: "extra_metric 1\n",
            attribution=lambda: ATTRIBUTION,
            config_text=lambda: "[api]\nport = 8480\n",
            now=lambda: NOW_S,
            alerts=self.desk,
            training=self.training,
        )


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.reader.gate.set()
    made.queries.close()


@pytest.fixture
def flow_of() -> Callable[[int], FlowRow]:
    return make_flow


@pytest.fixture
def alert_of() -> Callable[..., Alert]:
    return make_alert
