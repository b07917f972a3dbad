"""Counters as people see them."""

from appliance.model.alert import Mute
from appliance.model.health import TableFill
from appliance.pipeline.figures import collect_figures
from tests.support.flowbatches import T0_S
from tests.support.watching import SCANNER, Post, scan


def test_figures_say_what_was_found_and_what_was_not_shown(post: Post) -> None:
    watch = post.open()
    watch.muting.add(Mute(host=SCANNER), T0_S)
    post.take(scan())
    detection = watch.detection
    found = collect_figures(
        detection.detector, detection.casebook, {"high": 2}, learning=True, model=4
    )
    assert (found.enabled, found.learning, found.model) == (True, True, 4)
    assert found.alerts == {"high": 2}
    assert found.open == {}
    assert found.suppressed["muted"] > 0
    assert "crowd" not in found.suppressed, "what did not happen is left out"
    assert found.tables["contacts"] == TableFill(used=120, capacity=1_024)
    assert set(found.tables) == {"contacts", "timings", "hosts", "fans", "nets"}
