"""Traffic per minute, from the packets themselves: the writer's side."""

from typing import Any

import apsw
import numpy as np
from numpy.typing import NDArray

MAX_MINUTES = 10_080  # a week; that many minutes wait if the disk does not take them

COLUMNS = (
    "external_packets", "outbound_packets", "inbound_packets", "local_packets", "external_bytes",
    "outbound_bytes", "inbound_bytes", "local_bytes", "tcp_bytes", "udp_bytes", "icmp_bytes",
    "other_bytes", "non_ip_bytes", "non_ip_packets", "new_flows",
)  # fmt: skip
_INSERT = (
    f"INSERT INTO traffic_min(minute, {', '.join(COLUMNS)}) "
    f"VALUES(?{',?' * len(COLUMNS)}) ON CONFLICT DO UPDATE SET "
    + ", ".join(f"{name} = {name} + excluded.{name}" for name in COLUMNS)
)
_PRUNE = """DELETE FROM traffic_min WHERE minute <=
(SELECT minute FROM traffic_min ORDER BY minute DESC LIMIT 1 OFFSET ?)"""


class Traffic:
    """Minutes that wait to be added to the table."""

    def __init__(self) -> None:
        self._minutes: dict[int, NDArray[np.int64]] = {}
        self.refused = 0  # seconds that came while too many minutes waited

    @property
    def waiting(self) -> bool:
        """Whether there is something to insert."""
        return bool(self._minutes)

    def add(self, seconds: NDArray[Any]) -> None:
        """Add seconds, TRAFFIC_DTYPE (n,), of one or several workers, in any order."""
        words = np.ascontiguousarray(seconds).view(np.int64).reshape(len(seconds), -1)
        minutes, places = np.unique(words[:, 0] // 60, return_inverse=True)
        sums = np.zeros((len(minutes), words.shape[1] - 1), np.int64)
        np.add.at(sums, places, words[:, 1:])
        for minute, row in zip(minutes.tolist(), sums, strict=True):
            if minute in self._minutes:
                self._minutes[minute] += row
            elif len(self._minutes) < MAX_MINUTES:
                self._minutes[minute] = row.copy()
            else:
                self.refused += int(np.count_nonzero(minutes[places] == minute))

    def insert(self, connection: apsw.Connection) -> None:
        """Insert what waits, in the caller's transaction."""
        rows = [(minute, *row.tolist()) for minute, row in self._minutes.items()]
        connection.executemany(_INSERT, rows)

    def settle(self) -> None:
        """Forget what `insert` has brought to disk."""
        self._minutes.clear()


def prune(connection: apsw.Connection, minutes: int) -> None:
    """Keep the newest minutes, so many rows, and delete the others."""
    connection.execute(_PRUNE, (minutes,))
