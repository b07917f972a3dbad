"""Traffic per minute, written and summed up."""

import apsw
import numpy as np
import pytest

from appliance.model.health import TRAFFIC_DTYPE
from appliance.store import traffic as module
from appliance.store.schema import MAIN, migrate
from appliance.store.traffic import COLUMNS, Traffic, prune
from tests.support.flowbatches import seconds


@pytest.fixture
def connection():
    made = apsw.Connection(":memory:")
    migrate(made, MAIN, "main.db")
    yield made
    made.close()


def table(connection):
    return list(connection.execute("SELECT * FROM traffic_min ORDER BY minute"))


def test_every_field_has_its_column(connection):
    row = np.zeros(1, TRAFFIC_DTYPE)
    row["second"] = 125
    row["packets"] = [1, 2, 3, 4]
    row["bytes"] = [5, 6, 7, 8]
    rest = [name for name in TRAFFIC_DTYPE.names if name not in {"second", "packets", "bytes"}]
    for number, name in enumerate(rest, 9):
        row[name] = number
    traffic = Traffic()
    traffic.add(row)
    traffic.insert(connection)
    assert table(connection) == [(2, *range(1, 16))]
    directions = ("external", "outbound", "inbound", "local")
    by_direction = [f"{name}_{what}" for what in ("packets", "bytes") for name in directions]
    assert list(COLUMNS) == by_direction + rest


def test_seconds_of_several_workers_add_up_over_commits(connection):
    traffic = Traffic()
    traffic.add(seconds((60, 1, 10), (61, 2, 20), (119, 4, 40), (120, 8, 80)))
    traffic.add(seconds((61, 16, 160)))
    traffic.insert(connection)
    traffic.settle()
    assert not traffic.waiting
    traffic.add(seconds((60, 32, 320), (-1, 1, 1)))
    traffic.insert(connection)
    found = [(row[0], row[2], row[6], row[9]) for row in table(connection)]
    assert found == [(-1, 1, 1, 1), (1, 55, 550, 550), (2, 8, 80, 80)]


def test_minutes_that_wait_are_bounded(monkeypatch):
    """A disk that takes nothing for weeks, or times that jump about."""
    monkeypatch.setattr(module, "MAX_MINUTES", 3)
    traffic = Traffic()
    traffic.add(seconds(*[(60 * minute, 1, 1) for minute in range(5)], (61, 1, 1), (240, 1, 1)))
    assert len(traffic._minutes) == 3
    assert traffic.refused == 3
    traffic.add(seconds((60, 1, 1)))
    assert traffic._minutes[1][1] == 3


def test_prune_keeps_the_newest_minutes(connection):
    traffic = Traffic()
    traffic.add(seconds(*[(60 * minute, 1, 1) for minute in range(10)]))
    traffic.insert(connection)
    prune(connection, 20)
    assert len(table(connection)) == 10
    prune(connection, 4)
    assert [row[0] for row in table(connection)] == [6, 7, 8, 9]
