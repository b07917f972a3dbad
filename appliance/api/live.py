"""The live feed: one message a second, encoded once, for every dashboard that is open.

A client that does not keep up is not waited for: its messages are merged, so that it holds at most
QUEUE_MESSAGES of them, sees the newest second, and is told how many flows it was not shown. Alerts
do not wait for the second, and overtake what waits; of those too, a slow client holds a bounded
number, and is told how many it was not shown.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import cached_property

import msgspec
from msgspec import UNSET, UnsetType

from appliance.api.queries import QueriesBusy, QueryPool
from appliance.api.reader import Reader
from appliance.errors import StoreError
from appliance.model.alert import SEVERITIES, Alert, AlertChange, AlertState, Incident
from appliance.model.health import Health, Tick
from appliance.model.views import CountryRow, FlowFilter, FlowRow, OpenAlerts, Talker

HISTORY_TICKS = 300  # s of history a new client is given; 45 kB
SHOWN_FLOWS = 50  # in one message; 60 kB
SHOWN_ALERTS = 50  # in `init`; 200 kB
QUEUE_ALERTS = 64  # for one client, before the oldest give way; 250 kB, shared with other clients
QUEUE_MESSAGES = 8  # for one client, before they are merged
MAX_CLIENTS = 64  # 64 tabs cost 64 sends a second and no more than that
SUMMARY_TICKS = 10  # top talkers and countries are asked for this often
SUMMARY_RANGE_S = 3_600.0
SUMMARY_TALKERS = 10
SUMMARY_COUNTRIES = 250  # all there are

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_NO_ALERTS = OpenAlerts(counts=dict.fromkeys(map(str, SEVERITIES), 0), newest=[])


class Update(msgspec.Struct, kw_only=True):
    """The data of a `traffic_update`."""

    tick: Tick  # the newest second; a jump of tick.ts shows that messages were merged
    health: Health
    flows: list[FlowRow]  # newest first, at most SHOWN_FLOWS
    flows_total: int  # stored since the message before, shown or not
    top: list[Talker] | UnsetType = UNSET  # every SUMMARY_TICKS
    countries: list[CountryRow] | UnsetType = UNSET


class Opening(msgspec.Struct, kw_only=True):
    """The data of `init`."""

    history: list[Tick]  # oldest first
    health: Health
    flows: list[FlowRow]  # newest first
    top: list[Talker]
    countries: list[CountryRow]
    attribution: list[dict[str, str]]
    alerts: list[Alert]  # open ones, newest first, at most SHOWN_ALERTS
    alert_counts: dict[str, int]  # open ones by severity, every severity named


class AlertNews(msgspec.Struct, kw_only=True):
    """The data of `alert`: what happened to one alert."""

    what: str  # raised escalated recurring closed muted changed
    alert: Alert
    incident: Incident | None


class AlertsMissed(msgspec.Struct, kw_only=True):
    """The data of `alerts_missed`: ask for the list, it has changed more often than was said."""

    count: int


class LiveStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts since start, and the clients of now."""

    clients: int = 0
    refused: int = 0  # connections beyond MAX_CLIENTS
    merged: int = 0  # messages merged because a client was slow
    missed: int = 0  # alerts a slow client was not sent
    published: int = 0
    alerts: int = 0  # changes of alerts published


class Message:
    """One update; its text is made when the first client needs it."""

    def __init__(self, update: Update) -> None:
        self.update = update

    @cached_property
    def text(self) -> str:
        """JSON, the same string for every client."""
        return _encode({"type": "traffic_update", "data": self.update}).decode()


class AlertMessage:
    """One change of an alert, as it is now: the same string for every client."""

    def __init__(self, change: AlertChange) -> None:
        news = AlertNews(what=change.what, alert=change.alert, incident=change.incident)
        self.text: str = _encode({"type": "alert", "data": news}).decode()


class Client:
    """What one dashboard has not been sent yet. Belongs to the loop."""

    __slots__ = ("_alerts", "_arrived", "_queue", "_untold", "merged", "missed")

    def __init__(self) -> None:
        self._queue: deque[Message] = deque()
        self._alerts: deque[AlertMessage] = deque()
        self._arrived = asyncio.Event()
        self._untold = 0  # alerts it was not sent since it was last told
        self.merged = 0
        self.missed = 0

    @property
    def waiting(self) -> int:
        """How many messages are queued, at most QUEUE_MESSAGES and QUEUE_ALERTS."""
        return len(self._queue) + len(self._alerts)

    def offer(self, message: Message) -> None:
        """Queue a message, or merge it into the newest one waiting."""
        if len(self._queue) < QUEUE_MESSAGES:
            self._queue.append(message)
        else:
            self._queue[-1] = Message(merge(self._queue[-1].update, message.update))
            self.merged += 1
        self._arrived.set()

    def offer_alert(self, message: AlertMessage) -> None:
        """Queue an alert before everything else but other alerts."""
        if len(self._alerts) >= QUEUE_ALERTS:
            self._alerts.popleft()
            self._untold += 1
            self.missed += 1
        self._alerts.append(message)
        self._arrived.set()

    async def take(self) -> str:
        """Wait for the next message and return its text."""
        while not (self._queue or self._alerts):
            self._arrived.clear()
            await self._arrived.wait()
        if self._untold:
            news = AlertsMissed(count=self._untold)
            self._untold = 0
            return _encode({"type": "alerts_missed", "data": news}).decode()
        return (self._alerts or self._queue).popleft().text

    def drain(self) -> list[FlowRow]:
        """Forget what is queued, but for its flows, newest first, and the alerts."""
        flows = [flow for message in reversed(self._queue) for flow in message.update.flows]
        self._queue.clear()
        return flows


def merge(older: Update, newer: Update) -> Update:
    """Return one update that stands for two."""
    return Update(
        tick=newer.tick,
        health=newer.health,
        flows=(newer.flows + older.flows)[:SHOWN_FLOWS],
        flows_total=older.flows_total + newer.flows_total,
        top=older.top if newer.top is UNSET else newer.top,
        countries=older.countries if newer.countries is UNSET else newer.countries,
    )


class Summary(msgspec.Struct, frozen=True):
    """The lists that are asked for now and then."""

    top: list[Talker]
    countries: list[CountryRow]


class LiveFeed:
    """Sends what happens to whoever watches. All methods belong to the loop.

    now : s since the epoch
    attribution : who the geographic data is from
    recent : the newest flows, newest first, also those that are not on disk yet
    """

    def __init__(
        self,
        queries: QueryPool,
        now: Callable[[], float],
        attribution: Callable[[], list[dict[str, str]]],
        recent: Callable[[], list[FlowRow]] = list,
    ) -> None:
        self._recent = recent
        self._queries = queries
        self._now = now
        self._attribution = attribution
        self._history: deque[Tick] = deque(maxlen=HISTORY_TICKS)
        self._clients: set[Client] = set()
        self._summary: Future[Summary] | None = None
        self._ticks_to_summary = 0
        self._refused = 0
        self._merged = 0
        self._missed = 0
        self._published = 0
        self._alerts = 0
        self._latest: OrderedDict[str, Alert] = OrderedDict()  # they may not be on disk yet

    @property
    def watched(self) -> bool:
        """Tell whether anybody looks; if not, `publish` needs no flows."""
        return bool(self._clients)

    def publish(self, tick: Tick, health: Health, flows: list[FlowRow], flows_total: int) -> None:
        """Send one second to all clients. Never waits.

        flows : stored since the last call, newest first; the first SHOWN_FLOWS are sent
        flows_total : how many were stored since the last call, shown or not
        """
        self._history.append(tick)
        self._published += 1
        if not self._clients:
            return
        update = Update(
            tick=tick, health=health, flows=flows[:SHOWN_FLOWS], flows_total=flows_total
        )
        self._add_summary(update)
        message = Message(update)
        for client in self._clients:
            client.offer(message)

    def publish_alerts(self, changes: Iterable[AlertChange]) -> None:
        """Send what happened to alerts at once. Never waits.

        The alerts are kept: they must be copies that nobody changes.
        """
        for change in changes:
            self._alerts += 1
            self._latest[change.alert.id] = change.alert
            self._latest.move_to_end(change.alert.id)
            if len(self._latest) > SHOWN_ALERTS:
                self._latest.popitem(last=False)
            if self._clients:
                message = AlertMessage(change)
                for client in self._clients:
                    client.offer_alert(message)

    def subscribe(self) -> Client | None:
        """Take on a client; None if there are too many."""
        if len(self._clients) >= MAX_CLIENTS:
            self._refused += 1
            return None
        client = Client()
        self._clients.add(client)
        return client

    def unsubscribe(self, client: Client) -> None:
        """Let a client go; more than once does no harm."""
        if client in self._clients:
            self._clients.remove(client)
            self._merged += client.merged
            self._missed += client.missed

    async def open(self, client: Client, health: Health) -> str:
        """Return the `init` message; what was queued meanwhile is contained in it.

        A store that cannot be read leaves its lists empty. Raises QueriesBusy.
        """
        since, until = self._range()
        try:
            stored, summary, alerts = await self._queries.run(
                lambda reader: (
                    reader.flows(FlowFilter(limit=SHOWN_FLOWS)).data,
                    _summarize(reader, since, until),
                    reader.cases.open(SHOWN_ALERTS),
                )
            )
        except StoreError:
            stored, summary, alerts = [], Summary([], []), _NO_ALERTS
        recent = {flow.id: flow for flow in [*client.drain(), *self._recent(), *stored]}
        opening = Opening(
            history=list(self._history),
            health=health,
            flows=list(recent.values())[:SHOWN_FLOWS],
            top=summary.top,
            countries=summary.countries,
            attribution=self._attribution(),
            alerts=self._add_latest(alerts.newest),
            alert_counts=alerts.counts,
        )
        return _encode({"type": "init", "data": opening}).decode()

    def statistics(self) -> LiveStatistics:
        """Return the counters."""
        return LiveStatistics(
            clients=len(self._clients),
            refused=self._refused,
            merged=self._merged + sum(client.merged for client in self._clients),
            missed=self._missed + sum(client.missed for client in self._clients),
            published=self._published,
            alerts=self._alerts,
        )

    def _add_latest(self, stored: list[Alert]) -> list[Alert]:
        """Return open alerts, newest first: those stored, as they are by now."""
        known = {alert.id: alert for alert in stored} | self._latest
        found = [alert for alert in known.values() if alert.state == AlertState.OPEN]
        found.sort(key=lambda alert: (alert.ts, alert.id), reverse=True)
        return found[:SHOWN_ALERTS]

    def _range(self) -> tuple[float, float]:
        now_s = self._now()
        return now_s - SUMMARY_RANGE_S, now_s

    def _add_summary(self, update: Update) -> None:
        """Put a finished summary into the update, and ask for the next when it is due."""
        if self._summary is not None and self._summary.done():
            summary = _outcome(self._summary)
            self._summary = None
            if summary is not None:
                update.top, update.countries = summary.top, summary.countries
        self._ticks_to_summary -= 1
        if self._ticks_to_summary > 0 or self._summary is not None:
            return
        since, until = self._range()
        try:
            self._summary = self._queries.submit(lambda reader: _summarize(reader, since, until))
        except QueriesBusy:
            return
        self._ticks_to_summary = SUMMARY_TICKS


def _outcome(job: Future[Summary]) -> Summary | None:
    """Return what a finished query found; None if it failed, which is logged if it is our fault."""
    if job.cancelled():
        return None
    error = job.exception()
    if error is None:
        return job.result()
    if not isinstance(error, StoreError):
        _log.error("the live summary failed", exc_info=error)
    return None


def _summarize(reader: Reader, since: float, until: float) -> Summary:
    return Summary(
        reader.top(since, until, SUMMARY_TALKERS, None),
        reader.countries(since, until, SUMMARY_COUNTRIES),
    )
