import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.detect.icmp import PAIRS, IcmpWatch
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.flow import EndReason
from tests.support.fans import Addresses
from tests.support.pairflows import make_flow


def echo(out: list[int], into: list[int], **fields: object) -> NDArray[np.void]:
    """Return a flow of echoes with these payload sizes each way."""
    values = {"port": 8, "proto": 1} | fields
    flow = make_flow((sum(out), len(out)), (sum(into), len(into)), **values)  # type: ignore[arg-type]
    flow["size_sumsq"] = sum((size + 42) ** 2 for size in out + into)
    return flow


def observe(*flows: NDArray[np.void]) -> list[Signal]:
    watch = IcmpWatch(Weights(), Addresses().resolve)
    return [signal for flow in flows for signal in watch.observe(flow)]


REQUESTS = [64, 200, 900, 120] * 20
ANSWERS = [1_000, 80, 90, 1_400] * 20


def test_a_tunnel() -> None:
    (signal,) = observe(echo(REQUESTS, ANSWERS))
    assert (signal.kind, signal.host.ip, signal.peer and signal.peer.ip) == (
        "icmp_tunnel", "10.0.0.5", "10.0.0.1",
    )  # fmt: skip
    assert signal.weight == pytest.approx(3.8)
    assert "160 packets" in signal.sentence


def test_it_adds_up_over_flows_and_directions() -> None:
    few, back = echo(REQUESTS[:8], ANSWERS[:8]), echo(ANSWERS[:8], REQUESTS[:8])
    back["orig"]["addr_lo"], back["resp"]["addr_lo"] = (
        few["resp"]["addr_lo"], few["orig"]["addr_lo"],
    )  # fmt: skip
    assert observe(few) == []
    assert observe(few, back, few, back)


def test_sizes_vary_alike_is_not_worth_an_alert() -> None:
    (signal,) = observe(echo(REQUESTS, REQUESTS))
    assert signal.weight < 2.3


@pytest.mark.parametrize(
    "flow",
    [
        echo([56] * 500, [56] * 500),
        echo([1_400] * 500, [1_400] * 500),  # a big ping
        echo([1_400] * 500, [64] * 500),  # a server that cuts answers short
        echo([1_400, 900] * 200, []),  # nobody answers
        echo(REQUESTS[:8], ANSWERS[:8]),  # a few only
        echo(REQUESTS, ANSWERS, port=3),  # unreachables quote what they complain about
        echo(REQUESTS, ANSWERS, reason=EndReason.ATTEMPT),
    ],
)
def test_no_tunnel(flow: NDArray[np.void]) -> None:
    assert observe(flow) == []


def test_pairs_are_bounded() -> None:
    watch = IcmpWatch(Weights(), Addresses().resolve)
    flows = np.tile(echo([900], []), PAIRS + 9)
    flows["orig"]["addr_lo"] += np.arange(len(flows), dtype=np.uint64)
    watch.observe(flows)
    assert (watch.statistics().pairs, watch.statistics().evicted) == (PAIRS, 9)
