"""Every rule of adding up, with numbers that can be checked by hand."""

import pytest

from appliance.cases.evidence import Case, Device, Held, locate
from appliance.cases.scoring import (
    add_up,
    find_confidence,
    find_severity,
    is_same_fact,
    rank_witnesses,
)
from appliance.config.schema import Alerts
from appliance.model.alert import Family, Signal
from tests.support.signals import HOUR, NOON, burst, odd, retry, scan, signal, upload

CASE = Case(Device("192.168.1.5", inside=True), ("contact", "203.0.113.7"))


def hold(one: Signal) -> Held:
    return Held(locate(one, 0), one, one.weight * one.confidence, CASE)


def score(own: list[Signal], others: list[Signal] = [], now_s: float = NOON) -> float:  # noqa: B006
    pieces = [hold(one) for one in own]
    witnesses = rank_witnesses([*pieces, *map(hold, others)], now_s)
    return add_up(pieces, witnesses, now_s).score


def test_one_piece_counts_its_weight() -> None:
    assert score([signal(weight=2.5)]) == 2.5


def test_other_families_add_four_tenths_of_their_weight_at_most_one() -> None:
    assert score([signal(weight=2.5)], [upload(weight=2.0)]) == pytest.approx(2.5 + 0.8)
    assert score([signal(weight=2.5)], [upload(weight=5.0)]) == pytest.approx(2.5 + 1.0)


def test_weak_evidence_is_no_witness() -> None:
    assert score([signal(weight=2.5)], [upload(weight=1.49)]) == 2.5
    assert score([signal(weight=2.5)], [upload(weight=1.5)]) == pytest.approx(3.1)


def test_mere_rate_must_weigh_more_to_agree() -> None:
    other = {"peer": "198.51.100.1"}
    assert score([signal(weight=2.5)], [burst(weight=2.1, **other)]) == 2.5
    assert score([signal(weight=2.5)], [burst(weight=2.2, **other)]) == pytest.approx(3.38)


def test_one_family_agrees_once() -> None:
    others = [upload(weight=2.0), upload(weight=2.5, peer="198.51.100.10")]
    assert score([signal(weight=2.5)], others) == pytest.approx(3.5)


def test_rate_and_fanout_do_not_agree_with_each_other() -> None:
    assert score([scan(weight=3.0)], [burst(weight=3.0)]) == 3.0
    assert score([burst(weight=3.0)], [scan(weight=3.0)]) == 3.0
    # nor do both speak for a third
    assert score([upload(weight=2.0)], [burst(weight=2.5), scan(weight=2.4)]) == pytest.approx(3.0)


@pytest.mark.parametrize("other", [burst, retry])
def test_one_fact_seen_twice_is_one(other: type) -> None:
    assert score([signal(weight=2.5)], [other(weight=3.0)]) == 2.5
    assert is_same_fact(hold(signal()), hold(other()))


def test_another_port_or_peer_or_time_is_another_fact() -> None:
    here = hold(signal())
    assert not is_same_fact(here, hold(retry(port=80)))
    assert not is_same_fact(here, hold(retry(peer="203.0.113.8")))
    assert not is_same_fact(here, hold(retry(at_s=NOON + HOUR)))
    assert is_same_fact(here, hold(retry(at_s=NOON + 500)))


def test_long_questions_and_many_questions_are_one_fact() -> None:
    tunnel = signal(rule="dns_tunnel", family=Family.TUNNEL, peer="9.9.9.9", port=53)
    many = signal(rule="dns_burst", family=Family.DNS, peer="9.9.9.9", port=53)
    assert is_same_fact(hold(tunnel), hold(many))


def test_two_witnesses_of_one_fact_count_once() -> None:
    others = [retry(weight=2.0), signal(weight=1.9)]
    assert score([upload(weight=2.0)], others) == pytest.approx(2.8)


def test_an_odd_service_speaks_for_a_beacon_to_the_same_peer() -> None:
    assert score([signal(weight=2.5), odd(weight=1.8)]) == pytest.approx(2.5 + 0.72)


def test_more_targets_of_a_scan_add_up_to_three() -> None:
    def targets(number: int) -> float:
        return score([scan(weight=3.0, peer=f"10.0.0.{n}") for n in range(1, number + 1)])

    assert [targets(n) for n in (1, 2, 4, 9)] == pytest.approx([3.0, 3.15, 3.45, 3.45])
    beacons = [signal(weight=2.5, peer=f"203.0.113.{n}") for n in range(1, 5)]
    assert score(beacons) == 2.5


def test_limits_hold() -> None:
    assert score([signal(weight=5.0, limit=3.0)], [upload(weight=4.0)]) == 3.0
    assert score([signal(weight=5.0, solo_limit=3.5)]) == 3.5
    assert score([signal(weight=5.0, solo_limit=3.5)], [upload(weight=2.0)]) == pytest.approx(5.8)
    # a limited witness says no more than its limit
    assert score([signal(weight=2.5)], [upload(weight=9.0, limit=2.0)]) == pytest.approx(3.3)


def test_the_best_of_several_mains_is_taken() -> None:
    own = [signal(weight=4.0, limit=2.4), signal(weight=3.0, peer="203.0.113.8")]
    assert score(own) == 3.0


def test_the_sensor_is_no_witness() -> None:
    blind = signal(rule="blind", kind="sensor_blind", family=Family.SENSOR, weight=9.0)
    assert score([signal(weight=2.5)], [blind]) == 2.5


def test_weight_halves_every_half_life_once_it_is_over() -> None:
    one = scan(weight=3.2, half_life_s=7_200.0)
    assert score([one], now_s=NOON - HOUR) == 3.2
    assert score([one], now_s=NOON + 2 * HOUR) == pytest.approx(1.6)
    assert score([one], now_s=NOON + 6 * HOUR) == pytest.approx(0.4)


def test_no_evidence_is_no_case() -> None:
    judged = add_up([], [], NOON)
    assert judged.main is None
    assert judged.score == 0.0
    assert not judged.regular
    assert judged.families == frozenset()


def test_regularity_alone_is_known_as_such() -> None:
    alone = add_up([hold(signal())], [], NOON)
    assert alone.regular
    assert not add_up([hold(scan())], [], NOON).regular
    agreed = add_up([hold(signal())], rank_witnesses([hold(upload())], NOON), NOON)
    assert not agreed.regular
    assert agreed.families == {Family.BEACON, Family.VOLUME}


def test_severities_begin_at_their_thresholds() -> None:
    at = [find_severity(score, Alerts()) for score in (2.29, 2.3, 3.0, 3.6, 6.0)]
    assert at == [None, "low", "medium", "high", "critical"]


def test_confidence_grows_with_the_score() -> None:
    assert [find_confidence(s) for s in (-1.0, 0.0, 2.3, 3.6, 6.0)] == [0, 0, 0.59, 0.75, 0.9]
