"""The store as training sees it."""

import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.cases.marks import REAL, find_mark
from appliance.detect.arrays import collect_services
from appliance.enrich.networks import HomeNetworks
from appliance.errors import StoreError
from appliance.learn.history import BadSpan, FlowSample, WindowHistory
from appliance.model.address import parse_address
from appliance.model.alert import AlertState
from appliance.model.contact import HOST_DTYPE
from appliance.model.flow import FLOW_DTYPE, EndReason
from appliance.model.memory import Windows
from appliance.model.views import AlertFilter
from appliance.model.window import FEATURES, WindowBatch
from appliance.store.history import find_start, iterate_flows
from appliance.store.reader import StoreReader

_FLOWS_S = 86_400.0  # how far back flows are looked at
_MOST_ALERTS = 1_000
_END_S = 4e9  # the year 2096

_log = logging.getLogger(__name__)


class StoredHistory:
    """What learn.history asks for. Of one thread. A store that cannot be read is an empty one.

    path : its folder;  home : which hosts are ours;  now_s : up to when flows are looked at
    """

    def __init__(self, path: Path, reader: StoreReader, home: HomeNetworks) -> None:
        self._path = path
        self._reader = reader
        self._home = home
        self.now_s = 0.0

    def windows(self, since_s: float) -> WindowHistory:
        """Return our hosts' windows that began since then."""
        try:
            found = self._reader.windows(since_s, _END_S)
        except StoreError as error:
            _log.warning("fingerprints cannot be read: %s", error)
            return WindowHistory(*_no_words(), np.zeros(0), np.zeros((0, len(FEATURES)), "f4"))
        hi, lo, ours = self._place(found)
        return WindowHistory(hi[ours], lo[ours], found.start_s[ours], found.values[ours])

    def newest_windows(self, since_s: float) -> list[WindowBatch]:
        """Return the windows that began since then, each with all its hosts, oldest first."""
        found = self._reader.windows(since_s, _END_S)
        hi, lo, ours = self._place(found)
        hosts = np.zeros(len(hi), HOST_DTYPE)
        hosts["hi"], hosts["lo"], hosts["inside"], hosts["live"] = hi, lo, ours, 1
        batches = []
        for start_s in np.unique(found.start_s).tolist():
            rows = np.flatnonzero(found.start_s == start_s)
            evidence, model, score = (found.scores[rows, column] for column in range(3))
            length_s = float(found.length_s[rows[0]])
            batches.append(
                WindowBatch(
                    start_s, length_s, hosts[rows], found.values[rows], evidence, model, score
                )
            )
        return batches

    def flow_sample(self, max_rows: int) -> FlowSample:
        """Return the newest flows of the last day that have ended."""
        flows, services = [np.zeros(0, FLOW_DTYPE)], [np.zeros(0, np.uint8)]
        try:
            since_s = find_start(self._path, self.now_s - _FLOWS_S, self.now_s, max_rows)
            for batch in iterate_flows(self._path, since_s, self.now_s):
                over = batch.flows["reason"] != EndReason.ACTIVE
                flows.append(batch.flows[over])
                services.append(collect_services(batch)[over])
        except StoreError as error:
            _log.warning("flows cannot be read: %s", error)
        return FlowSample(np.concatenate(flows), np.concatenate(services))

    def bad_spans(self, since_s: float) -> list[BadSpan]:
        """Return when hosts were bad, as people said when they closed alerts."""
        where = AlertFilter(since=since_s, state=AlertState.CLOSED, limit=_MOST_ALERTS)
        try:
            alerts = self._reader.cases.alerts(where).data
        except StoreError as error:
            _log.warning("alerts cannot be read: %s", error)
            return []
        return [
            BadSpan(*parse_address(alert.host), alert.first_seen, alert.last_seen)
            for alert in alerts
            if find_mark(alert) == REAL
        ]

    def _place(
        self, found: Windows
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.bool_]]:
        """Return the words of the hosts' addresses, and which are ours."""
        if not found.hosts:
            return *_no_words(), np.zeros(0, bool)
        words = {host: parse_address(host) for host in set(found.hosts)}
        table = np.array([words[host] for host in found.hosts], np.uint64)
        hi, lo = table[:, 0].copy(), table[:, 1].copy()
        return hi, lo, self._home.find_local(hi, lo)


def _no_words() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    return np.zeros(0, np.uint64), np.zeros(0, np.uint64)
