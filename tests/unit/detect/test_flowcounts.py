import numpy as np

from appliance.detect.flowcounts import OPEN, FlowCounts
from appliance.model.address import parse_address
from appliance.model.flow import EndReason
from tests.support.pairflows import make_flow


def test_sums_by_pair() -> None:
    flows = np.concatenate([
        make_flow((100, 2), (300, 2), 5.0),
        make_flow((50, 1), (70, 1), 1.0),
        make_flow((9, 1), (0, 0), ends=("10.0.0.6", "10.0.0.1")),
    ])  # fmt: skip
    pairs = FlowCounts().add_up(flows)
    at = pairs.key.index((*parse_address("10.0.0.5"), *parse_address("10.0.0.1")))
    assert (pairs.out_bytes[at], pairs.in_bytes[at]) == (150, 370)
    assert (pairs.out_packets[at], pairs.in_packets[at]) == (3, 3)
    assert pairs.last_s[at] - pairs.first_s[at] == 4.0
    assert (pairs.out_bytes[1 - at], pairs.in_packets[1 - at]) == (9, 0)


def test_reports_of_one_flow_are_cumulative() -> None:
    counts = FlowCounts()
    first = make_flow((100, 1), (10, 1), id=7, reason=EndReason.ACTIVE)
    second = make_flow((250, 3), (20, 2), id=7, reason=EndReason.ACTIVE, updates=1)
    end = make_flow((300, 4), (30, 3), id=7, updates=2)
    found = [counts.add_up(flow).out_bytes[0] for flow in (first, second, end)]
    assert found == [100, 150, 50]
    both = FlowCounts().add_up(np.concatenate([first, end]))
    assert both.out_bytes == [300]


def test_flows_that_go_on_are_bounded() -> None:
    counts = FlowCounts()
    flow = np.tile(make_flow((1, 1), (1, 1), reason=EndReason.ACTIVE), OPEN + 3)
    flow["id"] = np.arange(OPEN + 3)
    counts.add_up(flow)
    assert counts.evicted == 3
