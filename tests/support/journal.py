"""A journal to write to: the datagrams of the native protocol, taken apart again."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def parse_entry(datagram: bytes) -> dict[str, str]:
    """Return the fields of an entry (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/)."""
    fields, rest = {}, datagram
    while rest:
        line, _, rest = rest.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + size], rest[9 + size :]
        assert name.decode() not in fields
        fields[name.decode()] = value.decode()
    return fields


class Journal:
    """What arrived, entry by entry."""

    def __init__(self, path: Path, listener: socket.socket) -> None:
        self.path = str(path)
        self._listener = listener

    def read(self) -> list[dict[str, str]]:
        """Return the entries since the last time."""
        entries = []
        while True:
            try:
                entries.append(parse_entry(self._listener.recv(65_536)))
            except BlockingIOError:
                return entries


@contextmanager
def open_journal(folder: Path) -> Iterator[Journal]:
    """Listen as journald does."""
    path = folder / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        listener.setblocking(False)
        yield Journal(path, listener)
