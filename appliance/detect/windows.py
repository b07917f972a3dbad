"""Fingerprints of hosts: flows are added to open windows, closed windows leave as batches."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.config.schema import Detect
from appliance.detect.evidence import Carried, Evidence, Work
from appliance.detect.history import History
from appliance.detect.observed import Observed
from appliance.detect.weights_windows import CarryWeights, EvidenceWeights
from appliance.detect.windowinput import Tables, Told
from appliance.kernels.fingerprint import (
    PORT_ADMIN,
    PORT_CALLED,
    PORT_COMMON,
    PORT_LOGIN,
    SIZES,
    close_window,
)
from appliance.kernels.jit import records
from appliance.kernels.windows import absorb_flows
from appliance.kernels.windowtable import FlowColumns, make_windows
from appliance.model.alert import Signal
from appliance.model.contact import CONTACT_DTYPE, HOST_DTYPE
from appliance.model.flow import FLOW_DTYPE
from appliance.model.observation import DnsSeen
from appliance.model.window import COLUMN, FEATURES, WindowBatch

GRACE_S = 60.0  # flows are told of when they end; most of a window's have come by then
MAX_ENTRIES = 32_768  # contacts in one window; one host may take a quarter
_KEYS_PER_ENTRY = 12
_FEWEST_KEYS = 1_024
_AHEAD = 1  # windows after the present one that a flow may open: clocks differ a little

# Registered ports that clients of homes and offices really use; any other is odd.
COMMON_PORTS = (
    20, 21, 22, 23, 24, 25, 53, 80, 88, 110, 111, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389,
    427, 443, 445, 465, 500, 514, 515, 548, 554, 587, 631, 636, 853, 873, 989, 990, 993, 995, 1194,
    1701, 1723, 1883, 1900, 1935, 2049, 3268, 3269, 3306, 3389, 3478, 3479, 3702, 4070, 4500, 5060,
    5061, 5222, 5223, 5228, 5229, 5230, 5269, 5353, 5355, 5432, 5900, 5938, 5985, 5986, 7680, 8009,
    8080, 8443, 8883, 9100, 11371, 19302, 27015, 51820,
)  # fmt: skip
ADMIN_PORTS = (22, 135, 139, 445, 3389, 5985, 5986)
LOGIN_PORTS = (21, 22, 23, 110, 143, 1433, 2222, 2323, 3306, 3389, 5432, 5900, 5901)
# DNS, DHCP, TFTP, NTP, NetBIOS, SNMP, syslog, SSDP, STUN, discovery, mDNS, LLMNR
CALLED_PORTS = (
    53, 67, 69, 123, 137, 138, 161, 162, 427, 514, 1900, 3478, 3702, 5351, 5353, 5355,
)  # fmt: skip


class Used(NamedTuple):
    """The contacts of a closed window, for a score with hindsight."""

    window: WindowBatch
    place: NDArray[np.uint32]  # (k,), which host of the batch
    contact: NDArray[np.uint32]  # (k,), row
    peer_lo: NDArray[np.uint64]  # (k,), low word of the peer: the row may belong to another by now
    judged: NDArray[np.float32]  # values of the batch without what is the hosts' work


class WindowStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since the start."""

    flows: int
    late: int  # flows of windows that were closed already; counted in the oldest open one
    closed: int
    entries_full: int  # flows whose contact was not kept in its window
    hosts_replaced: int
    observed_full: int  # DNS observations and signals of hosts that found no room
    clock_steps: int


class Windows:
    """The two windows that may be open, of all hosts. One thread; packet time."""

    def __init__(
        self,
        config: Detect,
        contacts: Tables,
        *,
        weights: tuple[EvidenceWeights, CarryWeights] | None = None,
        history: History | None = None,
        keep_used: bool = False,
    ) -> None:
        """Allocate for as many rows as the contacts' tables may have.

        history : is asked for the hours in which a host was active before
        keep_used : remember the contacts of every window, for `rescore`
        """
        self._history = history
        self._weights = weights
        self._contacts = contacts
        self._length_s = config.window_s
        entries = min(config.max_contacts, MAX_ENTRIES)
        self._table = make_windows(config.window_s, config.max_hosts, config.max_contacts, entries)
        room = 1 << (entries * _KEYS_PER_ENTRY - 1).bit_length()
        self._state: np.void = self._table.state.view(np.ndarray)[0]  # a view
        self._keys = np.zeros(max(room, _FEWEST_KEYS), np.uint64)
        self._counts = np.zeros(len(self._keys), np.uint32)
        self._ports = _port_kinds()
        self._evidence = Evidence(weights[0] if weights else None)
        self._carried = Carried(weights[1] if weights else None)
        self._work = Work(weights[1] if weights else None)
        self._observed = Observed()
        self._ready: list[WindowBatch] = []
        self._closed = self._clock_steps = 0
        self.keep_used = keep_used
        self.used: list[Used] = []

    def absorb(
        self, flows: NDArray[Any], absorbed: Told, resp_marks: NDArray[Any], now_s: float
    ) -> None:
        """Add flows to the windows of their starts.

        flows : FLOW_DTYPE (n,); absorbed : what the contacts' tables said of them
        resp_marks : uint32 (n,), MARK_* of the responders
        """
        if not len(flows):
            return
        self._follow_clock(now_s)
        given = np.ascontiguousarray(flows).view()
        given.flags.writeable = False  # one type of memory for the compiler, whoever gives it
        columns = FlowColumns(
            classes=np.ascontiguousarray(absorbed.classes),
            contact=np.ascontiguousarray(absorbed.contact),
            host=np.ascontiguousarray(absorbed.host),
            server=np.ascontiguousarray(absorbed.server),
            out=np.ascontiguousarray(absorbed.out),
            into=np.ascontiguousarray(absorbed.into),
            novel=np.ascontiguousarray(absorbed.novel),
            marks=np.ascontiguousarray(resp_marks),
        )
        latest = int(now_s // self._length_s) + _AHEAD
        done = 0
        while True:
            done = absorb_flows(self._table, records(given), columns, done, latest)
            if done >= len(flows):
                return
            first_ns = int(flows[done]["first_ns"])
            self._open(min(first_ns // 1_000_000_000 // self._length_s, latest))

    def count_dns(self, items: Iterable[DnsSeen]) -> None:
        """Count questions, names that do not exist and how random labels look, per client."""
        length_ns = self._length_s * 1_000_000_000
        for number, some in groupby(items, lambda item: item.ts_ns // length_ns):
            self._observed.count_dns(self._number_of(number * self._length_s), some)

    def count_signals(self, signals: Iterable[Signal]) -> None:
        """Remember the strongest signal on each host: rules know more than sums do."""
        for signal in signals:
            self._observed.count_signal(self._number_of(signal.ts_s), signal)

    def close_due(self, now_s: float) -> list[WindowBatch]:
        """Close and return the windows that ended at least GRACE_S ago."""
        self._follow_clock(now_s)
        state = self._state
        while state["newest"] >= 0 and now_s >= (state["oldest"] + 1) * self._length_s + GRACE_S:
            if state["oldest"] == state["newest"] and not state["active"][int(state["oldest"]) & 1]:
                break  # nothing is open: a long silence is not a row of empty windows
            self._close_oldest()
        return self._take_ready()

    def flush(self) -> list[WindowBatch]:
        """Close and return everything."""
        self._close_all()
        return self._take_ready()

    def statistics(self) -> WindowStatistics:
        """Return the counters so far."""
        state = self._state
        return WindowStatistics(
            flows=int(state["flows"]),
            late=int(state["late"]),
            closed=self._closed,
            entries_full=int(state["entries_full"]),
            hosts_replaced=int(state["hosts_replaced"]),
            observed_full=self._observed.full,
            clock_steps=self._clock_steps,
        )

    def rescore(self, used: Used) -> NDArray[np.float32]:
        """Return the evidence of a closed window with the pair scores of now: with hindsight.

        For evaluation after a whole day; what was known at the time is `window.evidence`.
        """
        values = used.judged.copy()
        values[:, COLUMN["regular"]] = self.recall(used)
        return self._evidence.score(values)

    def recall(self, used: Used) -> NDArray[np.float32]:
        """Return the feature `regular` of a closed window with the pair scores of now: (n,)."""
        rows = self._contacts.contacts[used.contact]
        same = (rows["live"] != 0) & (rows["resp_lo"] == used.peer_lo)
        scores = np.where(same, rows["score"], 0.0).astype(np.float32)
        regular: NDArray[np.float32] = used.window.values[:, COLUMN["regular"]].copy()
        np.maximum.at(regular, used.place, scores)
        return regular

    def look_back(self) -> list[WindowBatch]:
        """Return the remembered windows, in order, as they look with the pair scores of now."""
        carried = Carried(self._weights[1] if self._weights else None)
        batches = []
        for used in self.used:
            window = used.window
            values = window.values.copy()
            values[:, COLUMN["regular"]] = self.recall(used)
            evidence = self.rescore(used)
            score = carried.add(window.hosts, evidence, window.start_s)
            batches.append(window._replace(values=values, evidence=evidence, score=score))
        return batches

    def _number_of(self, ts_s: float) -> int:
        """Return the window something without a flow counts in."""
        state = self._state
        number = int(ts_s // self._length_s)
        if state["newest"] < 0:
            return number
        return min(max(number, int(state["oldest"])), int(state["newest"]) + _AHEAD)

    def _follow_clock(self, now_s: float) -> None:
        """Start anew if the clock was set back further than the windows reach."""
        state = self._state
        if state["newest"] >= 0 and now_s < (state["oldest"] - 1) * self._length_s:
            self._clock_steps += 1
            self._close_all()
            state["oldest"] = state["newest"] = -1

    def _open(self, number: int) -> None:
        state = self._state
        if state["newest"] >= 0:
            while state["oldest"] < min(number - 1, state["newest"]):
                self._close_oldest()
            if state["oldest"] < number - 1:
                self._close_oldest()
        begun = state["newest"] + 1 if 0 <= state["newest"] == number - 1 else number - 1
        for fresh in range(int(begun), number + 1):
            self._clear(fresh)
        state["oldest"] = max(int(state["oldest"]), number - 1)
        state["newest"] = number

    def _clear(self, number: int) -> None:
        state = self._state
        state["active"][number & 1] = 0
        state["used"][number & 1] = 0

    def _close_all(self) -> None:
        state = self._state
        if state["newest"] >= 0:
            while state["oldest"] < state["newest"]:
                self._close_oldest()
            self._close_oldest()

    def _close_oldest(self) -> None:
        """Make a batch of the oldest open window; the next one is open afterwards."""
        state = self._state
        number = int(state["oldest"])
        active = int(state["active"][number & 1])
        if active:
            self._ready.append(self._fingerprints(number, active))
            self._closed += 1
        self._observed.forget(number)
        state["oldest"] = number + 1
        if number == state["newest"]:
            state["newest"] = number + 1
            self._clear(number + 1)

    def _fingerprints(self, number: int, active: int) -> WindowBatch:
        table = self._table
        half = number & 1
        base = half * int(self._state["half_hosts"])
        rows = table.hosts.view(np.ndarray)[base + table.active[base : base + active].astype(int)]
        values = np.zeros((active, len(FEATURES)))
        self._observed.write(number, rows, values)
        entries = int(self._state["used"][half])
        room = max(1 << (entries * _KEYS_PER_ENTRY).bit_length(), _FEWEST_KEYS)
        room = min(room, len(self._keys))
        close_window(
            table,
            half,
            records(self._contacts.contacts),
            self._ports,
            self._keys[:room],
            self._counts[:room],
            values,
            np.zeros((active, SIZES)),
        )
        start_s = float(number * self._length_s)
        hosts = self._hosts_of(rows)
        if self._history is not None:
            values[:, COLUMN["night"]] = self._history.night(hosts, start_s)
        fingerprint = values.astype(np.float32)
        judged = self._work.set_apart(hosts, fingerprint)
        own = self._evidence.score(judged)
        suspicion = self._carried.add(hosts, own, start_s)
        no_model = np.full(active, -1.0, np.float32)
        batch = WindowBatch(
            start_s=start_s,
            length_s=float(self._length_s),
            hosts=hosts,
            values=fingerprint,
            evidence=own,
            model=no_model,
            score=suspicion,
        )
        if self.keep_used:
            self._remember_used(batch, judged, half)
        return batch

    def _hosts_of(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return copies of the hosts' rows; an address whose row is another's has only its name."""
        hosts: NDArray[Any] = self._contacts.hosts[rows["host"].astype(int)].copy()
        other = (hosts["hi"] != rows["hi"]) | (hosts["lo"] != rows["lo"])
        if other.any():
            hosts[other] = np.zeros(1, HOST_DTYPE)
            hosts["hi"], hosts["lo"] = rows["hi"], rows["lo"]
        return hosts

    def _remember_used(self, batch: WindowBatch, judged: NDArray[np.float32], half: int) -> None:
        count = int(self._state["used"][half])
        base = half * int(self._state["half_entries"])
        entries = self._table.entries.view(np.ndarray)[base : base + count]
        entries = entries[entries["contact"] < len(self._contacts.contacts)]  # those with a row
        hosts = self._table.hosts.view(np.ndarray)
        offset = half * int(self._state["half_hosts"])
        self.used.append(
            Used(
                window=batch,
                place=hosts["place"][offset + entries["host"].astype(int)],
                contact=entries["contact"].copy(),
                peer_lo=entries["resp_lo"].copy(),
                judged=judged,
            )
        )

    def _take_ready(self) -> list[WindowBatch]:
        ready, self._ready = self._ready, []
        return ready


def _port_kinds() -> NDArray[np.uint8]:
    kinds = np.zeros(65_536, np.uint8)
    kinds[list(COMMON_PORTS)] |= PORT_COMMON
    kinds[list(ADMIN_PORTS)] |= PORT_ADMIN
    kinds[list(LOGIN_PORTS)] |= PORT_LOGIN
    kinds[list(CALLED_PORTS)] |= PORT_CALLED
    return kinds


class _Nobody(NamedTuple):
    """Tables with one row, and what they say of one flow."""

    contacts: NDArray[Any]
    hosts: NDArray[Any]
    classes: NDArray[np.uint8]
    contact: NDArray[np.int32]
    host: NDArray[np.int32]
    server: NDArray[np.int32]
    out: NDArray[np.float64]
    into: NDArray[np.float64]
    novel: NDArray[np.uint8]


def warm_up() -> None:
    """Compile or load the kernels of windows: a flow does not wait for a compiler."""
    row, size = np.zeros(1, np.int32), np.zeros(1, np.float64)
    nobody = _Nobody(
        contacts=np.zeros(1, CONTACT_DTYPE),
        hosts=np.zeros(1, HOST_DTYPE),
        classes=np.zeros(1, np.uint8),
        contact=row,
        host=row,
        server=row,
        out=size,
        into=size,
        novel=np.zeros(1, np.uint8),
    )
    windows = Windows(Detect(max_hosts=64, max_contacts=1_024), nobody)
    windows.absorb(np.zeros(1, FLOW_DTYPE), nobody, np.zeros(1, np.uint32), 1.0)
    windows.flush()
