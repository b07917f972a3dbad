"""Which constants of detection change a verdict, when each is halved and doubled on its own."""

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.config.schema import Config
from appliance.detect.weightgroup import list_weights
from appliance.detect.weights import Weights
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ApplianceError
from appliance.evaluate.truth import Truth
from appliance.flows.warmup import warm_up
from appliance.model.address import parse_address
from appliance.model.alert import Alert
from tests.bench.datacases import DataCase, find_cases
from tests.bench.recording import Recording, Watched, play, record

SETTINGS = ("alerts.low", "alerts.medium", "alerts.high", "detect.sensitivity")
_ALERTS = ("low", "medium", "high", "critical")
_LOUD = ("high", "critical")
_LETTERS = "fhFH"  # found, at high; benign accused, at high
_NAMED = 4  # machines of a row of the table
_NAME, _CELL = 36, 14  # widths


class Verdict(NamedTuple):
    """Who was accused in one input, as addresses. Its fields have a letter each in the table."""

    found: frozenset[str] = frozenset()  # bad machines
    loud: frozenset[str] = frozenset()  # of these at high
    false: frozenset[str] = frozenset()  # others with any alert
    false_loud: frozenset[str] = frozenset()


class Taken(NamedTuple):
    """A case in memory, with what is said of it today."""

    case: DataCase
    recording: Recording
    base: Verdict
    looked_at: frozenset[str]  # constants that can have had a say
    seconds: float  # of one judgement


class Variant(NamedTuple):
    """One constant with another value."""

    name: str
    old: float
    factor: float

    @property
    def value(self) -> float:
        """The other value."""
        return self.old * self.factor

    def apply(self, config: Config) -> Config:
        """Return the configuration with it; raises ApplianceError if it cannot be."""
        section, _, key = self.name.partition(".")
        if self.name not in SETTINGS:
            detect = msgspec.structs.replace(
                config.detect, weights=(f"{self.name}={self.value!r}",)
            )
            return msgspec.structs.replace(config, detect=detect)
        part = msgspec.structs.replace(getattr(config, section), **{key: self.value})
        return msgspec.structs.replace(config, **{section: part})


class Change(NamedTuple):
    """One machine that is judged otherwise."""

    group: str
    letter: str  # of _LETTERS
    sign: int  # 1 = only with the other value
    machine: str  # "input:address"


def measure(options: argparse.Namespace) -> None:
    """Vary every constant, or those of one group, and print those that change a verdict."""
    config = Config()
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        cases = find_cases(options.data, options.days or Path(folder))
        left_out = options.without.split(",")
        taken = take(config, [case for case in cases if case.name not in left_out])
    gc.collect()
    gc.freeze()
    gc.disable()
    print(f"{len(taken)} inputs, {sum(one.recording.flows for one in taken)} flows")
    for group, verdicts in _by_group((one.case.group, one.base) for one in taken):
        print(f"  {group}: {describe(verdicts)}")
    groups = [name for name in options.only.split(",") if name]
    names = [
        name for name in list_constants(config) if not groups or name.partition(".")[0] in groups
    ]
    _vary(config, taken, names)


def list_constants(config: Config) -> dict[str, float]:
    """Return what is varied, with its value."""
    settings = {
        name: float(getattr(getattr(config, name.partition(".")[0]), name.partition(".")[2]))
        for name in SETTINGS
    }
    return settings | list_weights(Weights())


def take(config: Config, cases: Iterable[DataCase]) -> list[Taken]:
    """Read every case once and judge it as it is."""
    enricher = Enricher(config.geoip, HomeNetworks(config.network.home))
    taken = []
    for case in cases:
        try:
            recording = record(config, str(case.path), enricher)
        except ApplianceError as error:
            print(f"{case.name}: left out, {error}")
            continue
        watched = Watched(Weights())
        play(config, recording, watched)
        began = time.process_time()
        base = judge(play(config, recording), case.truth)
        seconds = time.process_time() - began
        taken.append(Taken(case, recording, base, frozenset(watched.seen), seconds))
    return taken


def judge(alerts: Iterable[Alert], truth: Truth) -> Verdict:
    """Compare alerts with what is true. A bad machine under a wrong word is neither."""
    found, false = set(), set()
    for alert in alerts:
        if alert.severity not in _ALERTS:
            continue
        entry = alert.host, alert.severity in _LOUD
        machine = truth.get(parse_address(alert.host))
        if machine is None or not machine.bad:
            false.add(entry)
        elif machine.explains(alert.ts) and _speaks_of(alert, machine.words):
            found.add(entry)
    return Verdict(
        frozenset(host for host, _ in found),
        frozenset(host for host, loud in found if loud),
        frozenset(host for host, _ in false),
        frozenset(host for host, loud in false if loud),
    )


def _speaks_of(alert: Alert, words: tuple[str, ...]) -> bool:
    text = f"{alert.peer} {alert.kind}".lower()
    return not words or any(word in text for word in words)


def describe(verdicts: Iterable[Verdict]) -> str:
    """Return the counts of several verdicts as text."""
    found, loud, false, false_loud = (
        sum(len(part) for part in parts) for parts in zip(*verdicts, strict=True)
    )
    return f"found {found} (high {loud}), benign accused {false} (high {false_loud})"


def compare(case: DataCase, base: Verdict, other: Verdict) -> Iterator[Change]:
    """Yield what is different, machine by machine."""
    for letter, before, after in zip(_LETTERS, base, other, strict=True):
        for sign, hosts in ((-1, before - after), (1, after - before)):
            for host in sorted(hosts):
                yield Change(case.group, letter, sign, f"{case.name}:{host}")


def format_row(variant: Variant, changes: list[Change], groups: Iterable[str]) -> str:
    """Return a line of the table: the balance of each group, and some of the machines."""
    cells = []
    for group in groups:
        sums = dict.fromkeys(_LETTERS, 0)
        for change in changes:
            if change.group == group:
                sums[change.letter] += change.sign
        there = any(change.group == group for change in changes)
        text = " ".join(f"{letter}{total:+d}" for letter, total in sums.items() if total)
        cells.append((text or "others" if there else ".").ljust(_CELL))
    who = list(dict.fromkeys(("-" if one.sign < 0 else "+") + one.machine for one in changes))
    more = f" and {len(who) - _NAMED} more" if len(who) > _NAMED else ""
    left = f"{variant.name} {variant.old:g}".ljust(_NAME) + f"x{variant.factor:<5g}"
    return left + "".join(cells) + ", ".join(who[:_NAMED]) + more


def try_variant(config: Config, variant: Variant, taken: Iterable[Taken]) -> list[Change]:
    """Return what another value changes, over all inputs in which it has a say."""
    changed = variant.apply(config)
    changes: list[Change] = []
    for case, recording, base, looked_at, _ in taken:
        if variant.name in SETTINGS or variant.name in looked_at:
            changes += compare(case, base, judge(play(changed, recording), case.truth))
    return changes


def _vary(config: Config, taken: list[Taken], names: list[str]) -> None:
    constants = list_constants(config)
    groups = list(dict.fromkeys(one.case.group for one in taken))
    looked_at = frozenset(SETTINGS).union(*(one.looked_at for one in taken))
    idle = [name for name in names if name not in looked_at or not constants[name]]
    began = time.monotonic()
    moved: set[str] = set()
    print("f found, h of these at high, F benign accused, H of these at high; . as before")
    print(" " * (_NAME + 6) + "".join(group.ljust(_CELL) for group in groups) + "machines")
    for name in (name for name in names if name not in idle):
        for factor in (0.5, 2.0):
            variant = Variant(name, constants[name], factor)
            if changes := try_variant(config, variant, taken):
                moved.add(name)
                print(format_row(variant, changes, groups), flush=True)
        print(f"{time.monotonic() - began:.0f} s: {name}", file=sys.stderr)
    same = len(names) - len(moved) - len(idle)
    print(f"{len(moved)} of {len(names)} constants change a verdict, {same} change nothing,")
    print(f"{len(idle)} have no say in these inputs: {', '.join(idle) or '-'}")


def _by_group(
    verdicts: Iterable[tuple[str, Verdict]],
) -> Iterator[tuple[str, list[Verdict]]]:
    groups: dict[str, list[Verdict]] = {}
    for group, verdict in verdicts:
        groups.setdefault(group, []).append(verdict)
    yield from groups.items()
