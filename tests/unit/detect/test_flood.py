import numpy as np
import pytest

from appliance.detect.flood import find_torrents
from appliance.detect.weights_pairs import FloodWeights
from appliance.model.flow import FLOW_DTYPE, FlowBatch
from tests.support.visits import Net, Visits, by_kind, every

W = FloodWeights()


def make_flow(packets: int, seconds: float, answers: int = 0, proto: int = 17) -> np.ndarray:
    flow = np.zeros(1, FLOW_DTYPE)
    flow["orig"]["packets"], flow["resp"]["packets"] = packets, answers
    flow["first_ns"], flow["last_ns"] = 10**18, 10**18 + round(seconds * 1e9)
    flow["proto"], flow["resp"]["port"] = proto, 5_376
    return flow


@pytest.mark.parametrize(
    ("flow", "found"),
    [
        (make_flow(60_000, 24.0), True),
        (make_flow(60_000, 24.0, answers=50), True),
        (make_flow(60_000, 24.0, answers=30_000), False),
        (make_flow(5_000, 24.0), False),
        (make_flow(900, 0.8), False),
        (make_flow(300, 0.3), True),
        (make_flow(300, 0.3, answers=1), False),
        (make_flow(300, 0.3, proto=6), False),
        (make_flow(150, 0.1), False),
        (make_flow(20_000, 5.0, proto=6), True),
    ],
)
def test_single_flows_that_are_a_flood(flow: np.ndarray, *, found: bool) -> None:
    assert len(find_torrents(flow, W)) == int(found)


def test_torrent_is_told_with_its_numbers() -> None:
    net = Net()
    batch = FlowBatch(np.concatenate([make_flow(3, 1.0), make_flow(60_000, 24.0)]), ())
    batch.orig = [net.resolve(0, 0xFFFF_0A00_0005)] * 2
    batch.resp = [net.resolve(0, 0xFFFF_CB00_7109)] * 2
    (signal,) = net.make_judge().judge_flows(batch, 1e9 + 30)
    assert signal.kind == "flood"
    assert signal.inside
    assert signal.weight > 3.6
    assert signal.sentence == ("60000 UDP packets in 24 s to 203.0.113.9:5376, nothing came back")


def judge_tries(**more: object) -> float:
    net = Net()
    row = net.add(Visits(**{"failed": True, "starts": every(0.1, 2_000), "out": 0.0} | more))
    signal = by_kind(net.judge(row)).get("flood_of_tries")
    return signal.weight if signal else 0.0


def test_tries_without_end_are_a_flood() -> None:
    assert judge_tries() > 3.6


def test_client_that_retries_every_second_is_not_accused_loudly() -> None:
    assert 0 < judge_tries(starts=every(1, 2_000)) < 3.6
    assert judge_tries(starts=every(10, 2_000)) == 0
    assert judge_tries(failed=False) == 0
    assert judge_tries(starts=every(0.1, 80)) == 0
