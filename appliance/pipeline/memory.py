"""What detection remembers over a restart, in the store's terms."""

import struct
from collections.abc import Iterable
from typing import Protocol

from appliance.model.memory import Habit, OpenCases

_CONTACT = "contact"
_VALUE = struct.Struct("<BIII")  # bytes of the host, days, first day, last day
_DAY_S = 86_400
DEVICES = "devices"  # names of states
LEARNING = "learning_since"

Row = tuple[bytes, bytes, int, int, int]


class MemoryStore(Protocol):
    """What is asked of the store's writer."""

    def write_habits(self, habits: Iterable[Habit]) -> None:
        """Take what is new or changed of what is remembered."""

    def load_habits(self) -> list[Habit]:
        """Return what is remembered."""

    def write_state(self, name: str, value: bytes) -> None:
        """Keep a value under a name."""

    def load_state(self, name: str) -> bytes | None:
        """Return the value kept under a name."""

    def load_open(self) -> OpenCases:
        """Return open alerts and incidents, and the mutes."""


class StoredHabits:
    """Habits as rows of the store: host and peer in the key, days in the value."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def load_habits(self) -> list[Row]:
        """Return all rows; what cannot be read is left out."""
        rows = []
        for habit in self._store.load_habits():
            if habit.kind != _CONTACT or len(habit.value) != _VALUE.size:
                continue
            size, days, first, last = _VALUE.unpack(habit.value)
            rows.append((habit.key[:size], habit.key[size:], days, first, last))
        return rows

    def save_habits(self, rows: list[Row]) -> None:
        """Write rows, in place of those with the same host and key."""
        self._store.write_habits(
            Habit(
                _CONTACT,
                host + peer,
                _VALUE.pack(len(host), days, first, last),
                float((last + 1) * _DAY_S),
            )
            for host, peer, days, first, last in rows
        )
