"""main.db: what outlives the segments. Traffic per minute, devices, alerts, memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
from numpy.typing import NDArray

from appliance.model.meta import DeviceFact
from appliance.store.caseload import prune_cases, rescue_cases
from appliance.store.cases import Cases
from appliance.store.connection import open_writer
from appliance.store.devices import Devices
from appliance.store.files import main_path, set_aside
from appliance.store.schema import MAIN, migrate
from appliance.store.traffic import Traffic, prune

KEEP_FACTOR = 4  # traffic per minute and unseen devices are kept this much longer than flows


class MainFile:
    """The writer's hold on main.db. A commit that fails may be tried again."""

    def __init__(self, folder: Path, retain_days: int, retain_alerts_days: int) -> None:
        """Open or create it. Raises what apsw raises, StoreError for a newer schema."""
        self._path = main_path(folder)
        self._keep_days = retain_days * KEEP_FACTOR
        self._keep_alerts_days = retain_alerts_days
        self.connection = _open(self._path)  # for reading what is committed, by the owner
        self._traffic = Traffic()
        self._devices = Devices(self.connection)
        self.cases = Cases()

    @property
    def refused(self) -> int:
        """Seconds of traffic, facts about devices and changes of cases that found no room."""
        return self._traffic.refused + self._devices.refused + self.cases.refused

    def add_traffic(self, seconds: NDArray[Any]) -> None:
        """Add closed seconds, TRAFFIC_DTYPE (n,)."""
        self._traffic.add(seconds)

    def add_facts(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        """Take over what packets said about devices."""
        self._devices.learn(facts, vendor)

    def commit(self) -> bool:
        """Bring everything to disk in one transaction; False if there was nothing to do.

        Raises what apsw raises, and then nothing has changed.
        """
        if not (self._traffic.waiting or self._devices.waiting or self.cases.waiting):
            return False

        def insert(connection: apsw.Connection) -> None:
            self._traffic.insert(connection)
            self._devices.insert(connection)
            self.cases.insert(connection)

        _transact(self.connection, insert)
        self._traffic.settle()
        self._devices.settle()
        self.cases.settle()
        return True

    def prune(self, now_s: float) -> None:
        """Delete what is too old. Raises what apsw raises."""

        def delete(connection: apsw.Connection) -> None:
            prune(connection, self._keep_days * 1_440)
            self._devices.forget(int(now_s) - self._keep_days * 86_400, connection)
            prune_cases(connection, now_s - self._keep_alerts_days * 86_400)

        _transact(self.connection, delete)

    def replace(self) -> str:
        """Set a damaged file aside and begin anew with what is in memory; return the new name."""
        self.connection.close()
        target = set_aside(self._path)
        self.connection = renew_main(self._path, target)
        self._devices.touch()
        return target.name

    def close(self) -> None:
        """Close the file; what waits is lost."""
        self.connection.close()


def renew_main(path: Path, damaged: Path) -> apsw.Connection:
    """Create main.db anew with what can be read of the damaged one. Raises what apsw raises."""
    connection = _open(path)
    _transact(connection, lambda target: rescue_cases(damaged, target))
    return connection


def _open(path: Path) -> apsw.Connection:
    connection = open_writer(path)
    try:
        migrate(connection, MAIN, path.name)
    except BaseException:
        connection.close()
        raise
    return connection


def _transact(connection: apsw.Connection, work: Callable[[apsw.Connection], object]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        work(connection)
        connection.execute("COMMIT")
    except apsw.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
