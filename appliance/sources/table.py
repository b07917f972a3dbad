"""Some records of a log as columns, and their values as numbers, times and texts.

A value that cannot be read marks its record in `Table.bad`; nothing here raises for bad input.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNSET = -1  # of counts and times
_LATEST_S = 8_000_000_000.0  # year 2223; later is no time
_MOST = 1 << 62

Column = Sequence[Any]  # str, int, float, bool, list or None; None = not set


class Table:
    """Records of a log, column by column.

    columns : by field name; all of one length. A field the log does not have is missing.
    """

    def __init__(self, columns: Mapping[str, Column], count: int) -> None:
        self._columns = columns
        self.count = count
        self.bad: NDArray[np.bool_] = np.zeros(count, np.bool_)
        self.reasons: dict[str, int] = {}  # field -> records it made bad

    def __len__(self) -> int:
        return self.count

    def has(self, name: str) -> bool:
        """Tell whether the log has a field."""
        return name in self._columns

    def raw(self, name: str) -> Column:
        """Return the values as they are, None where not set."""
        column = self._columns.get(name)
        return (None,) * self.count if column is None else column

    def texts(self, name: str) -> list[str]:
        """Return "" where not set."""
        column = self._columns.get(name)
        if column is None:
            return [""] * self.count
        return ["" if value is None else str(value) for value in column]

    def counts(self, name: str) -> NDArray[np.int64]:
        """Return whole numbers, UNSET where there is none; negative ones are bad."""
        column = self._columns.get(name)
        if column is None:
            return np.full(self.count, UNSET, np.int64)
        try:
            values = np.array([-1 if v is None else int(v) for v in column], np.int64)
        except (ValueError, TypeError, OverflowError):
            values = np.array([self._one(name, i, v, _count) for i, v in enumerate(column)])
        if values.size and values.min() < UNSET:
            self._reject(name, np.flatnonzero(values < UNSET).tolist())
            values = np.maximum(values, UNSET)
        return values

    def times(self, name: str) -> NDArray[np.int64]:
        """Return ns since the epoch to the microsecond, UNSET where there is none.

        Seconds as a number, or ISO 8601; without a zone it is UTC.
        """
        return self._seconds(name, _moment)

    def spans(self, name: str) -> NDArray[np.int64]:
        """Return lengths of time in ns to the microsecond, UNSET where there is none."""
        return self._seconds(name, _span)

    def lists(self, name: str, separator: str) -> list[tuple[str, ...]]:
        """Return sets and vectors as tuples of text, () where not set."""
        return [_parts(value, separator) for value in self.raw(name)]

    def _seconds(self, name: str, read: Callable[[Any], float]) -> NDArray[np.int64]:
        column = self._columns.get(name)
        if column is None:
            return np.full(self.count, UNSET, np.int64)
        try:
            values = np.array([-1e-9 if v is None else float(v) for v in column], np.float64)
        except (ValueError, TypeError):
            values = np.array([self._one(name, i, v, read) * 1e0 for i, v in enumerate(column)])
            values[values == UNSET] = -1e-9
        wrong = ~((values > -1e-8) & (values < _LATEST_S))
        if wrong.any():
            self._reject(name, np.flatnonzero(wrong).tolist())
            values = np.where(wrong, -1e-9, values)
        micros = np.rint(values * 1e6).astype(np.int64)
        return np.where(values < 0, UNSET, micros * 1_000)

    def _one(self, name: str, index: int, value: Any, read: Callable[[Any], Any]) -> Any:
        if value is None:
            return UNSET
        try:
            return read(value)
        except (ValueError, TypeError, OverflowError):
            self._reject(name, [index])
            return UNSET

    def reject(self, name: str, wrong: NDArray[np.bool_]) -> None:
        """Mark records whose value of a field makes no sense."""
        if wrong.any():
            self._reject(name, np.flatnonzero(wrong).tolist())

    def _reject(self, name: str, indices: list[int]) -> None:
        fresh = [index for index in indices if not self.bad[index]]
        self.bad[fresh] = True
        if fresh:
            self.reasons[name] = self.reasons.get(name, 0) + len(fresh)


def _count(value: Any) -> int:
    number = int(value) if isinstance(value, int) else int(float(value))
    if not 0 <= number < _MOST:
        raise ValueError(value)
    return number


def _span(value: Any) -> float:
    return float(value)


def _moment(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _parts(value: Any, separator: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, list):
        return tuple(str(part) for part in value)
    return tuple(str(value).split(separator))
