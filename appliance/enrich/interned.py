"""One Address object per IP address, as long as it is met now and then."""

from collections.abc import Callable
from itertools import chain

from appliance.model.address import Address

MAX_ADDRESSES = 32_768  # a spoofed packet each is enough to fill it; about 14 MB


class AddressTable:
    """Interned addresses in two generations; an address met in the current one stays.

    When the current generation is full it becomes the older one, and what was in the older one
    and has not been met since is forgotten. A forgotten Address stays valid for whoever holds it,
    but later look-ups get a new one.

    create : makes the addresses of new keys, in order. A key is 16 bytes: hi, lo, little-endian.
    limit : addresses kept; a single call may go over it by what it brings
    """

    def __init__(
        self, create: Callable[[list[bytes]], list[Address]], limit: int = MAX_ADDRESSES
    ) -> None:
        self.created = 0
        self.evicted = 0
        self._create = create
        self._generation = max(1, limit // 2)
        self._current: dict[bytes, Address] = {}
        self._older: dict[bytes, Address] = {}

    def __len__(self) -> int:
        return len(self._current) + len(self._older)

    def resolve(self, keys: list[bytes]) -> list[Address]:
        """Return the address of each key; within a call, equal keys get the same object.

        cost : about 80 ns a key when all are known
        """
        if len(self._current) >= self._generation:
            self.evicted += len(self._older)
            self._older, self._current = self._current, {}
        found = list(map(self._current.get, keys))
        if None in found:
            self._bring_in(keys, found)
            return list(map(self._current.__getitem__, keys))
        return found  # type: ignore[return-value]  # no None in it

    def everyone(self) -> list[Address]:
        """Return a snapshot of all addresses held."""
        return list(chain(self._older.values(), self._current.values()))

    def _bring_in(self, keys: list[bytes], found: list[Address | None]) -> None:
        missing = [key for key, address in zip(keys, found, strict=True) if address is None]
        new = []
        for key in dict.fromkeys(missing):
            address = self._older.pop(key, None)
            if address is None:
                new.append(key)
            else:
                self._current[key] = address
        if new:
            self._current.update(zip(new, self._create(new), strict=True))
            self.created += len(new)
