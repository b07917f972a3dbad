"""Host windows without flows: a network of machines with habits, and what attacks look like."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.learn.history import BadSpan, FlowSample, WindowHistory
from appliance.model.address import MAPPED
from appliance.model.contact import HOST_DTYPE
from appliance.model.window import COLUMN, FEATURES, WindowBatch

T0_S = 1_760_000_400.0
WINDOW_S = 600.0

# a scan, a beacon with an upload, a machine that fails all day
ATTACKS: dict[str, dict[str, float]] = {
    "scan": {"ports_of_one": 6.5, "failed_peer": 2.0, "failed_rate": 0.95, "sweep": 3.0},
    "theft": {"regular": 3.5, "out_ratio": 5.0, "out_volume": 6.0, "rare_odd": 3.0},
    "worm": {"sweep": 6.0, "failed_rate": 0.9, "admin": 4.0, "new_peers": 0.9},
}


class Fleet(NamedTuple):
    """Windows of several hosts."""

    hi: NDArray[np.uint64]
    lo: NDArray[np.uint64]
    start_s: NDArray[np.float64]
    values: NDArray[np.float32]  # (n, model.window.FEATURES)


def word(number: int) -> int:
    """Return the low word of 10.0.0.number."""
    return MAPPED | 10 << 24 | number


def fleet(hosts: int = 8, windows: int = 24, seed: int = 1, shift: float = 0.0) -> Fleet:
    """Return windows of hosts 10.0.0.1 ...; the same seed gives the same.

    shift : added to what is usual, for a network that has changed
    """
    rng = np.random.default_rng(seed)
    n = hosts * windows
    values = np.zeros((n, len(FEATURES)), np.float32)
    for name, scale, share in (
        ("failed_rate", 0.1, 0.5), ("failed_peer", 0.5, 0.3), ("burst", 1.0, 0.4),
        ("dns", 2.5, 0.9), ("dns_entropy", 2.0, 0.8), ("new_peers", 0.3, 0.6),
        ("new_to_all", 0.1, 0.3), ("out_ratio", 0.5, 0.3), ("request_size", 1.0, 0.5),
        ("ports_of_one", 0.8, 0.9), ("regular", 0.6, 0.1),
    ):  # fmt: skip
        values[:, COLUMN[name]] = rng.gamma(2.0, scale / 2, n) * (rng.random(n) < share) + shift
    values[:, COLUMN["total_flows"]] = rng.integers(1, 400, n)
    values[:, COLUMN["unique_dest_ips"]] = rng.integers(1, 40, n)
    host = np.repeat(np.arange(1, hosts + 1), windows)
    lo = np.array([word(number) for number in host.tolist()], np.uint64)
    start = T0_S + np.tile(np.arange(windows), hosts) * WINDOW_S
    return Fleet(np.zeros(n, np.uint64), lo, start, values)


def attack(values: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """Return the windows with an attack on top."""
    made = values.copy()
    for name, value in ATTACKS[kind].items():
        made[:, COLUMN[name]] = value
    return made


def join(*fleets: Fleet) -> Fleet:
    """Return all windows of several fleets."""
    return Fleet(*(np.concatenate(parts) for parts in zip(*fleets, strict=True)))


def only(one: Fleet, rows: NDArray[Any]) -> Fleet:
    """Return some of the windows."""
    return Fleet(*(column[rows] for column in one))


def window_batch(one: Fleet, evidence: float = 0.0, inside: bool = True) -> WindowBatch:
    """Return the windows as if all were of one moment."""
    n = len(one.hi)
    hosts = np.zeros(n, HOST_DTYPE)
    hosts["hi"], hosts["lo"], hosts["inside"], hosts["live"] = one.hi, one.lo, inside, 1
    blank = np.full(n, -1, np.float32)
    scores = np.full(n, evidence, np.float32)
    return WindowBatch(T0_S, WINDOW_S, hosts, one.values, scores, blank, scores.copy())


class StoredPast:
    """A history held in memory."""

    def __init__(self, windows: Fleet, flows: NDArray[Any], bad: tuple[BadSpan, ...] = ()) -> None:
        """Hold what there is."""
        self.fleet = windows
        self.flows = flows
        self.bad = bad

    def windows(self, since_s: float) -> WindowHistory:
        """Return the windows that began since then."""
        return WindowHistory(*only(self.fleet, self.fleet.start_s >= since_s))

    def flow_sample(self, max_rows: int) -> FlowSample:
        """Return some flows."""
        flows = self.flows[:max_rows]
        return FlowSample(flows, np.zeros(len(flows), np.uint8))

    def bad_spans(self, since_s: float) -> tuple[BadSpan, ...]:
        """Return what was confirmed."""
        return tuple(span for span in self.bad if span.until_s >= since_s)
