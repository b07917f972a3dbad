"""READ THIS FIRST: what detection does with a batch, in order.

Every flow goes through kernels that keep bounded tables; only what became due is judged, by small
functions that say why. Whatever the source of the flows, this is the only judge.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Config
from appliance.detect.arp import ArpWatch
from appliance.detect.arrays import collect_marks, collect_services
from appliance.detect.contacts import Contacts, ContactStatistics
from appliance.detect.devices import Devices
from appliance.detect.dhcp import DhcpWatch
from appliance.detect.dns import DnsWatch
from appliance.detect.dnsflows import DnsFlows
from appliance.detect.fans import FanJudge
from appliance.detect.habits import DAY_S, Habits, HabitStore
from appliance.detect.history import History
from appliance.detect.hostanomaly import HostAnomaly
from appliance.detect.icmp import IcmpWatch
from appliance.detect.intel import IntelWatch
from appliance.detect.namebook import NameBook
from appliance.detect.pairs import PairJudge
from appliance.detect.weights import load_weights
from appliance.detect.windows import Windows
from appliance.model.address import Address
from appliance.model.alert import Signal
from appliance.model.flow import FlowBatch
from appliance.model.meta import DeviceFact
from appliance.model.observation import DnsSeen, Observation
from appliance.model.window import WindowBatch

_BUSY_BYTES = 4_096  # of questions to one resolver, before anybody looks at them by the flow
_REFRESH_S = 1.0  # between looks at files, devices and idle rows


class Surroundings(NamedTuple):
    """What detection needs of the rest of the appliance."""

    resolve: Callable[[int, int], Address]  # two words to what is known about the address
    name_of: Callable[[int, int], str]  # passive DNS, "" unknown
    vendor: Callable[[int], str]  # who made a network card
    habits: HabitStore | None = None


class Findings(NamedTuple):
    """What one part of a batch led to."""

    signals: list[Signal]
    windows: list[WindowBatch]  # closed since the last time


class DetectorStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since start."""

    flows: int = 0
    signals: dict[str, int] = {}  # by rule
    windows: int = 0  # closed
    judged: int = 0  # contacts and fans that were due
    tables: ContactStatistics | None = None


class Detector:
    """Brings flows and observations to signals and fingerprints. One thread, packet time."""

    def __init__(self, config: Config, surroundings: Surroundings) -> None:
        weights = load_weights(config.detect.weights)
        resolve = surroundings.resolve
        self._names = NameBook(surroundings.name_of)
        self.contacts = Contacts(config.detect)
        self.history = History(weights.history)
        self.habits = Habits(store=surroundings.habits)
        self.devices = Devices(weights, config.learn, resolve, surroundings.vendor)
        self._anomaly = HostAnomaly(self.history, weights.history, resolve)
        self._pairs = PairJudge(
            weights, self.contacts, resolve, self._names.name_of, self.habits, self.history
        )
        self._fans = FanJudge(weights, self.contacts, resolve)
        self.windows = Windows(
            config.detect,
            self.contacts,
            weights=(weights.evidence, weights.carry),
            history=self.history,
        )
        self._dns = DnsWatch(weights, resolve)
        self._watches = (
            ArpWatch(weights, resolve, self.devices.is_router, self.devices.addresses_of),
            DhcpWatch(weights, resolve, self.devices.address_of),
        )
        self._icmp = IcmpWatch(weights, resolve)
        self._dns_flows = DnsFlows(weights, resolve)
        self.intel = IntelWatch(weights, config.intel, resolve, self._dns.is_resolver)
        self._lists_anew = False  # lists came into use: contacts known already count again
        self._off = frozenset(config.detect.off)
        self._refreshed_s = 0.0
        self._day = 0
        self._signals: Counter[str] = Counter()
        self._flows = self._closed = self._judged = 0

    def take(self, batch: FlowBatch, now_s: float) -> Findings:
        """Judge an enriched batch, attempts included.

        now_s : packet time at its end
        """
        signals: list[Signal] = []
        if len(batch):
            signals = self._take_flows(batch, now_s)
        return self._finish(signals, now_s)

    def learn_devices(self, facts: Sequence[DeviceFact]) -> Findings:
        """Take over what packets said about devices; report those that are new."""
        return Findings(self.devices.observe(facts), [])

    def observe(self, observations: Sequence[Observation], now_s: float) -> Findings:
        """Judge what single packets or log lines said."""
        signals: list[Signal] = []
        if observations:
            names = [item for item in observations if type(item) is DnsSeen]
            signals += self._dns.observe(names)
            self.windows.count_dns(names)
            if len(names) < len(observations):
                for watch in self._watches:
                    signals += watch.observe(observations)
            signals += self.intel.observe_names(names)
        return self._finish(signals, now_s)

    def flush(self, now_s: float) -> Findings:
        """Close every window: nothing more will come."""
        found = self._finish([], now_s)
        signals, windows = self._close(self.windows.flush())
        return Findings([*found.signals, *signals], [*found.windows, *windows])

    def statistics(self) -> DetectorStatistics:
        """Return the counters; for the thread that feeds it."""
        return DetectorStatistics(
            flows=self._flows,
            signals=dict(self._signals),
            windows=self._closed,
            judged=self._judged,
            tables=self.contacts.statistics(),
        )

    def _take_flows(self, batch: FlowBatch, now_s: float) -> list[Signal]:
        flows = batch.flows
        self._flows += len(flows)
        orig_marks, resp_marks = collect_marks(batch)
        self._names.learn(batch)
        told = self.contacts.absorb(flows, orig_marks, resp_marks, collect_services(batch))
        self._judged += len(told.due_contacts) + len(told.due_fans)
        signals = self._pairs.judge(told.due_contacts, now_s)
        signals += self._pairs.judge_flows(batch, now_s)
        signals += self._fans.judge(told.due_fans.tolist(), now_s)
        self.windows.absorb(flows, told, resp_marks, now_s)
        signals += self._icmp.observe(flows)
        signals += self._dns_flows.observe(self._busy_questions(flows, told.contact))
        if self.intel.loaded:
            signals += self.intel.observe_flows(batch)
            signals += self.intel.observe(self._new_contacts(told.contact))
        return signals

    def _busy_questions(self, flows: NDArray[Any], rows: NDArray[np.int32]) -> NDArray[Any]:
        """Return the DNS flows of those who have asked a lot: a few questions are no tunnel."""
        asked = np.flatnonzero((flows["resp"]["port"] == 53) & (rows >= 0))
        busy: NDArray[Any] = flows[asked[self.contacts.contacts["out"][rows[asked]] >= _BUSY_BYTES]]
        return busy

    def _new_contacts(self, rows: NDArray[np.int32]) -> NDArray[Any]:
        contacts = self.contacts.contacts
        if self._lists_anew:
            self._lists_anew = False
            alive: NDArray[Any] = contacts[contacts["live"] != 0]
            return alive
        touched = contacts[np.unique(rows[rows >= 0])]
        new: NDArray[Any] = touched[touched["contacts"] <= 1]
        return new

    def _finish(self, signals: list[Signal], now_s: float) -> Findings:
        signals += self._refresh(now_s)
        self.windows.count_signals(signals)
        told, windows = self._close(self.windows.close_due(now_s))
        signals += told
        if self._off:
            signals = [signal for signal in signals if signal.rule not in self._off]
        # A log told in order of starts knows ends that are still to come: nobody's clock may jump.
        signals = [_told_by(signal, now_s) for signal in signals]
        self._signals.update(signal.rule for signal in signals)
        return Findings(signals, windows)

    def _close(self, windows: list[WindowBatch]) -> tuple[list[Signal], list[WindowBatch]]:
        """Judge closed windows by the past of their hosts, then let them become the past."""
        signals: list[Signal] = []
        for window in windows:
            signals += self._anomaly.judge(window)
            self.history.learn(window)
        self._closed += len(windows)
        return signals, windows

    def _refresh(self, now_s: float) -> list[Signal]:
        day = int(now_s // DAY_S)
        if day > self._day:
            if self._day:
                self.habits.learn(self.contacts.contacts, self._day, self._names.name_of)
            self._day = day
        if self._refreshed_s <= now_s < self._refreshed_s + _REFRESH_S:
            return []
        self._refreshed_s = now_s
        self.contacts.expire(now_s)
        self._lists_anew |= self.intel.refresh(now_s)
        return self.devices.refresh(self.contacts.hosts, now_s)


def _told_by(signal: Signal, now_s: float) -> Signal:
    return signal if signal.ts_s <= now_s else msgspec.structs.replace(signal, ts_s=now_s)
