"""Rows in fixed shares."""

from appliance.simulate.day import BENIGN, Play
from appliance.simulate.mixture import Limit, Quota, plan_mixture
from tests.support.simulation import is_ordered


def test_shares_add_up() -> None:
    quota = Quota(1_000)
    shares = {name: quota[name] for name in (BENIGN, "ddos", "scan", "brute_force")}
    assert shares == {BENIGN: 860, "ddos": 50, "scan": 50, "brute_force": 40}
    assert sum(Quota(7)[name] for name in shares) == 7


def test_a_quota_takes_what_is_wanted_and_no_more() -> None:
    quota = Quota(100)
    assert [quota.take("scan") for _ in range(6)] == [True] * 5 + [False]
    assert not quota.take("something else")
    for name, count in ((BENIGN, 86), ("ddos", 5), ("brute_force", 4)):
        assert not quota.filled
        assert all(quota.take(name) for _ in range(count))
    assert quota.filled


def test_a_limit_counts_rows() -> None:
    limit = Limit(2)
    assert [limit.take("scan"), limit.filled, limit.take(BENIGN), limit.filled] == [
        True, False, True, True,
    ]  # fmt: skip
    assert not limit.take(BENIGN)


def test_the_attacks_of_a_plan_hold_what_the_quota_wants() -> None:
    quota = Quota(3_000)
    day, hours = plan_mixture(Play(12, 1.0, 5), quota)
    assert 1 < hours < 24
    for intrusion, talks in zip(day.intrusions, day.talks[-3:], strict=True):
        played = list(talks)
        assert is_ordered(played)
        assert len(played) == quota[intrusion.name]
