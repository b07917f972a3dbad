"""How much a host's window looks like an attack, from its fingerprint alone: nothing is fitted.

Each directional feature gives a probability of its own; together the families of features are the
probability that not all of them are innocent. The score ranks windows. It is not calibrated: 0.5 is
not one in two.
"""

from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.detect.weights_windows import CarryWeights, EvidenceWeights
from appliance.model.window import COLUMN

_HOSTS_CARRIED = 16_384
MODEL_SHARE = 0.3  # how far a model's rank alone is believed
_MOST_MACHINES = 255  # told apart in a memory of one byte a window

# Features that tell of one fact count once: the strongest of a family, and of a bulk upload the
# weaker of its two, since much with an answer is a backup and little without one a log line.
FAMILIES: dict[str, tuple[str, ...]] = {
    "beacon": ("regular",),
    "rate": ("burst",),
    "failure": ("failed_peer", "failed_rate", "dead_peer"),
    "port": ("rare_odd",),
    "fanout": ("ports_of_one", "sweep", "new_peers"),
    "volume": ("out_ratio", "out_volume"),
    "dns": ("dns", "dns_failed"),
    "lateral": ("admin",),
    "tunnel": ("icmp",),
    "auth": ("logins",),
    "rules": ("signal",),
}
JUDGED = tuple(name for names in FAMILIES.values() for name in names)
_COLUMNS = np.array([COLUMN[name] for name in JUDGED])
_STARTS = np.cumsum([0, *(len(names) for names in FAMILIES.values())])[:-1]
_VOLUME = tuple(FAMILIES).index("volume")
_RATIO, _MUCH = (JUDGED.index(name) for name in FAMILIES["volume"])
_ICMP, _SWEEP = JUDGED.index("icmp"), JUDGED.index("sweep")
_ADMIN = COLUMN["admin"]


class Evidence:
    """The evidence score with its constants laid out as arrays."""

    def __init__(self, weights: EvidenceWeights | None = None) -> None:
        weights = weights or EvidenceWeights()
        self._at = np.array([getattr(weights, f"{name}_at") for name in JUDGED])
        self._by = np.array([getattr(weights, f"{name}_by") for name in JUDGED])
        self._nothing = self._curve(np.zeros(len(JUDGED)))  # a quiet window has no evidence
        self._top = np.full(len(FAMILIES), weights.top)
        self._top[_VOLUME] = weights.volume_top

    def parts(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return what each feature of JUDGED says, 0 for nothing to 1: (n, len(JUDGED)).

        values : float32 (n, len(FEATURES))
        """
        judged = np.maximum(values[:, _COLUMNS].astype(np.float64), 0.0)
        # a tunnel has one end; who watches over twenty machines asks each of them for an echo
        asked = np.maximum(np.expm1(judged[:, _SWEEP]), 1.0)
        judged[:, _ICMP] = np.log1p(np.expm1(judged[:, _ICMP]) / asked)
        level = self._curve(judged)
        parts: NDArray[np.float64] = (level - self._nothing) / (1.0 - self._nothing)
        return parts

    def score(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the evidence of each window, 0..1: (n,)."""
        parts = self.parts(values)
        families = np.maximum.reduceat(parts, _STARTS, axis=1)
        families[:, _VOLUME] = np.minimum(parts[:, _RATIO], parts[:, _MUCH])
        innocent = np.prod(1.0 - self._top * families, axis=1)
        score: NDArray[np.float32] = (1.0 - innocent).astype(np.float32)
        return score

    def _curve(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        distance = np.clip((values - self._at) / self._by, -50.0, 50.0)
        curve: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-distance))
        return curve


class Carried:
    """Evidence of a device's earlier windows, fading: it is suspicious in its quiet windows too."""

    def __init__(self, weights: CarryWeights | None = None) -> None:
        self._weights = weights or CarryWeights()
        self._known: OrderedDict[tuple[int, int], tuple[float, float]] = OrderedDict()
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._known)

    def add(
        self, hosts: NDArray[Any], evidence: NDArray[np.float32], start_s: float
    ) -> NDArray[np.float32]:
        """Return evidence together with what is left of earlier windows, and remember it.

        hosts : HOST_DTYPE (n,), evidence : (n,), start_s : of the window; windows come in order
        """
        alone = evidence.astype(np.float64)
        result: NDArray[np.float32] = (1.0 - (1.0 - alone)).astype(np.float32)
        for place, key in self._worth_a_look(hosts, alone > self._weights.floor):
            now = float(alone[place])
            before, ts_s = self._known.get(key, (0.0, start_s))
            left = before * 0.5 ** (max(start_s - ts_s, 0.0) / self._weights.half_life_s)
            result[place] = 1.0 - (1.0 - now) * (1.0 - self._weights.share * left)
            if now >= left and now > self._weights.floor:
                self._known[key] = (now, start_s)
                self._known.move_to_end(key)
        while len(self._known) > _HOSTS_CARRIED:
            self._known.popitem(last=False)
            self.forgotten += 1
        return result

    def _worth_a_look(
        self, hosts: NDArray[Any], told: NDArray[np.bool_]
    ) -> list[tuple[int, tuple[int, int]]]:
        """Return place and key of the hosts that have evidence now, or had before."""
        places = np.arange(len(hosts)) if self._known else np.flatnonzero(told)
        some = hosts[places]
        keys = zip(some["hi"].tolist(), some["lo"].tolist(), strict=True)
        pairs = zip(places.tolist(), keys, told[places].tolist(), strict=True)
        return [(place, key) for place, key, now in pairs if now or key in self._known]


class Work:
    """What devices do in nearly every window: administering so many machines is a server's work.

    Only the number of machines administered is known here. Whoever breaks in does not do so from
    the first minute to the last; who scans, floods or calls home may, and stays suspicious.
    """

    def __init__(self, weights: CarryWeights | None = None) -> None:
        weights = weights or CarryWeights()
        self._most, self._fewest = int(weights.work_windows), int(weights.work_known)
        self._below = 1.0 - weights.work_share
        self._known: OrderedDict[tuple[int, int], bytearray] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def set_apart(self, hosts: NDArray[Any], values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return fingerprints without what is the devices' work, and remember them.

        hosts : HOST_DTYPE (n,);  values : (n, len(FEATURES)), not changed; windows come in order
        """
        result = values.copy()
        counts = np.rint(np.expm1(values[:, _ADMIN].astype(np.float64)))
        for place in np.flatnonzero(hosts["inside"]).tolist():
            key = int(hosts["hi"][place]), int(hosts["lo"][place])
            past = self._known.setdefault(key, bytearray())
            self._known.move_to_end(key)
            count = min(int(counts[place]), _MOST_MACHINES)
            if count and len(past) >= self._fewest:
                usual = sorted(past)[int(self._below * len(past))]
                result[place, _ADMIN] = np.log1p(max(count - usual, 0))
            past.append(count)
            del past[: -self._most]
        while len(self._known) > _HOSTS_CARRIED:
            self._known.popitem(last=False)
        return result


def combine(
    evidence: NDArray[np.float32], rank: NDArray[np.float32], share: float = MODEL_SHARE
) -> NDArray[np.float32]:
    """Return evidence and a model's rank of the same windows as one score, 0..1.

    The model is one more witness, a weak one: the score is the probability that not both are
    innocent. A sum would let it reorder windows of which the evidence is certain.

    rank : (n,), 0..1 among this network's windows; below 0 where no model has an opinion
    """
    innocent = (1.0 - evidence) * (1.0 - share * np.maximum(rank, 0.0))
    score: NDArray[np.float32] = (1.0 - innocent).astype(np.float32)
    return score
