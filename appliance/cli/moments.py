"""Times as people type them."""

import re
from datetime import datetime

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,9})?")


def parse_moment(text: str, *, now_s: float) -> float:
    """Return s since the epoch of "90s" or "2h" ago, an ISO 8601 time, or a number of seconds.

    A time without a zone is local. Raises ValueError for anything else.
    """
    if ago := _AGO.fullmatch(text):
        return now_s - int(ago[1]) * _SECONDS[ago[2]]
    if _NUMBER.fullmatch(text):
        return float(text)
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise ValueError(f'"{text}": write 15m, 2h, 7d or 2026-01-31T12:00') from error
