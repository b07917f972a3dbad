"""The comparison as people read it."""

from appliance.cases.tune import compare
from appliance.evaluate.tunetable import MOST_LINES, render_tune
from appliance.model.alert import Alert


def alert(number: int, **given: object) -> Alert:
    fields = {
        "id": f"A{number}", "ts": 1.0, "first_seen": 0, "last_seen": 1, "kind": "port_scan",
        "severity": "low", "confidence": 0.6, "host": f"192.168.1.{number}",
        "summary": f"192.168.1.{number} tried 90 ports",
    }  # fmt: skip
    return Alert(**(fields | given))


def test_what_vanishes_and_appears_is_listed_with_what_people_said() -> None:
    marked = alert(2, state="closed", comment="false", kind="beacon", summary="called\x1b[31m x")
    text = render_tune(compare([alert(1), marked], [alert(1), alert(3, severity="high")]))
    assert text.splitlines() == [
        "1 fewer and 1 more of 2 alerts, 0 louder, 0 quieter;"
        " of those that vanish 0 were marked real and 1 false.",
        "",
        "Kind       vanish  appear",
        "beacon          1       0",
        "port_scan       0       1",
        "",
        "Vanish:",
        "  low       beacon: called\N{REPLACEMENT CHARACTER}[31m x [marked false]",
        "",
        "Appear:",
        "  high      port_scan: 192.168.1.3 tried 90 ports",
    ]


def test_no_change_is_one_sentence() -> None:
    text = render_tune(compare([alert(1)], [alert(1)]))
    assert text == "0 fewer and 0 more of 1 alerts, 0 louder, 0 quieter.\n"


def test_long_lists_are_cut_and_say_so() -> None:
    text = render_tune(compare([alert(n) for n in range(1, MOST_LINES + 6)], []))
    assert text.splitlines()[-1] == "  and 5 more"
