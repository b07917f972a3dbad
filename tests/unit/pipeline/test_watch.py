"""Detection while the appliance runs: silence, restarts, the stored past."""

from pathlib import Path

import msgspec
import pytest

from appliance.config.schema import Config, Detect, Learn
from appliance.errors import ConfigError
from appliance.model.alert import Mute
from appliance.pipeline import watch as module
from appliance.pipeline.sight import Losses
from appliance.pipeline.watch import BEHIND_S, FIGURES_S, SAVE_S, Bearings
from tests.support.flowbatches import T0_S
from tests.support.watching import SCANNER, SMALL, Post, contact, scan


def test_an_alert_is_told_and_kept(post: Post) -> None:
    post.open()
    alert = post.raise_alert()
    assert (alert.kind, alert.host) == ("port_scan", SCANNER)
    post.writer.flush()
    assert [kept.id for kept in post.writer.load_open().alerts] == [alert.id]


def test_in_silence_windows_are_closed(post: Post) -> None:
    watch = post.open()
    post.take(contact(T0_S))
    watch.turn(T0_S + 599, silent=True)
    assert watch.detection.detector.statistics().windows == 0
    watch.turn(T0_S + 3_600, silent=False)  # packets are on their way: they carry the time
    assert watch.detection.detector.statistics().windows == 0
    watch.turn(T0_S + 3_600, silent=True)
    assert watch.detection.detector.statistics().windows > 0
    assert watch.detection.now_s == T0_S + 3_600 - BEHIND_S


def test_the_stored_past_is_gone_through_without_a_word(post: Post) -> None:
    post.writer.write(scan(T0_S - 7_200))
    post.writer.write(contact(T0_S - 3_600))
    post.writer.write(contact(T0_S - 90_000))  # more than a day ago
    post.writer.flush()
    post.watch.open(Bearings(post.enricher, lambda *_: "", Losses), T0_S)
    assert post.watch.busy
    post.take(contact(T0_S + 1))
    assert post.watch.detection.detector.statistics().flows == 0, "the present waits"
    post.open()
    assert post.watch.detection.detector.statistics().flows == 122
    assert post.said == []
    marks = [address.marks for address in (post.enricher.address(0, 0xFFFF_C0A8_0105),)]
    assert marks[0] != 0, "stored addresses have none: they come from the enricher"
    contacts = post.watch.detection.detector.contacts.statistics()
    assert contacts.contacts == 121


def test_the_present_does_not_wait_for_ever(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD", 100)
    post.writer.write(contact(T0_S - 3_600))
    post.writer.flush()
    post.watch.open(Bearings(post.enricher, lambda *_: "", Losses), T0_S)
    post.take(scan())
    assert not post.watch.busy
    assert post.said[0].what == "raised"


def test_without_a_warm_start_the_past_is_left_alone(tmp_path: Path) -> None:
    cold = msgspec.structs.replace(SMALL, warm_start=False)
    post = Post(tmp_path, Config(detect=cold, learn=Learn(learning_s=0)))
    post.writer.write(contact(T0_S - 3_600))
    post.writer.flush()
    post.open()
    assert post.watch.detection.detector.statistics().flows == 0
    post.close()


def test_a_restart_goes_on_where_it_was(post: Post) -> None:
    post.open()
    alert = post.raise_alert()
    mute = post.watch.muting.add(Mute(kind="beacon"), T0_S)
    post.watch.close()
    post.writer.flush()
    post.said.clear()
    post.watch = post.make_watch()
    post.open(T0_S + 60)
    assert post.watch.detection.casebook.statistics().open_alerts == 1
    assert [one.id for one in post.watch.detection.casebook.mutes()] == [mute.id]
    post.take(scan(T0_S + 120))
    assert {change.alert.id for change in post.said} <= {alert.id}, "the same case, no new alert"
    assert post.watch.muting.add(Mute(kind="dga"), T0_S).id == mute.id + 1


def test_another_sensor_takes_it_over(post: Post) -> None:
    watch = post.open()
    post.raise_alert()
    before = watch.detection
    watch.open(Bearings(post.enricher, lambda *_: "a.example", lambda: Losses(5, 4, 3)), T0_S)
    assert watch.detection is before
    post.take(scan(T0_S + 30, host="192.168.1.6"))
    raised = [change.alert for change in post.said if change.what == "raised"]
    assert raised[-1].visibility.clock_steps == 3, "of the sensor that runs now"


def test_figures_are_those_of_now(post: Post) -> None:
    watch = post.open()
    assert watch.statistics.enabled
    alert = post.raise_alert()
    watch.turn(T0_S + 20 + FIGURES_S, silent=False)
    figures = watch.statistics
    assert figures.alerts == {alert.severity: 1} or sum(figures.alerts.values()) == 1
    assert sum(figures.open.values()) == 1
    assert figures.signals["vertical_scan"] > 0
    assert figures.tables["contacts"].used == 120
    assert figures.judged > 0
    assert not figures.learning


def test_memory_is_saved_now_and_then(post: Post) -> None:
    watch = post.open()
    post.take(contact(T0_S))
    watch.turn(T0_S + 1, silent=False)
    post.writer.flush()
    assert post.writer.load_state("learning_since") is None
    watch.turn(T0_S + SAVE_S, silent=False)
    post.writer.flush()
    assert post.writer.load_state("learning_since") is not None


def test_weights_that_mean_nothing_are_refused_at_once(tmp_path: Path) -> None:
    post = Post(tmp_path)
    post.config = Config(detect=Detect(weights=("NO_SUCH_THING=1",)))
    with pytest.raises(ConfigError):
        post.make_watch()
    post.close()


def test_what_was_never_open_is_closed_without_harm(post: Post) -> None:
    post.watch.save()
    post.watch.close()
