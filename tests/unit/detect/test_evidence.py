"""The score of a window, and how suspicion fades."""

import numpy as np
import pytest

from appliance.detect.evidence import FAMILIES, JUDGED, Carried, Evidence, Work, combine
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
    assert together == pytest.approx([0.5, 0.5, 0.65])


def test_a_model_does_not_reorder_what_is_certain() -> None:
    together = combine(np.array([0.99, 0.9], np.float32), np.array([0.5, 0.9], np.float32))
    assert together[0] > together[1]


def test_echoes_to_many_are_no_tunnel() -> None:
    kilobytes, column = float(np.log1p(40)), JUDGED.index("icmp")
    one, many = (
        Evidence().parts(make_batch([1], icmp=kilobytes, sweep=float(np.log1p(n))).values)[0]
        for n in (1, 12)
    )
    assert one[column] > 0.8
    assert many[column] < 0.2


def administer(work: Work, machines: int, windows: int, inside: int = 1) -> list[float]:
    """Return for how many machines each of some windows is judged."""
    batch = make_batch([1], admin=float(np.log1p(machines)))
    batch.hosts["inside"] = inside
    judged = [work.set_apart(batch.hosts, batch.values) for _ in range(windows)]
    return [round(float(np.expm1(values[0, COLUMN["admin"]])), 3) for values in judged]


def test_what_a_server_does_all_day_is_its_work() -> None:
    work = Work()
    assert administer(work, 12, 12) == [12] * 12  # it takes two hours to be believed
    assert administer(work, 12, 3) == [0] * 3
    assert administer(work, 20, 1) == [8]  # what is beyond it counts


def test_what_began_today_is_not_work() -> None:
    work = Work()
    administer(work, 0, 24)
    assert administer(work, 6, 17) == [6] * 17
    assert administer(Work(), 6, 30, inside=0) == [6] * 30


def test_the_fingerprint_itself_stays() -> None:
    work, batch = Work(), make_batch([1], admin=2.0)
    for _ in range(20):
        work.set_apart(batch.hosts, batch.values)
    assert batch.values[0, COLUMN["admin"]] == 2.0


def test_work_of_a_network_of_strangers_is_forgotten() -> None:
    work = Work()
    for first in (1, 20_000):
        batch = make_batch(list(range(first, first + 16_384)))
        work.set_apart(batch.hosts, batch.values)
    assert len(work) == 16_384


def test_columns_are_where_they_are_said_to_be() -> None:
    values = make_batch([1]).values
    values[0, COLUMN["icmp"]] = 5
    parts = Evidence().parts(values)[0]
    assert JUDGED[int(np.argmax(parts))] == "icmp"
