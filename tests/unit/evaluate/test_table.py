"""The report as text."""

from appliance.evaluate.report import (
    FlowFigures,
    KindFigures,
    MachineFigures,
    Report,
    WindowFigures,
)
from appliance.evaluate.scores import Ranking, decide
from appliance.evaluate.table import render


def report(**changes) -> Report:
    fields = {
        "flows": 10, "labelled": 8, "days": 1.0, "alerts": decide(3, 1, 0),
        "machines": decide(2, 1, 1), "machines_high": decide(1, 0, 2), "false_per_day": 1.0,
        "false_high_per_day": 0.0, "elsewhere": 2, "kinds": [], "by_machine": [], "windows": [],
    }  # fmt: skip
    return Report(**(fields | changes))


def test_everything_is_in_it() -> None:
    text = render(
        report(
            kinds=[KindFigures(kind="beacon", alerts=4, right=3, false=1, false_per_day=1.0)],
            by_machine=[
                MachineFigures(host="10.0.0.1", bad=True, found=True, alerts=3, worst="high",
                               kinds=("beacon",), roc_auc=0.9876),
                MachineFigures(host="10.0.0.2", bad=False),
            ],
            windows=[WindowFigures(score="combined", macro_roc_auc=0.95,
                                   pooled=Ranking(bad=2, good=5, roc_auc=0.97),
                                   macro_average_precision=0.9, about="all of it")],
            naive_flows=FlowFigures(ranking=Ranking(roc_auc=0.38), decision=decide(1, 840, 9),
                                    false_per_day=840.4),
        )
    )  # fmt: skip
    rows = [line.split() for line in text.splitlines()]
    assert ["beacon", "4", "3", "1", "1.00"] in rows
    assert ["10.0.0.1", "bad", "found", "3", "0", "high", "0.988", "beacon"] in rows
    assert ["combined", "2", "5", "0.970", "-", "0.950", "0.900"] in rows
    assert ["combined", "all", "of", "it"] in rows
    assert "1 good machines without any alert" in text
    assert "good flows called unusual a day: 840" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_nothing_said_is_shown_as_nothing() -> None:
    text = render(report(machines=decide(0, 0, 0)))
    assert "machines, any alert             0      0       0          -       -      -" in text
    assert "Host windows" not in text
    assert "naive" not in text
