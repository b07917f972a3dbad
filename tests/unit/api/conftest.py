"""A store that is a plain class, and the services around it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
import uvloop

from appliance.api import examples
from appliance.api.live import LiveFeed
from appliance.api.queries import QueryPool
from appliance.api.services import Services
from appliance.model.health import Health
from appliance.model.views import (
    CountryRow,
    FlowFilter,
    FlowRow,
    HostRow,
    Page,
    StoreTotals,
    Talker,
    TrafficPoint,
)

# libuv opens a pipe for the life of the process with its first loop
uvloop.new_event_loop().close()

NOW_S = 1_763_650_000.0
ATTRIBUTION = [{"name": "DB", "link": "https://example.org", "licence": "CC BY 4.0"}]


def make_flow(number: int) -> FlowRow:
    return msgspec.structs.replace(examples.FLOW, id=number, flow_id=str(number))


class FakeReader:
    """Answers from lists, notes what it was asked, fails or waits on demand."""

    def __init__(self) -> None:
        self.rows = [make_flow(number) for number in range(100, 0, -1)]
        self.asked: list[tuple[Any, ...]] = []
        self.failure: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = 0  # at the gate

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
        self.live = LiveFeed(self.queries, lambda: NOW_S, lambda: ATTRIBUTION)
        self.services = Services(
            queries=self.queries,
            live=self.live,
            health=lambda: self.health,
            metrics=lambda: "extra_metric 1\n",
            attribution=lambda: ATTRIBUTION,
            config_text=lambda: "[api]\nport = 8480\n",
            now=lambda: NOW_S,
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
