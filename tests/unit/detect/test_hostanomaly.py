"""Windows unlike their host's past: never said without agreement, always with the usual value."""

import pytest

from appliance.detect.history import DAY_S, History
from appliance.detect.hostanomaly import HostAnomaly, say_value
from appliance.model.alert import Family
from appliance.model.window import DIRECTIONAL
from tests.support.windows import make_batch

DAY = 20_000 * DAY_S
HOSTS = [1, 2, 3, 4, 5, 6]
TOMORROW = DAY + DAY_S + 36_000.0
ODD = {"burst": 5.0, "new_to_all": 0.6, "rare_odd": 4.0}


@pytest.fixture(scope="module")
def history() -> History:
    """Six devices that do little but ask the DNS, and one that scans by trade."""
    history = History()
    for window in range(144):
        start = DAY + window * 600.0
        history.learn(make_batch(HOSTS, start, dns=2.0))
        history.learn(make_batch([9], start, dns=2.0, sweep=5.0, ports_of_one=5.0))
    history.begin_day(DAY + DAY_S)
    return history


def test_what_was_always_so_is_not_unusual(history: History) -> None:
    judge = HostAnomaly(history)
    assert judge.judge(make_batch(HOSTS, TOMORROW, dns=2.0)) == []
    [scanner] = judge.compare(make_batch([9], TOMORROW, dns=2.0, sweep=5.0, ports_of_one=5.0))
    assert scanner.surprise < 0.1
    assert scanner.tail > 3  # to the others it is


def test_new_behaviour_is_said_with_the_usual_value(history: History) -> None:
    [signal] = HostAnomaly(history).judge(make_batch([1], TOMORROW, dns=2.0, **ODD))
    assert (signal.kind, signal.family) == ("host_anomaly", Family.MODEL)
    assert "147 sessions with one rare peer (usually 0)" in signal.sentence
    assert len(signal.terms) == 3
    assert sum(term.weight for term in signal.terms) == pytest.approx(signal.weight, abs=0.01)
    assert 1.0 <= signal.weight <= 2.0
    assert signal.solo_limit < 2.3  # never an alert alone


def test_somebody_must_agree(history: History) -> None:
    judge = HostAnomaly(history)
    like_the_scanner = make_batch([1], TOMORROW, dns=2.0, sweep=5.0, ports_of_one=5.0)
    [unusual] = judge.compare(like_the_scanner)
    assert unusual.surprise > 3.5
    assert unusual.features[:2] == ("ports_of_one", "sweep")
    assert unusual.tail < 3.0  # another device does that, too
    assert judge.judge(like_the_scanner) == []
    suspicious = make_batch([1], TOMORROW, 0.9, dns=2.0, sweep=5.0, ports_of_one=5.0)
    assert len(judge.judge(suspicious)) == 1


def test_one_new_thing_is_not_enough(history: History) -> None:
    assert HostAnomaly(history).judge(make_batch([1], TOMORROW, 0.9, dns=2.0, burst=5.0)) == []


def test_what_is_new_and_next_to_nothing_is_not_said(history: History) -> None:
    little = make_batch([1], TOMORROW, 0.9, failed_peer=0.7, sweep=0.7, ports_of_one=0.7)
    assert HostAnomaly(history).compare(little)[0].surprise == 0


def test_without_a_past_nothing_is_said() -> None:
    judge = HostAnomaly(History())
    batch = make_batch([1, 2], TOMORROW, 0.9, **ODD)
    assert judge.judge(batch) == []
    assert [unusual.surprise for unusual in judge.compare(batch)] == [0, 0]


def test_the_window_in_question_does_not_speak_for_itself(history: History) -> None:
    judge = HostAnomaly(history)
    before = judge.compare(make_batch([1], TOMORROW, **ODD))
    history.learn(make_batch([1], TOMORROW, **ODD))
    assert judge.compare(make_batch([1], TOMORROW + 600, **ODD)) == before


@pytest.mark.parametrize("feature", DIRECTIONAL)
def test_every_feature_can_be_said(feature: str) -> None:
    assert say_value(feature, 1.0)
    assert float(say_value(feature, 0.0)) == 0


def test_outsiders_are_not_compared(history: History) -> None:
    batch = make_batch([1], TOMORROW, 0.9, **ODD)
    batch.hosts["inside"] = 0
    assert HostAnomaly(history).judge(batch) == []
