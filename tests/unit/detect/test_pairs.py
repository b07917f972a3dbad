import numpy as np

from appliance.detect.pairs import warm_up
from appliance.kernels.regularity import describe
from appliance.kernels.survey import survey
from appliance.model.contact import CONTACT_JUDGED
from tests.support.visits import DAY_S, Net, Visits, by_kind, crowd, every

NO_HOST = 0xFFFF_FFFF


def test_judging_twice_says_the_same() -> None:
    net = Net()
    crowd(net)
    net.add(Visits(port=4_444, service="", starts=every(60, 200, jitter=0.3)))
    assert net.judge() == net.judge()
    assert {signal.kind for signal in net.judge()} == {"beacon", "odd_service"}


def test_rows_beyond_one_portion_are_judged_too() -> None:
    net = Net()
    row = net.add(Visits(port=4_444, service="", starts=every(60, 200)))
    signals = net.judge(*[row] * 600)
    assert len(signals) == 600 * len(net.judge(row))


def test_every_row_is_marked_as_judged() -> None:
    net = Net()
    crowd(net, 3)
    net.judge(0, 2)
    judged = net.contacts["bits"] & CONTACT_JUDGED != 0
    assert judged.tolist() == [True, False, True]


def test_kernels_are_warmed_up_with_the_types_they_are_called_with() -> None:
    warm_up()
    compiled = [getattr(kernel, "signatures", []) for kernel in (describe, survey)]
    net = Net()
    net.judge(net.add(Visits(port=4_444, service="", starts=every(60, 200))))
    assert [getattr(kernel, "signatures", []) for kernel in (describe, survey)] == compiled


def test_no_rows_no_signals() -> None:
    net = Net()
    assert net.make_judge().judge(np.zeros(0, np.int32), DAY_S) == []


def test_one_contact_may_be_several_kinds_of_evidence() -> None:
    net = Net()
    row = net.add(Visits(port=5_888, service="", starts=every(0.6, 700), failed=True, out=0.0))
    assert set(by_kind(net.judge(row))) == {"dead_peer", "flood_of_tries"}


def test_contact_without_a_host_row_is_judged_all_the_same() -> None:
    net = Net()
    row = net.add(Visits(port=4_444, service="", starts=every(60, 200, jitter=0.3)))
    net.contacts["host"][row] = NO_HOST
    signal = by_kind(net.judge(row))["beacon"]
    assert signal.inside
