"""Retention: the oldest segments go until the store is within its bytes and days. Never VACUUM."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from appliance.config.schema import Store
from appliance.store.files import (
    DAY_US,
    SegmentKey,
    list_damaged,
    list_segments,
    main_path,
    remove,
    segment_path,
    size_bytes,
)

_PARTS = 8  # a segment may use this fraction of the budget before the next part begins

_log = logging.getLogger(__name__)


class Usage(NamedTuple):
    """What the store occupies."""

    bytes: int = 0
    days: int = 0
    oldest_s: float = 0.0  # start of the oldest day


class Retention:
    """Measures the folder and removes what is too much. Days count as stored, not by the clock."""

    def __init__(self, folder: Path, config: Store, drop: Callable[[SegmentKey], None]) -> None:
        """Take the limits; drop is told before a segment's file is removed."""
        self._folder = folder
        self._budget_bytes = config.budget_mib << 20
        self._retain_days = config.retain_days
        self._drop = drop
        self.segment_bytes = self._budget_bytes // _PARTS
        self.removed = 0  # segments

    def enforce(self, current: SegmentKey | None) -> Usage:
        """Remove files until the limits hold; never the newest segment or the one being written."""
        keys = list_segments(self._folder)
        sizes = {key: size_bytes(segment_path(self._folder, key)) for key in keys}
        total = sum(sizes.values()) + size_bytes(main_path(self._folder))
        for path in list_damaged(self._folder):
            size = size_bytes(path)
            total += size
            if total > self._budget_bytes:
                remove(path)
                total -= size
        days = {key.day for key in keys}
        for key in keys[:-1]:
            if total <= self._budget_bytes and len(days) <= self._retain_days:
                break
            if key == current:
                continue
            self._remove(key)
            total -= sizes.pop(key)
            days = {key.day for key in sizes}
        return Usage(total, len(days), min(days) * DAY_US / 1e6 if days else 0.0)

    def make_room(self, current: SegmentKey | None) -> None:
        """Remove the oldest segment, if there is one to spare, because the disk is full."""
        for key in list_segments(self._folder)[:-1]:
            if key != current:
                self._remove(key)
                return

    def _remove(self, key: SegmentKey) -> None:
        self._drop(key)
        path = segment_path(self._folder, key)
        remove(path)
        self.removed += 1
        _log.info("removed %s: the store is beyond its limits", path.name)
