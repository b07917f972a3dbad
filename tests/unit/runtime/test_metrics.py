import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.runtime import metrics
from appliance.runtime.metrics import Registry

# The grammar of a sample line, written from the format's description.
SAMPLE = re.compile(
    r"[a-zA-Z_:][a-zA-Z0-9_:]*"
    r'(\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\\\|\\"|\\n)*"(,[a-zA-Z_]\w*="([^"\\\n]|\\\\|\\"|\\n)*")*\})?'
    r" ([+-]?[0-9.e+-]+|NaN|[+-]Inf)"
)


def test_exposition_has_help_type_and_samples() -> None:
    registry = Registry()
    packets = registry.counter("packets_total", "Packets seen.", labels=("interface",))
    registry.gauge("fill", "Share of the table,\nin use \\.", read=lambda: 0.5)
    packets.add(2, "eth1")
    packets.add(3, "eth0")
    packets.add(1, "eth0")
    assert registry.render() == (
        "# HELP packets_total Packets seen.\n"
        "# TYPE packets_total counter\n"
        'packets_total{interface="eth0"} 4\n'
        'packets_total{interface="eth1"} 2\n'
        "# HELP fill Share of the table,\\nin use \\\\.\n"
        "# TYPE fill gauge\n"
        "fill 0.5\n"
    )


def test_unlabelled_counter_begins_at_zero_and_labelled_one_empty() -> None:
    registry = Registry()
    registry.counter("a_total", "A.")
    registry.counter("b_total", "B.", labels=("x",))
    assert [line for line in registry.render().splitlines() if line[0] != "#"] == ["a_total 0"]


def test_callable_may_give_a_value_per_label() -> None:
    registry = Registry()
    reasons = {("truncated",): 3, ("checksum",): 1}
    registry.counter("rejected_total", "R.", labels=("reason",), read=lambda: reasons)
    assert registry.render().splitlines()[2:] == [
        'rejected_total{reason="checksum"} 1',
        'rejected_total{reason="truncated"} 3',
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN"), (True, "1"), (1e300, "1e+300"),
     (2**63, "9223372036854775808")],
)  # fmt: skip
def test_numbers_are_spelt_as_the_format_wants(value: float, text: str) -> None:
    registry = Registry()
    registry.gauge("g", "G.").put(value)
    assert registry.render().splitlines()[-1] == f"g {text}"


@given(label=st.text())
def test_any_label_value_makes_one_well_formed_line(label: str) -> None:
    registry = Registry()
    registry.gauge("g", "G.", labels=("name",)).put(1, label)
    lines = registry.render().split("\n")
    assert len(lines) == 4
    assert SAMPLE.fullmatch(lines[2])


def test_series_are_capped_and_refusals_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label from the wire must not grow the registry without end."""
    monkeypatch.setattr(metrics, "MAX_SERIES", 3)
    metric = Registry().counter("c_total", "C.", labels=("x",))
    for n in range(10):
        metric.add(1, str(n))
    metric.add(1, "0")
    assert len(metric.samples()) == 3
    assert metric.samples()[("0",)] == 2
    assert metric.refused == 7


def test_wrong_use_is_refused() -> None:
    registry = Registry()
    registry.counter("a_total", "A.", labels=("x",))
    with pytest.raises(ValueError, match="twice"):
        registry.gauge("a_total", "A.")
    with pytest.raises(ValueError, match="not a metric"):
        registry.gauge("a-b", "A.")
    with pytest.raises(ValueError, match="not a metric"):
        registry.gauge("ab", "A.", labels=("0x",))
    with pytest.raises(ValueError, match="has labels"):
        registry.counter("b_total", "B.").add(1, "surprise")
    assert registry.names() == ("a_total", "b_total")
