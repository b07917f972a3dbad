import numpy as np
import pytest

from appliance.detect.dnsflows import CLIENTS, PAIRS, DnsFlows
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.flow import EndReason
from tests.support.fans import Addresses
from tests.support.pairflows import make_flow


def observe(*flows: object) -> list[Signal]:
    watch = DnsFlows(Weights(), Addresses().resolve)
    return [signal for flow in flows for signal in watch.observe(flow)]  # type: ignore[arg-type]


def test_a_tunnel_in_one_flow() -> None:
    (signal,) = observe(make_flow((30_000, 200), (60_000, 200)))
    assert (signal.kind, signal.rule) == ("dns_tunnel", "dns_flow_tunnel")
    assert signal.weight > 3.6
    assert signal.sentence.startswith("sent 200 DNS questions of 150 bytes on average, 30 kB")


def test_a_tunnel_in_many_flows_is_told_a_few_times() -> None:
    signals = observe(*(make_flow((170, 1), (200, 1), index) for index in range(400)))
    assert 1 < len(signals) < 8
    assert signals[-1].count > signals[0].count


@pytest.mark.parametrize(
    "flow",
    [
        make_flow((9_000, 200), (60_000, 200)),  # plain questions have 45 bytes
        make_flow((60_000, 200), (60_000, 200)),  # 300 bytes are no question
        make_flow((7_000, 70), (9_000, 70)),  # too little
        make_flow((30_000, 200), (60_000, 200), port=123),
        make_flow((30_000, 200), (60_000, 200), proto=6),
        make_flow((30_000, 200), (0, 0), reason=EndReason.ATTEMPT),
    ],
)
def test_no_tunnel(flow: object) -> None:
    assert observe(flow) == []


def busy(buckets: list[int]) -> list[object]:
    return [
        make_flow((40 * count, count), (90 * count, count), index * 300.0)
        for index, count in enumerate(buckets)
    ]


def test_a_burst_is_a_hint() -> None:
    (signal,) = observe(*busy([10, 12, 9, 11, 300]))
    assert (signal.rule, signal.count) == ("dns_burst", 300)
    assert signal.solo_limit < 2.3
    assert "300 DNS questions within 5 min, usually it asks 10" in signal.sentence


@pytest.mark.parametrize("buckets", [[300], [90, 80, 95, 300], [10, 12, 9, 11, 99]])
def test_no_burst(buckets: list[int]) -> None:
    assert observe(*busy(buckets)) == []


def test_a_resolver_may_ask_much() -> None:
    served = make_flow((40, 1), (90, 1), ends=("10.0.0.7", "10.0.0.5"))
    assert observe(served, *busy([10, 12, 9, 11, 300])) == []


def test_spoofed_clients_are_bounded() -> None:
    watch = DnsFlows(Weights(), Addresses().resolve)
    flows = np.tile(make_flow((40, 1), (0, 0)), 5_000)
    flows["orig"]["addr_lo"] += np.arange(5_000, dtype=np.uint64)
    watch.observe(flows)
    figures = watch.statistics()
    assert (figures.pairs, figures.clients) == (PAIRS, CLIENTS)
    assert figures.evicted == 10_000 - PAIRS - CLIENTS
