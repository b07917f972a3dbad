"""Opening databases: the pragmas of the writer and of readers, the check at start."""

from pathlib import Path

import apsw

# Failures of the disk or the moment: the same transaction may succeed later.
TRANSIENT = (
    OSError,
    apsw.FullError,
    apsw.IOError,
    apsw.ReadOnlyError,
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.PermissionsError,
)
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.FormatError)

_BUSY_MS = 5_000  # a reader blocks the writer only while a WAL is reset
_CHECK_STEP = 10_000  # virtual machine steps between looks at the allowance


def open_writer(path: Path) -> apsw.Connection:
    """Open or create a database for the one process that writes it.

    WAL with synchronous FULL: what COMMIT has returned for survives a power cut.
    Raises what apsw raises.
    """
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("journal_mode", "wal")
        connection.pragma("synchronous", "full")
        connection.pragma("journal_size_limit", 4 << 20)
        connection.pragma("cache_size", -2_048)  # KiB; appending needs the last pages only
    except apsw.Error:
        connection.close()
        raise
    return connection


def open_reader(path: Path, cache_kib: int = 2_048) -> apsw.Connection:
    """Open an existing database read-only, with temporary tables in memory."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        connection.set_busy_timeout(_BUSY_MS)
        connection.pragma("temp_store", 2)
        connection.pragma("cache_size", -cache_kib)
    except apsw.Error:
        connection.close()
        raise
    return connection


def find_damage(connection: apsw.Connection, steps: int) -> str:
    """Run SQLite's quick_check; return its first complaint, "" if there is none.

    steps : virtual machine steps allowed (about 60 million a CPU-second); what could not be
        checked within them counts as sound
    """
    left = steps // _CHECK_STEP

    def spend() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    connection.set_progress_handler(spend, _CHECK_STEP)
    try:
        complaint = str(connection.execute("PRAGMA quick_check(1)").get)
    except apsw.InterruptError:
        return ""
    except DAMAGE as error:
        return str(error)
    finally:
        connection.set_progress_handler(None)
    return "" if complaint == "ok" else complaint
