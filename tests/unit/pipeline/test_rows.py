"""Rows: every figure that people see, from a record they cannot read."""

import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.flow import FLOW_DTYPE, FLOW_GSO, FLOW_PARTIAL, EndReason, Tunnel
from appliance.model.meta import FlowMeta
from appliance.pipeline.rows import country_label, interface_name, make_rows, moments
from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival, Limits
from tests.support.flowbatches import T0_S, address, batch, flow
from tests.support.tables import feed_table, make_table

START_NS = 1_700_000_000 * SECOND


def test_a_flow_is_spelled_out() -> None:
    src = address("10.0.0.1", asn=0)
    dst = address("192.0.2.7", "DE", asn=64_500, org="Example")
    meta = FlowMeta(service="tls", sni="example.net", name="example.net", dns_answers=("a", "b"))
    one = flow(
        src, dst, duration_s=2.5, meta=meta, id=2**63 + 5, orig_packets=3, orig_bytes=300,
        orig_ip_bytes=258, orig_payload=100, orig_flags=0x1A, orig_retrans=2, orig_gaps=1,
        orig_mac=0x02000000000A, resp_packets=1, resp_bytes=60, resp_state=5, orig_state=5,
        resp_retrans=1, syn_rtt_us=1_500, ack_rtt_us=500, vlan=7, interface=1, size_min=60,
        size_max=100, size_sumsq=33_600.0, iat_min_us=10, iat_max_us=2_000_000, iat_sumsq=4.1,
        tunnel=int(Tunnel.GRE), reason=int(EndReason.CLOSED), bits=FLOW_GSO | FLOW_PARTIAL,
    )  # fmt: skip
    (row,) = make_rows(batch([one], ("eth0", "eth1")))
    expected = {
        "id": 0, "flow_id": str(2**63 + 5), "start": float(T0_S), "end": T0_S + 2.5,
        "duration": 2.5, "src_ip": "10.0.0.1", "src_port": 40_000, "dst_ip": "192.0.2.7",
        "dst_port": 443, "proto": "tcp", "direction": "outbound", "state": "SF", "history": "",
        "packets_out": 3, "packets_in": 1, "bytes_out": 300, "bytes_in": 60, "payload_out": 100,
        "payload_in": 0, "ip_bytes_out": 258, "flags_out": 0x1A, "rtt_ms": 2.0, "retrans": 3,
        "gaps": 1, "size_mean": 90.0, "size_var": 300.0, "size_min": 60, "size_max": 100,
        "iat_min": 1e-5, "iat_max": 2.0, "src_country": "Local", "dst_country": "DE",
        "dst_asn": 64_500, "dst_org": "Example", "src_mac": "02:00:00:00:00:0a", "dst_mac": "",
        "vlan": 7, "interface": "eth1", "tunnel": "gre", "reason": "closed", "partial": True,
        "gso": True, "service": "tls", "sni": "example.net", "dns_answers": "a b",
    }  # fmt: skip
    assert {name: getattr(row, name) for name in expected} == expected
    assert row.iat_mean == pytest.approx(2.5 / 3)
    assert row.iat_var == pytest.approx(4.1 / 3 - (2.5 / 3) ** 2)
    assert row.community_id.startswith("1:")


def test_an_unknown_round_trip_is_none_not_zero() -> None:
    (row,) = make_rows(batch([flow()]))
    assert row.rtt_ms is None


def test_chosen_rows_keep_their_metadata() -> None:
    flows = [flow(sport=n, meta=FlowMeta(name=f"host{n}")) for n in range(1, 5)]
    rows = list(make_rows(batch(flows), np.array([3, 0])))
    assert [(row.src_port, row.name) for row in rows] == [(4, "host4"), (1, "host1")]


def test_an_empty_batch_has_no_rows() -> None:
    assert list(make_rows(batch([]))) == []


@pytest.mark.parametrize(
    ("local", "country", "label"),
    [(True, "", "Local"), (False, "NL", "NL"), (False, "", "Unknown")],
)
def test_countries_are_never_empty(local: bool, country: str, label: str) -> None:
    one = address("192.0.2.1", country)
    one.local = local
    assert country_label(one) == label


def test_an_interface_without_a_name_is_its_number() -> None:
    assert interface_name(("eth0",), 0) == "eth0"
    assert interface_name(("eth0",), 4) == "4"


@given(
    st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(0, 1_400)), min_size=1, max_size=20)
)
def test_moments_are_those_of_the_packets(packets: list[tuple[int, int]]) -> None:
    """Mean and population variance, through the kernel's sums."""
    now, arrivals = START_NS, []
    for gap_us, size in packets:
        now += gap_us * 1_000
        frame = f.ethernet(
            0x0800, f.ipv4(("10.0.0.1", "192.0.2.7"), 17, f.udp((40_000, 9), bytes(size)))
        )
        arrivals.append(Arrival(now, frame))
    table = make_table(Limits())
    feed_table(table, arrivals)
    (output,) = table.flush()
    count, size, gap = moments(output.flows[0])
    sizes = [len(arrival.data) for arrival in arrivals]
    gaps = [(b.ts_ns - a.ts_ns) / 1e9 for a, b in pairwise(arrivals)] or [0.0]
    assert count == len(packets)
    assert size[0] == pytest.approx(statistics.fmean(sizes))
    assert size[1] == pytest.approx(statistics.pvariance(sizes), rel=1e-6, abs=1e-6)
    assert gap[0] == pytest.approx(statistics.fmean(gaps))
    assert gap[1] == pytest.approx(statistics.pvariance(gaps), rel=1e-6, abs=1e-9)


def test_merged_frames_count_as_the_packets_they_stood_for() -> None:
    frame = f.ethernet(
        0x0800, f.ipv4(("10.0.0.1", "192.0.2.7"), 17, f.udp((40_000, 9), bytes(2_958)))
    )
    table = make_table(Limits())
    feed_table(table, [Arrival(START_NS, frame, segments=3)])
    (output,) = table.flush()
    count, size, _ = moments(output.flows[0])
    assert (count, size) == (3, (1_000.0, 0.0))


def test_a_record_without_packets_has_no_moments() -> None:
    assert moments(np.zeros(1, FLOW_DTYPE)[0]) == (0, (0.0, 0.0), (0.0, 0.0))
