"""Passive DNS: which name was asked for before an address was used."""

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

SIGHTINGS = 4  # names remembered of one address, or of one address for one client

_MASK = (1 << 64) - 1
_MIX = 0x9E3779B97F4A7C15

# (ts_ns of the first answer, name), newest last
Sightings = tuple[tuple[int, str], ...]


def address_key(hi: int, lo: int) -> int:
    """Return a 64-bit key. It is `lo` for IPv4; two IPv6 addresses of one key share their names."""
    return hi * _MIX + lo & _MASK


def address_keys(hi: NDArray[np.uint64], lo: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Do as `address_key` for arrays of the same shape."""
    return hi * np.uint64(_MIX) + lo


class PassiveDns:
    """Names by address, and by address and the client that asked.

    Bounded: half of `entries` each; whatever was not confirmed for longest gives way. Answers do
    not expire otherwise, because programs go on using an address long after its TTL.
    """

    def __init__(self, entries: int) -> None:
        self._limit = entries // 2
        self._anybody: OrderedDict[int, Sightings] = OrderedDict()
        self._clients: OrderedDict[int, Sightings] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._anybody) + len(self._clients)

    def learn(self, answer: int, client: int, name: str, ts_ns: int) -> None:
        """Note that `name` was answered with an address; client 0 if it was told to everybody."""
        self._add(self._anybody, answer, (ts_ns, name))
        if client:
            self._add(self._clients, _pair(answer, client), (ts_ns, name))

    def known(self, answers: list[int]) -> list[int]:
        """Return the indices of the keys that have a name."""
        table = self._anybody
        return [i for i, answer in enumerate(answers) if answer in table]

    def find(self, answer: int, client: int, first_ns: int) -> str:
        """Return the best name of `answer` for a flow of `client` that began at `first_ns`.

        Names the client asked for itself come first. Of several the newest before the flow
        counts, else the oldest after it. "" if there is none.
        """
        own = self._clients.get(_pair(answer, client))
        return _choose(own or self._anybody.get(answer, ()), first_ns)

    def newest(self, answer: int) -> str:
        """Return the name last given for an address, "" without."""
        sightings = self._anybody.get(answer)
        return sightings[-1][1] if sightings else ""

    def name_of(self, hi: int, lo: int) -> str:
        """Do as `newest` for the words of an address."""
        return self.newest(address_key(hi, lo))

    def _add(self, table: OrderedDict[int, Sightings], key: int, sighting: tuple[int, str]) -> None:
        known = table.get(key)
        if known is None:
            if len(table) >= self._limit:
                table.popitem(last=False)
                self.evicted += 1
            table[key] = (sighting,)
            return
        if known[-1][1] != sighting[1]:
            table[key] = (*known, sighting)[-SIGHTINGS:]
        table.move_to_end(key)


def _pair(answer: int, client: int) -> int:
    return (answer * _MIX ^ client) & _MASK


def _choose(sightings: Sightings, first_ns: int) -> str:
    for ts_ns, name in reversed(sightings):
        if ts_ns <= first_ns:
            return name
    return sightings[0][1] if sightings else ""
