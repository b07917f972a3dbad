"""The score of a window, and how suspicion fades."""

import numpy as np
import pytest

from appliance.detect.evidence import FAMILIES, JUDGED, Carried, Evidence, combine
from appliance.detect.weights_windows import EvidenceWeights
from appliance.model.window import COLUMN, DIRECTIONAL
from tests.support.windows import START_S, make_batch


def score(**features: float) -> float:
    return float(Evidence().score(make_batch([1], **features).values)[0])


def test_nothing_is_no_evidence() -> None:
    assert score() == 0
    assert score(total_flows=1e6, total_outbound_bytes=1e12, unique_dest_ips=500) == 0


@pytest.mark.parametrize("name", [n for n in JUDGED if n not in FAMILIES["volume"]])
def test_every_feature_alone_is_enough_and_none_is_certain(name: str) -> None:
    at = getattr(EvidenceWeights(), f"{name}_at")
    values = [score(**{name: at * share}) for share in (0.25, 0.5, 1, 1.5, 2)]
    assert values == sorted(values)
    assert 0.35 < values[2] < 0.5
    assert 0.7 < values[4] <= 0.9501


def test_an_upload_must_be_big_and_one_sided() -> None:
    assert score(out_ratio=8.0) == score(out_volume=8.0) == 0
    assert 0.7 < score(out_ratio=8.0, out_volume=8.0) <= 0.8501


def test_two_facts_are_more_than_one_and_one_told_twice_is_not() -> None:
    assert score(burst=3.9, sweep=2.6) > 1.4 * score(burst=3.9)
    assert score(ports_of_one=2.6, sweep=2.6) == score(sweep=2.6)


def test_what_is_judged_is_directional() -> None:
    assert set(JUDGED) - {"signal"} <= set(DIRECTIONAL)


def test_a_constant_can_be_changed() -> None:
    values = make_batch([1], burst=3.9).values
    easy = Evidence(EvidenceWeights(burst_at=2.0))
    assert easy.score(values)[0] > Evidence().score(values)[0]


def test_suspicion_halves_in_six_hours_and_never_lowers_evidence() -> None:
    carried = Carried()
    hosts = make_batch([1, 2]).hosts
    carried.add(hosts, np.array([0.8, 0.1], np.float32), START_S)
    later = carried.add(hosts, np.array([0.0, 0.5], np.float32), START_S + 21_600)
    assert later == pytest.approx([0.35 * 0.8 / 2, 0.5])


def test_a_weaker_window_does_not_wipe_out_a_stronger_one() -> None:
    carried = Carried()
    hosts = make_batch([1]).hosts
    for step, now in enumerate((0.9, 0.35, 0.35)):
        last = carried.add(hosts, np.array([now], np.float32), START_S + 600 * step)
    assert last[0] == pytest.approx(1 - 0.65 * (1 - 0.35 * 0.9), abs=0.02)


def test_a_network_of_strangers_is_forgotten_oldest_first() -> None:
    carried = Carried()
    carried.add(make_batch([5]).hosts, np.array([0.9], np.float32), START_S)
    many = list(range(10, 10 + 16_384))
    carried.add(make_batch(many).hosts, np.full(len(many), 0.9, np.float32), START_S)
    assert (len(carried), carried.forgotten) == (16_384, 1)


def test_a_model_moves_the_score_and_silence_does_not() -> None:
    evidence = np.array([0.5, 0.5, 0.5], np.float32)
    together = combine(evidence, np.array([-1, 0, 1], np.float32))
    assert together[0] == pytest.approx(0.5)
    assert together[1] < 0.5 < together[2]


def test_columns_are_where_they_are_said_to_be() -> None:
    values = make_batch([1]).values
    values[0, COLUMN["icmp"]] = 5
    parts = Evidence().parts(values)[0]
    assert JUDGED[int(np.argmax(parts))] == "icmp"
