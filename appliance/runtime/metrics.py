"""Counters and gauges, and their exposition in Prometheus's text format 0.0.4."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MAX_SERIES = 1_000  # per metric: label values may come from the wire

Number: TypeAlias = int | float
# What a callable may give: the value, or for a labelled metric a value per tuple of label values.
Reading: TypeAlias = Number | Mapping[tuple[str, ...], Number]

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


class Metric:
    """One name with its values: set by hand, or read when asked."""

    __slots__ = ("_lock", "_read", "_series", "help", "kind", "labels", "name", "refused")

    def __init__(
        self,
        kind: str,
        name: str,
        help_text: str,
        labels: tuple[str, ...],
        read: Callable[[], Reading] | None,
    ) -> None:
        if not _NAME.fullmatch(name) or not all(_LABEL.fullmatch(label) for label in labels):
            raise ValueError(f"not a metric: {name} {labels}")
        self.kind = kind
        self.name = name
        self.help = help_text
        self.labels = labels
        self.refused = 0  # values for series beyond MAX_SERIES
        self._read = read
        self._lock = threading.Lock()
        self._series: dict[tuple[str, ...], Number] = {} if labels else {(): 0}

    def add(self, amount: Number, *values: str) -> None:
        """Count on; `values` are the label values, in the order of the labels."""
        with self._lock:
            if self._admit(values):
                self._series[values] = self._series.get(values, 0) + amount

    def put(self, value: Number, *values: str) -> None:
        """Set a gauge."""
        with self._lock:
            if self._admit(values):
                self._series[values] = value

    def samples(self) -> dict[tuple[str, ...], Number]:
        """Return the value of every series; asks the callable if there is one."""
        if self._read is None:
            with self._lock:
                return dict(self._series)
        reading = self._read()
        return dict(reading) if isinstance(reading, Mapping) else {(): reading}

    def _admit(self, values: tuple[str, ...]) -> bool:
        if len(values) != len(self.labels):
            raise ValueError(f"{self.name} has labels {self.labels}, got {values}")
        if values in self._series or len(self._series) < MAX_SERIES:
            return True
        self.refused += 1
        return False


class Registry:
    """The metrics of the process, in the order of their registration."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}

    def counter(
        self,
        name: str,
        help_text: str,
        *,
        labels: tuple[str, ...] = (),
        read: Callable[[], Reading] | None = None,
    ) -> Metric:
        """Register something that only grows. Raises ValueError if the name is taken."""
        return self._register(Metric("counter", name, help_text, labels, read))

    def gauge(
        self,
        name: str,
        help_text: str,
        *,
        labels: tuple[str, ...] = (),
        read: Callable[[], Reading] | None = None,
    ) -> Metric:
        """Register something that goes up and down. Raises ValueError if the name is taken."""
        return self._register(Metric("gauge", name, help_text, labels, read))

    def names(self) -> tuple[str, ...]:
        """Return every registered name."""
        return tuple(self._metrics)

    def render(self) -> str:
        """Return all metrics in the text format; series are sorted by their labels."""
        return "".join(line + "\n" for metric in self._metrics.values() for line in _lines(metric))

    def _register(self, metric: Metric) -> Metric:
        if metric.name in self._metrics:
            raise ValueError(f"{metric.name} is registered twice")
        self._metrics[metric.name] = metric
        return metric


def _lines(metric: Metric) -> Iterator[str]:
    text = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    yield f"# HELP {metric.name} {text}"
    yield f"# TYPE {metric.name} {metric.kind}"
    for values, number in sorted(metric.samples().items()):
        pairs = ",".join(
            f'{label}="{_escape(value)}"'
            for label, value in zip(metric.labels, values, strict=True)
        )
        yield f"{metric.name}{'{' + pairs + '}' if pairs else ''} {_format(number)}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _format(number: Number) -> str:
    if isinstance(number, int):
        return str(int(number))  # a bool is an int
    text = repr(float(number))
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text)
