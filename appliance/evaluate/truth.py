"""What machines are: which are bad, when, and what an alert about them should speak of."""

import csv
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.errors import ApplianceError
from appliance.model.address import format_address, parse_address

GRACE_S = 600.0  # an alert may come this much before or after the time that is written down
_DAY_S = 86_400.0

Host = tuple[int, int]  # the two words of an address


class Machine(NamedTuple):
    """One machine of which the truth is known. Times in s since the epoch."""

    name: str  # address as text
    bad: bool
    spans: tuple[tuple[float, float], ...] = ((float("-inf"), float("inf")),)  # when it was bad
    words: tuple[
        str, ...
    ] = ()  # one of them should be in "peer kind" of an alert; () = any will do

    def explains(self, ts_s: float) -> bool:
        """Tell whether the machine was bad at a time, or nearly."""
        return self.bad and any(
            start_s - GRACE_S <= ts_s <= end_s + GRACE_S for start_s, end_s in self.spans
        )

    def covers(self, ts_s: float, length_s: float) -> bool:
        """Tell whether the machine was bad in some of a window."""
        return self.bad and any(
            start_s < ts_s + length_s and end_s >= ts_s for start_s, end_s in self.spans
        )


Truth = Mapping[Host, Machine]


def read_truth(path: str, first_s: float) -> dict[Host, Machine]:
    """Return the machines of a CSV with the columns host, malicious, start and end.

    A machine may have several lines, one for each time it was bad.
    Times are HH:MM of the day that holds `first_s` (UTC), ISO 8601, or s since the epoch; empty
    means always. A file expect.csv beside it (host, words separated by |) says what alerts on a
    bad machine should speak of. ApplianceError if it cannot be read.
    """
    midnight_s = first_s - first_s % _DAY_S
    words = {row["host"]: row["words"] for row in _rows(Path(path).with_name("expect.csv"))}
    machines: dict[Host, Machine] = {}
    rows = _rows(Path(path))
    if not rows:
        raise ApplianceError(f"no machines in {path}: host,malicious,start,end are wanted")
    for row in rows:
        try:
            machine = _read_machine(row, words, midnight_s)
            before = machines.get(parse_address(machine.name))
            machines[parse_address(machine.name)] = _join(before, machine)
        except (KeyError, ValueError) as error:
            raise ApplianceError(f"{path}: cannot use the line {row} ({error})") from error
    return machines


def derive_truth(
    hosts: NDArray[np.uint64], starts_s: NDArray[np.float64], bad: NDArray[np.bool_]
) -> dict[Host, Machine]:
    """Return the machines that labelled flows tell of: bad is who began a bad flow.

    hosts : uint64 (n, 2), originators at home; starts_s : (n,); bad : (n,)
    """
    machines: dict[Host, Machine] = {}
    for hi, lo in np.unique(hosts, axis=0).tolist():
        own = (hosts[:, 0] == hi) & (hosts[:, 1] == lo) & bad
        times = starts_s[own]
        spans = ((float(times.min()), float(times.max())),) if len(times) else ()
        machines[hi, lo] = Machine(format_address(hi, lo), bool(len(times)), spans)
    return machines


def _read_machine(row: dict[str, str], words: Mapping[str, str], midnight_s: float) -> Machine:
    name = row["host"]
    start_s = _moment(row.get("start") or "", midnight_s, float("-inf"))
    end_s = _moment(row.get("end") or "", midnight_s, float("inf"))
    return Machine(
        name=name,
        bad=row["malicious"].strip().lower() in {"1", "true", "yes"},
        spans=((start_s, end_s),),
        words=tuple(filter(None, words.get(name, "").lower().split("|"))),
    )


def _join(before: Machine | None, machine: Machine) -> Machine:
    """Return what two lines say of one machine: bad if one of them says so."""
    if before is None or not before.bad:
        return machine if before is None or machine.bad else before
    return before._replace(spans=before.spans + machine.spans) if machine.bad else before


def _rows(path: Path) -> list[dict[str, str]]:
    if path.name == "expect.csv" and not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ApplianceError(f"cannot read {path}: {error}") from error


def _moment(text: str, midnight_s: float, missing: float) -> float:
    text = text.strip()
    if not text:
        return missing
    hours, colon, minutes = text.partition(":")
    if colon and len(text) <= 5:
        return midnight_s + int(hours) * 3_600 + int(minutes) * 60
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
