"""Memory of who talked to whom on earlier days: what a device has always done is no news.

Addresses of a service change; so the network of the peer (/24, IPv6 /48) and, where known, the
registered part of its name are remembered. One day of this is worth more than any statistics of
the day itself.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, Protocol

import msgspec
from numpy.typing import NDArray

from appliance.model.address import is_ipv4, pack_address
from appliance.model.flow import Direction

MAX_HABITS = 65_536  # about 16 MB; a device has a few dozen to a few hundred
MIN_CONTACTS = 3  # on one day
FORGET_DAYS = 60  # without a day of it
SUSPICIOUS = 3.6  # pair score from which a contact is not learnt: it may be an infection's habit
DAY_S = 86_400

Key = tuple[bytes, bytes]  # host packed, what of the peer
Row = tuple[bytes, bytes, int, int, int]  # host packed, key, days, first day, last day


class Peer(NamedTuple):
    """Another end of a contact."""

    hi: int
    lo: int
    name: str = ""  # by DNS, SNI or HTTP; "" unknown
    local: bool = False  # at home too


class HabitStore(Protocol):
    """Where habits outlive the process. Days are counted since the epoch."""

    def load_habits(self) -> Iterable[Row]:
        """Return all rows."""

    def save_habits(self, rows: list[Row]) -> None:
        """Write rows, in place of those with the same host and key."""


class HabitStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Counters since start."""

    habits: int = 0
    hosts: int = 0
    forgotten: int = 0  # too old, or the memory was full
    days: int = 0  # earlier days that were learnt here


class Habits:
    """What each host did on earlier days; learnt when a day ends, asked by the judges.

    limit : habits kept; when full, those longest not seen give way
    """

    def __init__(self, limit: int = MAX_HABITS, store: HabitStore | None = None) -> None:
        self._limit = limit
        self._store = store
        self._days: dict[Key, tuple[int, int, int]] = {}  # days, first, last
        self._hosts: dict[bytes, int] = {}  # the first day known of each host
        self._forgotten = 0
        self._learnt = 0
        for host, key, days, first, last in store.load_habits() if store else ():
            self._days[host, key] = days, first, last
            self._hosts[host] = min(first, self._hosts.get(host, first))

    def known_days(self, host: tuple[int, int], peer: Peer, day: int) -> int:
        """Return on how many days before `day` a host had this peer; -1 if none is known of it."""
        packed = pack_address(*host)
        if self._hosts.get(packed, day) >= day:
            return -1
        return max(self._before((packed, key), day) for key in make_keys(peer))

    def learn(
        self, contacts: NDArray[Any], day: int, name_of: Callable[[int, int], str] = lambda *_: ""
    ) -> int:
        """Take in the day that has just ended; return how many habits it had.

        contacts : CONTACT_DTYPE, rows in use, before flows of the next day were brought in
        """
        changed: dict[Key, None] = {}
        for host, hi, lo, local in _pick(contacts, day):
            self._hosts.setdefault(host, day)
            for key in make_keys(Peer(hi, lo, name_of(hi, lo), local)):
                self._note((host, key), day)
                changed[host, key] = None
        self._learnt += 1
        self._forget(day)
        if self._store:
            kept = [(*key, *self._days[key]) for key in changed if key in self._days]
            self._store.save_habits(kept)
        return len(changed)

    def statistics(self) -> HabitStatistics:
        """Return the counters."""
        return HabitStatistics(
            habits=len(self._days),
            hosts=len(self._hosts),
            forgotten=self._forgotten,
            days=self._learnt,
        )

    def _before(self, key: Key, day: int) -> int:
        days, first, last = self._days.get(key, (0, 0, 0))
        return 0 if first >= day else days - (last >= day)

    def _note(self, key: Key, day: int) -> None:
        days, first, last = self._days.pop(key, (0, day, day - 1))
        self._days[key] = days + (last < day), min(first, day), max(last, day)  # newest at the end

    def _forget(self, day: int) -> None:
        oldest = [key for key, (_, _, last) in self._days.items() if last < day - FORGET_DAYS]
        surplus = len(self._days) - len(oldest) - self._limit
        if surplus > 0:
            gone = set(oldest)
            rest = (key for key in self._days if key not in gone)
            oldest += [key for key, _ in zip(rest, range(surplus), strict=False)]
        for key in oldest:
            del self._days[key]
        self._forgotten += len(oldest)
        if oldest:
            kept = {host for host, _ in self._days}
            self._hosts = {host: first for host, first in self._hosts.items() if host in kept}


def make_keys(peer: Peer) -> Iterator[bytes]:
    """Yield what is remembered of a peer: its network, and the end of its name; inside, itself."""
    packed = pack_address(peer.hi, peer.lo)
    if peer.local:
        yield packed
        return
    yield packed[:3] if is_ipv4(peer.hi, peer.lo) else packed[:6]
    labels = peer.name.lower().rstrip(".").split(".")
    if len(labels) >= 2 and not labels[-1].isdigit():
        yield b"." + ".".join(labels[-3:] if len(labels[-2]) <= 3 else labels[-2:]).encode()


def _pick(contacts: NDArray[Any], day: int) -> Iterator[tuple[bytes, int, int, bool]]:
    """Yield (host, peer's words, local) of contacts met often enough on a day, each once."""
    often = (contacts["day"] == day) & (contacts["day_contacts"] >= MIN_CONTACTS)
    fair = contacts["score"] < SUSPICIOUS
    began = contacts["direction"] != Direction.INBOUND  # visitors are nobody's habit
    rows = contacts[often & fair & began & (contacts["live"] == 1)]
    names = ("orig_hi", "orig_lo", "resp_hi", "resp_lo", "direction")
    ends = zip(*(rows[name].tolist() for name in names), strict=True)
    for hi, lo, peer_hi, peer_lo, direction in dict.fromkeys(ends):
        yield pack_address(hi, lo), peer_hi, peer_lo, direction == Direction.LOCAL
