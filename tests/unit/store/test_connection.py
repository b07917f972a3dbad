"""Opening and checking databases."""

import apsw
import pytest

from appliance.store.connection import DAMAGE, find_damage, open_reader, open_writer


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "test.db"
    connection = open_writer(made)
    connection.execute("CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT)")
    connection.executemany("INSERT INTO t VALUES(?,?)", [(n, "x" * 200) for n in range(500)])
    connection.close()
    return made


def test_the_writer_is_durable(path):
    connection = open_writer(path)
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    connection.close()


def test_a_reader_cannot_write_but_has_temporary_tables(path):
    connection = open_reader(path)
    connection.execute("CREATE TEMP TABLE own(x)")
    connection.execute("INSERT INTO own VALUES(1)")
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM t")
    connection.close()


def test_a_reader_does_not_create(tmp_path):
    with pytest.raises(apsw.CantOpenError):
        open_reader(tmp_path / "none.db")
    assert list(tmp_path.iterdir()) == []


def damage_of(path, steps=10_000_000):
    connection = open_writer(path)
    try:
        return find_damage(connection, steps)
    finally:
        connection.close()


def test_a_sound_file_is_sound(path):
    assert damage_of(path) == ""


def test_damage_inside_is_found(path):
    raw = bytearray(path.read_bytes())
    raw[4_096 * 3 : 4_096 * 3 + 500] = b"\xee" * 500
    path.write_bytes(raw)
    assert damage_of(path) != ""


def test_the_check_stops_at_its_allowance(path, monkeypatch):
    monkeypatch.setattr("appliance.store.connection._CHECK_STEP", 1)
    raw = bytearray(path.read_bytes())
    raw[4_096 * 3 : 4_096 * 3 + 500] = b"\xee" * 500
    path.write_bytes(raw)
    assert damage_of(path, steps=3) == ""


def test_a_file_of_something_else_is_damage(tmp_path):
    path = tmp_path / "test.db"
    path.write_bytes(b"not a database at all, " * 200)
    with pytest.raises(DAMAGE):
        open_writer(path)
