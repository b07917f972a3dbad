"""What other settings would have changed: history is judged twice, and the alerts compared.

Stored flows hold what a flow record holds. What single packets said (ARP, DHCP, each question for
a name) and what nobody had answered yet is not stored: rules that live on it say nothing in a
rehearsal of the store, under either setting.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.cases.kinds import describe
from appliance.cases.marks import find_mark
from appliance.cases.tune import TuneReport, compare
from appliance.config.schema import Config
from appliance.detect.weights import load_weights
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ApplianceError
from appliance.evaluate.run import Judge
from appliance.model.alert import Alert, AlertChange, AlertState, Mute
from appliance.model.flow import FlowBatch
from appliance.model.views import AlertFilter
from appliance.model.window import WindowBatch
from appliance.pipeline.assembly import Parts, make_detection
from appliance.pipeline.detection import Detection, News, Outlets
from appliance.store.history import iterate_flows
from appliance.store.reader import StoreReader

MOST_ALERTS = 100_000  # of one rehearsal, and as many marked ones of the store
_SAME_S = 86_400.0  # a mark is for the alert about the same, at most this much away
_PAGE = 1_000

_log = logging.getLogger(__name__)


class History(NamedTuple):
    """Which stored flows are judged again. Times in s since the epoch."""

    path: Path
    since_s: float
    until_s: float


class Settings(NamedTuple):
    """The present configuration and the one to try."""

    before: Config
    after: Config

    def check(self) -> None:
        """Raise ApplianceError if nothing would change; ConfigError for a constant unknown."""
        for config in self:
            load_weights(config.detect.weights)
        if self.before == self.after:
            raise ApplianceError("nothing is changed: give --set KEY=VALUE, or a constant and =")


def rehearse_store(settings: Settings, history: History) -> TuneReport:
    """Judge stored flows under both settings. Raises StoreError, ApplianceError.

    What people said of stored alerts is taken over for those about the same; mutes hold.
    """
    settings.check()
    with closing(StoreReader(history.path)) as reader:
        marked = list(_find_marked(reader, history))
        mutes = reader.cases.mutes()
    found = []
    for config in settings:
        batches = iterate_flows(history.path, history.since_s, history.until_s)
        found.append(judge_batches(config, batches, mutes))
    for alerts in found:
        _transfer(marked, alerts)
    return compare(*found)


def rehearse_files(settings: Settings, inputs: tuple[str, ...], judge: Judge) -> TuneReport:
    """Judge captures or logs under both settings. Raises as a replay does."""
    settings.check()
    found = []
    for config in settings:
        gathered = _Gathered()
        judge(config, inputs, gathered)
        found.append(gathered.alerts())
    return compare(*found)


def judge_batches(
    config: Config, batches: Iterable[FlowBatch], mutes: Sequence[Mute] = ()
) -> list[Alert]:
    """Return the alerts that flows lead to, as they stand at the end.

    Geography, owners and home networks are those of the configuration, not those of the store.
    """
    enricher = Enricher(config.geoip, HomeNetworks(config.network.home))
    gathered = _Gathered()
    outlets = Outlets(alerts=(gathered.take_alerts,))
    detection = make_detection(config, Parts(enricher, _no_name), outlets)
    detection.casebook.restore([], [], list(mutes))
    count = 0
    for batch in batches:
        enricher.enrich(batch)
        newest_s = float(batch.flows["last_ns"].max()) / 1e9
        detection.take(News(batch), max(detection.now_s, newest_s))
        count += len(batch)
    detection.flush()
    enricher.close()
    _log.info("%d stored flows led to %d alerts", count, len(gathered.alerts()))
    return gathered.alerts()


class _Gathered:
    """Keeps every alert as it was told last."""

    def __init__(self) -> None:
        self._found: dict[str, Alert] = {}

    def begin(self, detection: Detection) -> None:
        """Nothing is needed of it."""

    def take_flows(self, batch: FlowBatch) -> None:
        """Nothing is needed of them."""

    def take_windows(self, batch: WindowBatch) -> None:
        """Nothing is needed of them."""

    def take_alert(self, change: AlertChange) -> None:
        """Take what became of an alert."""
        alert = change.alert
        if alert.id in self._found or len(self._found) < MOST_ALERTS:
            self._found[alert.id] = msgspec.structs.replace(alert)

    def take_alerts(self, changes: list[AlertChange]) -> None:
        """Take what became of several."""
        for change in changes:
            self.take_alert(change)

    def alerts(self) -> list[Alert]:
        """Return them in the order of raising."""
        return sorted(self._found.values(), key=lambda alert: (alert.ts, alert.id))


def _find_marked(reader: StoreReader, history: History) -> Iterator[Alert]:
    """Yield stored alerts that somebody called real or false."""
    where = AlertFilter(
        state=AlertState.CLOSED, since=history.since_s, until=history.until_s, limit=_PAGE
    )
    for _page in range(MOST_ALERTS // _PAGE):
        page = reader.cases.alerts(where)
        yield from (alert for alert in page.data if find_mark(alert))
        if not page.next:
            return
        where = msgspec.structs.replace(where, cursor=page.next)


def _transfer(marked: list[Alert], alerts: list[Alert]) -> None:
    """Say of each alert what was said of the stored one about the same."""
    known: dict[tuple[str, str, str], list[Alert]] = {}
    for alert in marked:
        known.setdefault(_topic(alert), []).append(alert)
    for alert in alerts:
        same = known.get(_topic(alert), ())
        near = min(same, key=lambda one: abs(one.ts - alert.ts), default=None)
        if near is not None and abs(near.ts - alert.ts) <= _SAME_S and alert.state != "muted":
            alert.state, alert.comment = near.state, near.comment


def _topic(alert: Alert) -> tuple[str, str, str]:
    fold = describe(alert.kind).fold or alert.kind
    return alert.host, fold, alert.peer


def _no_name(_hi: int, _lo: int) -> str:
    return ""
