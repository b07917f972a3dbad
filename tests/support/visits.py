"""Contact tables filled by hand: what the judges of pairs are given in tests."""

from dataclasses import dataclass, field

import numpy as np

from appliance.detect.habits import Habits
from appliance.detect.pairs import PairJudge
from appliance.detect.weights import load_weights
from appliance.model.address import Address, parse_address
from appliance.model.alert import Signal
from appliance.model.contact import (
    CONTACT_ANSWERED,
    CONTACT_DTYPE,
    CONTACT_OPEN,
    FLOW_ANSWERED,
    FLOW_FAILED,
    HOST_DTYPE,
    SERVICES,
    TIMES,
    TIMING_DTYPE,
)
from appliance.model.flow import Direction

DAY_S = 1_714_953_600.0  # a midnight


@dataclass
class Visits:
    """The contacts of one host with one peer."""

    host: str = "10.0.0.5"
    peer: str = "203.0.113.9"
    port: int = 443
    proto: int = 6
    service: str = "tls"
    direction: Direction = Direction.OUTBOUND
    starts: object = ()
    out: object = 700.0  # one for all, or one a visit
    back: object = 900.0
    duration: float = 0.3
    failed: bool = False


@dataclass
class Net:
    """Tables of a small network, as detect/contacts.py would keep them, and a judge of them."""

    changes: tuple[str, ...] = ()
    habits: Habits = field(default_factory=Habits)
    history: object = None
    marks: dict[str, int] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    seen_since_s: float = DAY_S + 28_800.0

    def __post_init__(self) -> None:
        self.contacts = np.zeros(0, CONTACT_DTYPE)
        self.timings = np.zeros(0, TIMING_DTYPE)
        self.hosts = np.zeros(0, HOST_DTYPE)
        self._rows: dict[str, int] = {}
        self._addresses: dict[tuple[int, int], Address] = {}

    @property
    def host_column(self) -> np.ndarray:
        return np.ascontiguousarray(self.contacts["host"])

    @property
    def net_column(self) -> np.ndarray:
        return np.ascontiguousarray(self.contacts["net"])

    def hosts_in_view(self) -> int:
        return len(self.hosts)

    def add(self, visits: Visits) -> int:
        """Return the row of the contact made of these visits."""
        self.contacts = np.append(self.contacts, np.zeros(1, CONTACT_DTYPE))
        self.timings = np.append(self.timings, np.zeros(1, TIMING_DTYPE))
        contact = self.contacts[-1]
        starts = np.asarray(visits.starts, float)
        out, back = (np.broadcast_to(v, starts.shape) for v in (visits.out, visits.back))
        ours, other = visits.host, visits.peer
        inbound = visits.direction == Direction.INBOUND
        orig, resp = (other, ours) if inbound else (ours, other)
        contact["orig_hi"], contact["orig_lo"] = parse_address(orig)
        contact["resp_hi"], contact["resp_lo"] = parse_address(resp)
        network = parse_address(other)[1] & 0xFFFFFFFF
        contact["net"], contact["wide"] = network >> 8, network >> 16
        for name in ("port", "proto", "direction"):
            contact[name] = getattr(visits, name)
        contact["service"] = SERVICES.index(visits.service)
        contact["live"], contact["score"] = 1, -9
        contact["host"], contact["timing"] = self._host(ours, starts), len(self.timings) - 1
        contact["first_s"], contact["last_s"] = starts.min(), starts.max()
        contact["contacts"] = len(starts)
        contact["failed"] = len(starts) if visits.failed else 0
        contact["answered"] = 0 if visits.failed else len(starts)
        contact["bits"] = 0 if visits.failed else CONTACT_ANSWERED | CONTACT_OPEN
        contact["out"], contact["in"] = out.sum(), back.sum()
        contact["longest_s"] = visits.duration
        hours = ((starts - DAY_S) // 3600 % 24).astype(int)
        contact["hours"] = int(np.bitwise_or.reduce(1 << hours))
        contact["day"], contact["day_contacts"] = starts.max() // 86_400, len(starts)
        ring, kept = self.timings[-1], min(TIMES, len(starts))
        ring["used"] = kept
        ring["start_s"][:kept] = np.sort(starts)[-kept:]
        ring["out"][:kept], ring["in"][:kept] = out[-kept:], back[-kept:]
        ring["duration_s"][:kept] = visits.duration
        ring["flow"][:kept] = FLOW_FAILED if visits.failed else FLOW_ANSWERED
        return len(self.contacts) - 1

    def judge(self, *rows: int, now_s: float | None = None) -> list[Signal]:
        """Return the signals of some rows, of all if none is named."""
        chosen = np.array(rows or range(len(self.contacts)), np.int32)
        now = float(self.contacts["last_s"].max()) + 1 if now_s is None else now_s
        return self.make_judge().judge(chosen, now)

    def make_judge(self) -> PairJudge:
        weights = load_weights(self.changes)
        return PairJudge(weights, self, self.resolve, self.name_of, self.habits, self.history)

    def resolve(self, hi: int, lo: int) -> Address:
        known = self._addresses.get((hi, lo))
        if known is None:
            known = self._addresses[hi, lo] = Address(hi, lo)
            known.local = known.ip.startswith("10.")
            known.marks = self.marks.get(known.ip, 0)
        return known

    def name_of(self, hi: int, lo: int) -> str:
        return self.names.get(self.resolve(hi, lo).ip, "")

    def _host(self, ip: str, starts: np.ndarray) -> int:
        if ip not in self._rows:
            self._rows[ip] = len(self.hosts)
            self.hosts = np.append(self.hosts, np.zeros(1, HOST_DTYPE))
            host = self.hosts[-1]
            host["hi"], host["lo"] = parse_address(ip)
            host["first_s"], host["live"] = self.seen_since_s, 1
            host["inside"] = ip.startswith("10.")
        host = self.hosts[self._rows[ip]]
        host["last_s"] = max(host["last_s"], starts.max())
        host["hours"] |= 0xFF00
        return self._rows[ip]


def every(seconds: float, count: int, *, jitter: float = 0.0, seed: int = 1) -> np.ndarray:
    """Return starts from the morning on, so many seconds apart, jitter drawn evenly."""
    draws = np.random.default_rng(seed).uniform(1 - jitter, 1 + jitter, count)
    return DAY_S + 30_000 + np.cumsum(seconds * draws)


def crowd(net: Net, count: int = 6) -> None:
    """Give a network some other hosts, which talk to other things at odd times."""
    for i in range(count):
        starts = DAY_S + 30_000 + 97.0 * np.arange(5) ** 2
        net.add(Visits(host=f"10.0.0.{100 + i}", peer=f"198.51.100.{i}", starts=starts))


def by_kind(signals: list[Signal]) -> dict[str, Signal]:
    return {signal.rule: signal for signal in signals}


def terms_of(signal: Signal) -> dict[str, float]:
    return {term.name: term.weight for term in signal.terms}
