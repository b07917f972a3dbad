"""Migrations: from every earlier version, and not from a later one."""

import apsw
import pytest

from appliance.errors import StoreError
from appliance.store.schema import MAIN, SEGMENT, migrate, version_of

HISTORY = (
    "CREATE TABLE a(x INT); INSERT INTO a VALUES(1)",
    "ALTER TABLE a ADD COLUMN y INT DEFAULT 7",
    "CREATE TABLE b AS SELECT x + y AS z FROM a",
)


def layout(connection):
    return sorted(row[0] for row in connection.execute("SELECT sql FROM sqlite_schema WHERE sql"))


@pytest.mark.parametrize("start", range(len(HISTORY) + 1))
def test_migrates_from_every_earlier_version(start):
    connection = apsw.Connection(":memory:")
    migrate(connection, HISTORY[:start], "test.db")
    assert version_of(connection) == start
    migrate(connection, HISTORY, "test.db")
    assert version_of(connection) == 3
    assert connection.execute("SELECT z FROM b").get == 8
    connection.close()


@pytest.mark.parametrize("scripts", [MAIN, SEGMENT])
def test_shipped_lists_give_one_layout_from_every_version(scripts):
    fresh = apsw.Connection(":memory:")
    migrate(fresh, scripts, "fresh.db")
    for start in range(len(scripts)):
        old = apsw.Connection(":memory:")
        migrate(old, scripts[:start], "old.db")
        migrate(old, scripts, "old.db")
        assert layout(old) == layout(fresh)
        old.close()
    fresh.close()


def test_a_newer_version_is_refused_by_name_and_number():
    connection = apsw.Connection(":memory:")
    migrate(connection, HISTORY, "flow-20251009.db")
    with pytest.raises(StoreError, match=r"flow-20251009\.db .* number 3, .* up to 2"):
        migrate(connection, HISTORY[:2], "flow-20251009.db")
    connection.close()


def test_a_failing_step_changes_nothing():
    connection = apsw.Connection(":memory:")
    broken = (*HISTORY[:1], "CREATE TABLE c(x); INSERT INTO nowhere VALUES(1)")
    with pytest.raises(apsw.SQLError):
        migrate(connection, broken, "test.db")
    assert version_of(connection) == 1
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'c'").get == 0
    connection.close()
