"""Which host has talked to whom on earlier days, among what is remembered in main.db."""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import TYPE_CHECKING

from appliance.model.memory import Habit

if TYPE_CHECKING:
    from appliance.store.writer import StoreWriter

KIND = "peer"

_DAY_S = 86_400
_NUMBERS = Struct("<III")

Row = tuple[bytes, bytes, int, int, int]  # host packed, what of the peer, days, first day, last day


class PeerHabits:
    """Habits of hosts, as rows of whole days since the epoch. Of the writer's thread."""

    def __init__(self, writer: "StoreWriter") -> None:
        self._writer = writer

    def load_habits(self) -> Iterator[Row]:
        """Deliver all rows. Raises StoreError."""
        for habit in self._writer.load_habits(KIND):
            length = habit.key[0]
            host, peer = habit.key[1 : 1 + length], habit.key[1 + length :]
            days, first, last = _NUMBERS.unpack(habit.value)
            yield host, peer, days, first, last

    def save_habits(self, rows: Iterable[Row]) -> None:
        """Write rows, in place of those with the same host and peer."""
        self._writer.write_habits(
            Habit(
                KIND,
                bytes([len(host)]) + host + peer,
                _NUMBERS.pack(days, first, last),
                float(last * _DAY_S),
            )
            for host, peer, days, first, last in rows
        )
