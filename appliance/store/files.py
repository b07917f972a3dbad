"""The files of the store's folder: segment names, sizes, removal, setting aside."""

import datetime
import re
from pathlib import Path
from typing import NamedTuple

DAY_US = 86_400_000_000

_NAME = re.compile(r"flow-(\d{4})(\d\d)(\d\d)(?:-(\d{1,6}))?\.db")
_EPOCH = datetime.date(1970, 1, 1).toordinal()


class SegmentKey(NamedTuple):
    """Which segment; sorts by time. One day has several parts when one would outgrow its share."""

    day: int  # days since the epoch, UTC
    part: int  # 0, 1, ...; ids grow from part to part


def main_path(folder: Path) -> Path:
    """Return where main.db is."""
    return folder / "main.db"


def segment_path(folder: Path, key: SegmentKey) -> Path:
    """Return where a segment is: flow-YYYYMMDD.db, then flow-YYYYMMDD-1.db ..."""
    day = datetime.date.fromordinal(_EPOCH + key.day)
    part = f"-{key.part}" if key.part else ""
    return folder / f"flow-{day:%Y%m%d}{part}.db"


def list_segments(folder: Path) -> list[SegmentKey]:
    """Return the segments there are, oldest first. Files with other names are ignored."""
    keys = []
    for path in folder.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        year, month, day, part = match.groups(default="0")
        try:
            date = datetime.date(int(year), int(month), int(day))
        except ValueError:
            continue
        keys.append(SegmentKey(date.toordinal() - _EPOCH, int(part)))
    return sorted(keys)


def companions(path: Path) -> tuple[Path, Path, Path]:
    """Return a database and the two files SQLite keeps beside it."""
    return path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def size_bytes(path: Path) -> int:
    """Return the size of a database with its companions; 0 if there is none."""
    total = 0
    for file in companions(path):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue
    return total


def remove(path: Path) -> None:
    """Unlink a database with its companions; readers that have it open keep their view."""
    for file in companions(path):
        file.unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its WAL to NAME.damaged-N, N the first free one."""
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    database, wal, shm = companions(path)
    database.rename(target)
    if wal.exists():
        wal.rename(target.with_name(target.name + "-wal"))
    shm.unlink(missing_ok=True)
    return target


def list_damaged(folder: Path) -> list[Path]:
    """Return the files set aside, without their companions."""
    return sorted(path for path in folder.glob("*.db.damaged-*") if path.name[-4:] != "-wal")
