"""What is done once, before the writer starts: one writer only, sound files, complete rollups."""

import fcntl
import logging
import os
from pathlib import Path

import apsw

from appliance.errors import StoreError
from appliance.store.connection import DAMAGE, find_damage, open_writer
from appliance.store.files import list_segments, main_path, segment_path, set_aside
from appliance.store.mainfile import renew_main
from appliance.store.schema import MAIN, SEGMENT, migrate
from appliance.store.segment import Segment

CHECK_STEPS = 20_000_000  # for one file; a third of a CPU-second here, 2 s on a small machine

_log = logging.getLogger(__name__)


def lock_folder(folder: Path) -> int:
    """Create the folder if need be and take its lock; return the descriptor that holds it.

    Raises StoreError if another process writes there, or if it cannot be created.
    """
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise StoreError(f"the store {folder} cannot be used: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(f"another process writes to the store {folder}") from error
    return descriptor


def check_files(folder: Path) -> list[str]:
    """Migrate every file, check main.db and the newest segment, complete unfinished rollups.

    Returns the new names of the damaged files that were set aside. Raises StoreError for a file
    from a newer version; what apsw raises if the disk does not work.
    """
    damaged = []
    main = main_path(folder)
    if main.exists() and (complaint := _examine(main, MAIN, CHECK_STEPS)):
        damaged.append(_put_aside(main, complaint))
        renew_main(main, folder / damaged[0]).close()
    keys = list_segments(folder)
    for key in keys:
        path = segment_path(folder, key)
        steps = CHECK_STEPS if key == keys[-1] else 0
        complaint = _examine(path, SEGMENT, steps)
        if not complaint:
            try:
                _complete(Segment(folder, key))
            except DAMAGE as error:
                complaint = str(error)
        if complaint:
            damaged.append(_put_aside(path, complaint))
    return damaged


def _examine(path: Path, scripts: tuple[str, ...], steps: int) -> str:
    """Return what is wrong with a file, "" if nothing was found."""
    try:
        connection = open_writer(path)
    except DAMAGE as error:
        return str(error)
    try:
        migrate(connection, scripts, path.name)
        return find_damage(connection, steps) if steps else ""
    except DAMAGE as error:
        return str(error)
    except apsw.SQLError as error:  # a foreign database under our name
        return str(error)
    finally:
        connection.close()


def _complete(segment: Segment) -> None:
    """Write the rollup of rows that a crash has left without one."""
    try:
        segment.close_part()
        segment.commit()
    finally:
        segment.close()


def _put_aside(path: Path, complaint: str) -> str:
    target = set_aside(path)
    _log.error("database %s is damaged (%s); kept as %s", path.name, complaint, target.name)
    return target.name
