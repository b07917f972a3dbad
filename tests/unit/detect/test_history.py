"""A device's past: yesterday counts, today does not, an attack hardly ever."""

import pytest

from appliance.detect.history import DAY_S, NO_UPLOAD, UNKNOWN, History
from appliance.detect.weights_windows import HistoryWeights
from appliance.model.window import WindowBatch
from tests.support.windows import V4, make_batch

DAY = 20_000 * DAY_S  # begins a day
A, B = 1, 2


def learn_day(history: History, day: int, host: int = A, **more: float) -> None:
    for window in range(48, 108):  # 8:00 to 18:00
        history.learn(make_batch([host], DAY + day * DAY_S + window * 600.0, **more))


def test_a_day_counts_from_the_next_on() -> None:
    history = History()
    learn_day(history, 0, total_flows=50)
    assert history.usual(0, V4 | A, "total_flows") == UNKNOWN
    history.begin_day(DAY + DAY_S)
    usual = history.usual(0, V4 | A, "total_flows")
    assert usual.median == pytest.approx(50, rel=0.35)
    assert (usual.spread, usual.windows) == (0, pytest.approx(60 * 0.93**0))
    assert history.usual(0, V4 | B, "total_flows") == UNKNOWN


def test_an_attack_does_not_become_the_norm() -> None:
    history = History()
    learn_day(history, 0, total_flows=50)
    for day in range(1, 4):
        learn_day(history, day, total_flows=50_000, evidence=0.9)
    history.begin_day(DAY + 4 * DAY_S)
    usual = history.usual(0, V4 | A, "total_flows")
    assert usual.median == pytest.approx(50, rel=0.35)


def test_what_goes_on_for_weeks_becomes_the_norm() -> None:
    history = History()
    learn_day(history, 0, total_flows=50)
    for day in range(1, 30):
        learn_day(history, day, total_flows=5_000)
    history.begin_day(DAY + 30 * DAY_S)
    assert history.usual(0, V4 | A, "total_flows").median == pytest.approx(5_000, rel=0.35)


def test_long_absence_lets_the_past_fade() -> None:
    history = History()
    learn_day(history, 0)
    history.begin_day(DAY + 11 * DAY_S)
    assert history.usual(0, V4 | A, "total_flows").windows == pytest.approx(60 * 0.93**10)


def test_uploads_are_known_by_hour_and_day() -> None:
    history = History()
    for day in range(3):
        learn_day(history, day, outside_out_bytes=1_000 * (day + 1))
    history.begin_day(DAY + 3 * DAY_S)
    upload = history.upload_of(0, V4 | A, 9)
    assert upload == (12_000, 18_000, 120_000, 3)
    assert history.upload_of(0, V4 | A, 3).hour == 12_000  # never active then: any hour
    assert history.upload_of(0, V4 | B, 9) == NO_UPLOAD
    assert (history.usual_upload(0, V4 | A), history.usual_upload(0, V4 | B)) == (120_000, None)


def test_uploads_of_today_and_of_long_ago_are_not_usual() -> None:
    history = History()
    learn_day(history, 0, outside_out_bytes=1_000)
    assert history.upload_of(0, V4 | A, 9) == NO_UPLOAD
    history.begin_day(DAY + 14 * DAY_S)
    assert history.upload_of(0, V4 | A, 9) == NO_UPLOAD


def test_night_is_when_a_device_never_was_active() -> None:
    history = History()
    learn_day(history, 0)
    hosts = make_batch([A, B]).hosts
    asked = [history.night(hosts, DAY + DAY_S + hour * 3_600.0)[0] for hour in range(24)]
    assert [hour for hour, night in enumerate(asked) if not night] == list(range(7, 19))
    assert history.night(hosts, DAY + DAY_S)[1] == 0  # nothing is known of the other


def test_the_device_not_seen_for_longest_gives_way() -> None:
    history = History(max_devices=2)
    for step, host in enumerate((A, B, A, 3)):
        history.learn(make_batch([host], DAY + 600.0 * step, total_flows=host))
    history.begin_day(DAY + DAY_S)
    assert history.usual(0, V4 | A, "total_flows").windows == 2
    assert history.usual(0, V4 | B, "total_flows") == UNKNOWN
    assert history.usual(0, V4 | 3, "total_flows").windows == 1
    assert (history.statistics().devices, history.statistics().devices_forgotten) == (2, 1)


def test_outside_hosts_have_no_past() -> None:
    history = History()
    batch = make_batch([A])
    batch.hosts["inside"] = 0
    history.learn(batch)
    assert history.statistics().devices == 0


class _Stored:
    def read_windows(self, since_s: float, until_s: float) -> list[WindowBatch]:
        assert until_s - since_s == 14 * DAY_S
        return [make_batch([A], DAY), make_batch([A], DAY + 600.0)]


def test_the_past_is_made_again_from_stored_windows() -> None:
    history = History(HistoryWeights(keep=1.0))
    history.load(_Stored(), DAY + DAY_S)
    history.begin_day(DAY + DAY_S)
    assert history.usual(0, V4 | A, "dns").windows == 2
