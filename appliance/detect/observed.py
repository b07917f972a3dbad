"""What belongs to a host's window and does not come with flows: DNS questions and signals."""

import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.alert import Signal
from appliance.model.observation import DnsSeen
from appliance.model.window import COLUMN

MAX_CLIENTS = 4_096  # DNS clients in one window, and hosts with signals
_FEWEST_NAMES = 8  # before the entropy of labels means something
_MEASURED = 100  # names of a window whose entropy is taken; a tunnel's are all alike
_QUESTIONS = COLUMN["dns_questions"]
_FAILED = COLUMN["dns_failed"]
_ENTROPY = COLUMN["dns_entropy"]
_SIGNAL = COLUMN["signal"]


class _Client:
    """What one client asked in one window."""

    __slots__ = ("bits", "failed", "questions")

    def __init__(self) -> None:
        self.questions = 0
        self.failed = 0
        self.bits = 0.0

    def entropy(self) -> float:
        """Return the bits per character of the names, mean; 0 for a few."""
        if self.questions < _FEWEST_NAMES:
            return 0.0
        return self.bits / min(self.questions, _MEASURED)


class Observed:
    """Counts per open window, by its number, and host."""

    def __init__(self) -> None:
        self._clients: dict[int, dict[tuple[int, int], _Client]] = {}
        self._signals: dict[int, dict[tuple[int, int], float]] = {}
        self.full = 0  # observations of hosts that found no room

    def count_dns(self, number: int, items: Iterable[DnsSeen]) -> None:
        """Count questions, and answers that say there is no such name."""
        clients = self._clients.setdefault(number, {})
        for _, client_hi, client_lo, _, _, name, _, rcode, _ in items:
            key = client_hi, client_lo
            client = clients.get(key)
            if client is None:
                if len(clients) >= MAX_CLIENTS:
                    self.full += 1
                    continue
                client = clients[key] = _Client()
            if not rcode:
                client.questions += 1
                if client.questions <= _MEASURED:
                    client.bits += label_entropy(name)
            elif rcode == "NXDOMAIN":
                client.failed += 1

    def count_signal(self, number: int, signal: Signal) -> None:
        """Remember the strongest signal on a host, as much of it as counts alone."""
        hosts = self._signals.setdefault(number, {})
        key = (signal.host.hi, signal.host.lo)
        if key not in hosts and len(hosts) >= MAX_CLIENTS:
            self.full += 1
            return
        weight = min(signal.weight * signal.confidence, signal.limit, signal.solo_limit)
        hosts[key] = max(hosts.get(key, 0.0), weight)

    def write(self, number: int, rows: NDArray[Any], values: NDArray[np.float64]) -> None:
        """Write a window's counts into the fingerprints of its hosts.

        rows : with fields hi and lo, (n,); values : (n, len(FEATURES))
        """
        clients = self._clients.get(number, {})
        signals = self._signals.get(number, {})
        if not clients and not signals:
            return
        keys = list(zip(rows["hi"].tolist(), rows["lo"].tolist(), strict=True))
        if signals:
            values[:, _SIGNAL] = [signals.get(key, 0.0) for key in keys]
        places = [place for place, key in enumerate(keys) if key in clients]
        found = [clients[keys[place]] for place in places]
        values[places, _QUESTIONS] = [client.questions for client in found]
        values[places, _FAILED] = [math.log1p(client.failed) for client in found]
        values[places, _ENTROPY] = [client.entropy() for client in found]

    def forget(self, number: int) -> None:
        """Drop a window and all before it."""
        self._clients = {n: kept for n, kept in self._clients.items() if n > number}
        self._signals = {n: kept for n, kept in self._signals.items() if n > number}


@lru_cache(4_096)
def label_entropy(name: str) -> float:
    """Return the bits per character (Shannon) of the longest label but the last."""
    label = max(name.split(".")[:-1] or [name], key=len)
    size = len(label)
    return -sum(c / size * math.log2(c / size) for c in Counter(label).values()) if size else 0.0
