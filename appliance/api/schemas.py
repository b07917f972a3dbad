"""Bodies of answers that are not a model struct by themselves. Field names are the public API."""

from typing import Any

import msgspec

from appliance.api.live import LiveStatistics
from appliance.api.queries import QueryStatistics
from appliance.model.alert import Alert, Incident, Mute
from appliance.model.health import Health
from appliance.model.views import (
    AlertCount,
    CountryRow,
    FlowRow,
    HostRow,
    HostWindow,
    ModelRow,
    MuteProposal,
    StoreTotals,
    Talker,
    TrafficPoint,
    TrainingStatus,
)


class FlowList(msgspec.Struct, kw_only=True):
    """A page of flows, newest first."""

    count: int
    data: list[FlowRow]
    next: str = ""  # cursor of the next page, "" at the end


class HostList(msgspec.Struct, kw_only=True):
    """A page of hosts."""

    count: int
    data: list[HostRow]
    next: str = ""


class TalkerList(msgspec.Struct, kw_only=True):
    """The addresses with most bytes, most first."""

    count: int
    data: list[Talker]


class TrafficList(msgspec.Struct, kw_only=True):
    """Traffic over time, oldest first."""

    count: int
    data: list[TrafficPoint]


class CountryList(msgspec.Struct, kw_only=True):
    """Countries, most bytes first."""

    count: int
    data: list[CountryRow]


class AlertList(msgspec.Struct, kw_only=True):
    """A page of alerts, the ones raised last first."""

    count: int
    data: list[Alert]
    next: str = ""


class AlertCountList(msgspec.Struct, kw_only=True):
    """Alerts over time by kind and severity, oldest first."""

    count: int
    data: list[AlertCount]


class IncidentList(msgspec.Struct, kw_only=True):
    """A page of incidents, the newest first."""

    count: int
    data: list[Incident]
    next: str = ""


class MuteList(msgspec.Struct, kw_only=True):
    """All mutes."""

    count: int
    data: list[Mute]


class ProposalList(msgspec.Struct, kw_only=True):
    """Mutes that would silence an alert, the narrowest first."""

    count: int
    data: list[MuteProposal]


class WindowList(msgspec.Struct, kw_only=True):
    """One host's fingerprints, oldest first."""

    count: int
    data: list[HostWindow]


class ModelList(msgspec.Struct, kw_only=True):
    """The versions of what was learnt, newest first, and what training is doing."""

    count: int
    data: list[ModelRow]
    training: TrainingStatus


class Accepted(msgspec.Struct, kw_only=True):
    """What was asked for will be done; this answer does not wait for it."""

    status: str  # "accepted", or "waiting" if it had been asked for before
    message: str


class AttributionList(msgspec.Struct, kw_only=True):
    """Who the geographic data is from; must be shown beside it."""

    count: int
    data: list[dict[str, str]]


class HostDetail(msgspec.Struct, kw_only=True):
    """One address, and its traffic over the range, oldest first."""

    host: HostRow
    history: list[Any]


class Stats(msgspec.Struct, kw_only=True):
    """Counters since start, in one place."""

    uptime_s: float
    packets: int
    bytes: int
    dropped: int  # frames and flows lost, all causes
    flows_active: int
    flows_ended: int
    flows_stored: int
    store: StoreTotals
    queries: QueryStatistics
    live: LiveStatistics


class Condition(msgspec.Struct, kw_only=True):
    """The short answer for a monitor."""

    status: str  # ok degraded starting stopping
    version: str
    sensor: str
    reasons: list[str]  # why not ok, one sentence each
    now: float  # s since the epoch


def condition_of(health: Health) -> Condition:
    """Reduce the sensor's state to one word."""
    return Condition(
        status="ok" if health.state == "running" else health.state,
        version=health.version,
        sensor=health.sensor,
        reasons=health.reasons,
        now=health.now,
    )
