"""Alerts by their id: the open ones, and the closed ones still remembered. Both bounded."""

from collections import OrderedDict
from collections.abc import Iterator

from appliance.cases.evidence import Case
from appliance.model.alert import SEVERITIES

MAX_OPEN = 2_000  # more than anybody reads; the oldest of the least severity give way
MAX_CLOSED = 4_096


class Register:
    """Finds the case of an alert."""

    def __init__(self, most_open: int = MAX_OPEN, most_closed: int = MAX_CLOSED) -> None:
        self._caps = (most_open, most_closed)
        self._open: dict[str, OrderedDict[str, Case]] = {
            severity.value: OrderedDict() for severity in SEVERITIES
        }
        self._closed: OrderedDict[str, Case] = OrderedDict()
        self._places: dict[str, str] = {}  # open alert -> severity it stands under

    def __len__(self) -> int:
        return len(self._places)

    @property
    def closed(self) -> int:
        """How many closed ones are remembered."""
        return len(self._closed)

    def find(self, alert: str) -> Case | None:
        """Return the case of an alert, open or closed."""
        place = self._places.get(alert)
        return self._open[place][alert] if place is not None else self._closed.get(alert)

    def iter_open(self) -> Iterator[Case]:
        """Yield the open ones, the worst last; the register may change meanwhile."""
        for table in self._open.values():
            yield from list(table.values())

    def file_open(self, case: Case) -> Case | None:
        """Put a case among the open ones, under its severity now; return one that gave way."""
        assert case.alert is not None
        name, severity = case.alert.id, case.alert.severity
        self._closed.pop(name, None)
        place = self._places.get(name)
        if place is not None and place != severity:
            del self._open[place][name]
        gone = self._make_room() if place is None else None
        self._open[severity][name] = case
        self._places[name] = severity
        return gone

    def file_closed(self, case: Case) -> None:
        """Put a case among the closed ones; the oldest of these is forgotten if they are many."""
        assert case.alert is not None
        self.drop(case)
        if len(self._closed) >= self._caps[1]:
            self._closed.popitem(last=False)
        self._closed[case.alert.id] = case

    def drop(self, case: Case) -> None:
        """Forget a case."""
        assert case.alert is not None
        place = self._places.pop(case.alert.id, None)
        if place is not None:
            del self._open[place][case.alert.id]
        self._closed.pop(case.alert.id, None)

    def _make_room(self) -> Case | None:
        if len(self._places) < self._caps[0]:
            return None
        table = next(table for table in self._open.values() if table)
        name, case = table.popitem(last=False)
        del self._places[name]
        return case
