"""Windows that are unlike their host's own past, and unlike what the other devices do.

Only a supplement: what it says never is an alert by itself.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.detect.bins import BINS, to_bins
from appliance.detect.history import History
from appliance.detect.weights_windows import EvidenceWeights, HistoryWeights
from appliance.model.address import Address
from appliance.model.alert import Family, Signal, Term
from appliance.model.window import COLUMN, DIRECTIONAL, WindowBatch

_COLUMNS = np.array([COLUMN[name] for name in DIRECTIONAL])
_TOP = (1.0, 0.6, 0.3)  # weights of the three rarest features: one fact shows in several
_OWN_PRIOR = 0.5  # windows: what was never seen is not impossible
_CROWD_PRIOR = 0.02  # hosts
_WORTH_SAYING = 0.3  # -log10 of one half
_AT_ONCE = 256  # hosts compared in one go, 2 MB each array
_FEWEST_OTHERS = 3  # devices, to compare one with
_MATTERS = 0.5  # of where a feature is evidence: what is below is new, and nothing
_FLOORS = _MATTERS * np.array(
    [getattr(EvidenceWeights(), f"{name}_at", 0.0) for name in DIRECTIONAL]
)

# How a feature is said: words, unit, and whether it is ln(1 + what is said)
_WORDS: dict[str, tuple[str, bool, float]] = {
    "regular": ("regularity of its contacts", False, 1.0),
    "burst": ("{} sessions with one rare peer", True, 1.0),
    "failed_peer": ("{} failures with one service", True, 1.0),
    "failed_rate": ("{} % of its flows failed", False, 100.0),
    "rare_odd": ("{} flows to unusual ports of rare peers", True, 1.0),
    "ports_of_one": ("{} silent ports of one peer", True, 1.0),
    "sweep": ("{} hosts tried on one port", True, 1.0),
    "out_ratio": ("sent {} times what it got from rare peers", True, 1.0),
    "out_volume": ("{} kB sent to rare peers", True, 100.0),
    "dns": ("{} DNS questions", True, 1.0),
    "dns_failed": ("{} names that do not exist", True, 1.0),
    "dns_entropy": ("{} bits a character in the names asked for", False, 1.0),
    "admin": ("{} machines administered", True, 1.0),
    "new_peers": ("{} % of its outside peers new to it", False, 100.0),
    "new_to_all": ("{} % of its outside peers new here", False, 100.0),
    "icmp": ("{} kB of echo", True, 1.0),
    "request_size": ("requests of {} bytes to rare peers", True, 100.0),
    "night": ("active at an hour it never was", False, 1.0),
    "dead_peer": ("{} failures with one dead peer so far", True, 1.0),
    "logins": ("{} sessions on one login service", True, 1.0),
}


class Unusual(NamedTuple):
    """How far a host's window is from what is usual. 0 where there is nothing to compare with."""

    surprise: float  # against its own past: -log10 of the share of its three rarest features
    tail: float  # the same against all other devices, each of equal weight
    features: tuple[str, ...]  # the three rarest against its own past, rarest first


class HostAnomaly:
    """Compares closed windows with the past of their hosts."""

    def __init__(
        self,
        history: History,
        weights: HistoryWeights | None = None,
        address_of: Callable[[int, int], Address] = Address,
    ) -> None:
        """address_of : gives the interned address of (hi, lo)."""
        self._history = history
        self._weights = weights or HistoryWeights()
        self._address_of = address_of

    def judge(self, batch: WindowBatch) -> list[Signal]:
        """Return signals for hosts whose window has several things that are new for them.

        The other devices or the evidence must agree. Call it before the history learns the window.
        """
        w = self._weights
        self._history.begin_day(batch.start_s)
        if not self._history.days:
            return []
        own = self._surprises(batch)
        rare = np.flatnonzero(_top_three(own) >= w.surprise).tolist()
        if not rare:
            return []
        signals: list[Signal] = []
        for place, unusual in zip(rare, self._with_tails(batch, own, rare), strict=True):
            if unusual.tail >= w.peers or batch.evidence[place] >= w.agree:
                signals.append(self._signal(batch, place, unusual))
        return signals

    def compare(self, batch: WindowBatch) -> list[Unusual]:
        """Compare each host of a window with its own earlier days and with the other devices."""
        own = self._surprises(batch)
        return self._with_tails(batch, own, list(range(len(own))))

    def _surprises(self, batch: WindowBatch) -> NDArray[np.float64]:
        """Return -log10 of the share of each host's own windows that were like this.

        returns : (hosts, features); 0 where too little is known of a host
        """
        self._history.begin_day(batch.start_s)
        rows = self._history.rows_of(batch.hosts)
        totals = self._history.totals_of(rows)
        known = (batch.hosts["inside"] != 0) & (totals >= self._weights.windows) & (totals > 0.0)
        own = np.zeros((len(rows), len(_COLUMNS)))
        places = np.flatnonzero(known)
        for at in range(0, len(places), _AT_ONCE):
            some = places[at : at + _AT_ONCE]
            own[some] = self._compare(batch.values[some], rows[some], totals[some])
        return own

    def _with_tails(
        self, batch: WindowBatch, own: NDArray[np.float64], places: list[int]
    ) -> list[Unusual]:
        """Return how unusual the hosts at some places are, among the other devices too."""
        keys, everyone = self._history.everyone()
        crowd = _Crowd(keys, everyone[:, _COLUMNS])
        bins = to_bins(batch.values)[:, _COLUMNS]
        result = []
        for place in places:
            host = batch.hosts[place]
            order = np.argsort(-own[place], kind="stable")[:3]
            names = tuple(DIRECTIONAL[k] for k in order if own[place][k] >= _WORTH_SAYING)
            key = (int(host["hi"]), int(host["lo"]))
            tail = crowd.surprise(key, bins[place]) if host["inside"] else np.zeros(len(_COLUMNS))
            both = _top_three(np.stack((own[place], tail))).tolist()
            result.append(Unusual(both[0], both[1], names))
        return result

    def _compare(
        self, values: NDArray[np.float32], rows: NDArray[np.intp], totals: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the surprises of hosts of which the history has rows: (n, features)."""
        bins = to_bins(values)[:, _COLUMNS]
        bins[values[:, _COLUMNS] < _FLOORS] = 0
        past = self._history.past_of_rows(rows)[:, _COLUMNS].astype(np.float64)
        reached = np.where(np.arange(BINS) >= bins[:, :, None], past, 0.0).sum(axis=2)
        share = (reached + _OWN_PRIOR) / (totals[:, None] + _OWN_PRIOR)
        surprise: NDArray[np.float64] = -np.log10(share)
        return surprise

    def _signal(self, batch: WindowBatch, place: int, unusual: Unusual) -> Signal:
        w = self._weights
        host = batch.hosts[place]
        hi, lo = int(host["hi"]), int(host["lo"])
        weight = min(w.base + w.per_decade * (unusual.surprise - w.surprise), w.most)
        parts = [self._describe(hi, lo, name, batch.values[place]) for name in unusual.features]
        return Signal(
            ts_s=batch.start_s + batch.length_s,
            first_s=batch.start_s,
            last_s=batch.start_s + batch.length_s,
            rule="host_anomaly",
            kind="host_anomaly",
            family=Family.MODEL,
            host=self._address_of(hi, lo),
            weight=round(weight, 3),
            terms=tuple(
                Term(name, round(weight * share / sum(_TOP), 3), text)
                for name, share, text in zip(unusual.features, _TOP, parts, strict=False)
            ),
            sentence="was unlike its earlier days: " + "; ".join(parts),
            solo_limit=w.alone,
            half_life_s=w.half_life_s,
        )

    def _describe(self, hi: int, lo: int, feature: str, values: NDArray[np.float32]) -> str:
        """Say a feature with the host's usual value beside it."""
        usual = self._history.usual(hi, lo, feature)
        words = _WORDS[feature][0]
        now = say_value(feature, float(values[COLUMN[feature]]))
        if "{}" not in words:
            return f"{words} ({now}, usually {say_value(feature, usual.median)})"
        return f"{words.format(now)} (usually {say_value(feature, usual.median)})"


class _Crowd:
    """What all devices do, each of equal weight, however busy."""

    def __init__(self, keys: list[tuple[int, int]], weights: NDArray[np.float32]) -> None:
        """Take the weights of each host's windows: (hosts, features, BINS)."""
        totals = np.maximum(weights.sum(axis=2, keepdims=True), 1e-9)
        self._tails = np.cumsum(weights[:, :, ::-1], axis=2, dtype=np.float64)[:, :, ::-1] / totals
        self._all = self._tails.sum(axis=0)
        self._places = {key: place for place, key in enumerate(keys)}

    def surprise(self, key: tuple[int, int], bins: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return -log10 of the share of the others' windows that reach these bins: (features,)."""
        place = self._places.get(key)
        others = len(self._places) - (place is not None)
        if others < _FEWEST_OTHERS:
            return np.zeros(len(bins))
        features = np.arange(len(bins))
        reached = self._all[features, bins]
        if place is not None:
            reached = reached - self._tails[place, features, bins]
        share = (np.maximum(reached, 0.0) + _CROWD_PRIOR) / (others + _CROWD_PRIOR)
        surprise: NDArray[np.float64] = -np.log10(share)
        return surprise


def say_value(feature: str, value: float) -> str:
    """Return a feature as people count it: log1p undone, shares in per cent."""
    _, logged, scale = _WORDS[feature]
    plain = (math.expm1(value) if logged else value) * scale
    return f"{plain:.0f}" if plain >= 10 else f"{plain:.2g}"


def _top_three(surprise: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted sum of the three largest of each row."""
    first = np.sort(surprise, axis=1)[:, ::-1]
    top: NDArray[np.float64] = _TOP[0] * first[:, 0] + _TOP[1] * first[:, 1] + _TOP[2] * first[:, 2]
    return top
