"""The event as go-Tracer writes it: exact keys, exact types."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.forward.event import format_time, make_event, select_ended
from appliance.model.address import parse_address
from appliance.model.flow import Direction, EndReason, FlowBatch

Batches = Callable[..., FlowBatch]


def as_json(batch: FlowBatch) -> dict[str, object]:
    event = make_event(batch.flows[0], batch.interfaces, "sensor-1")
    decoded: dict[str, object] = json.loads(msgspec.json.encode(event))
    return decoded


def test_every_key_and_type(batch_of: Batches) -> None:
    assert as_json(batch_of(1)) == {
        "flow_id": "192.168.1.20:50000-203.0.113.7:443-TCP",
        "timestamp": "2025-11-20T12:00:01.750000Z",
        "interface": "eth0",
        "hostname": "sensor-1",
        "direction": "outbound",
        "src_ip": "192.168.1.20",
        "dst_ip": "203.0.113.7",
        "src_port": "50000",
        "dst_port": "443",
        "protocol": "TCP",
        "flow_duration": 1.250000999,
        "packet_count": 8,
        "byte_count": 4_400,
        "avg_packet_size": 550.0,
    }


def test_numbers_that_happen_to_be_whole_stay_floats(batch_of: Batches) -> None:
    event = as_json(batch_of(1, first_ns=0, last_ns=0))
    assert isinstance(event["flow_duration"], float)
    assert isinstance(event["avg_packet_size"], float)
    assert event["timestamp"] == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Direction.EXTERNAL, "unknown"),
        (Direction.OUTBOUND, "outbound"),
        (Direction.INBOUND, "inbound"),
        (Direction.LOCAL, "local"),
    ],
)
def test_directions(batch_of: Batches, ours: Direction, theirs: str) -> None:
    assert as_json(batch_of(1, direction=ours))["direction"] == theirs


def test_ipv6_and_udp(batch_of: Batches) -> None:
    batch = batch_of(1, proto=17)
    hi, lo = parse_address("2001:db8::1")
    batch.flows[0]["resp"]["addr_hi"], batch.flows[0]["resp"]["addr_lo"] = hi, lo
    assert as_json(batch)["flow_id"] == "192.168.1.20:50000-2001:db8::1:443-UDP"


def test_a_flow_without_packets_is_not_divided_by(batch_of: Batches) -> None:
    batch = batch_of(1)
    batch.flows[0]["orig"]["packets"] = batch.flows[0]["resp"]["packets"] = 0
    assert as_json(batch)["avg_packet_size"] == 0.0


def test_only_tcp_and_udp_flows_that_ended_are_taken(batch_of: Batches) -> None:
    batch = batch_of(256 * 6)
    for index in range(256 * 6):
        batch.flows[index]["proto"] = index % 256
        batch.flows[index]["reason"] = index // 256
    taken = {(int(flow["proto"]), int(flow["reason"])) for flow in select_ended(batch)}
    ended = set(EndReason) - {EndReason.ACTIVE, EndReason.ATTEMPT}  # attempts go to no sink
    assert taken == {(proto, reason) for proto in (6, 17) for reason in ended}


def test_the_selection_does_not_change_with_the_batch(batch_of: Batches) -> None:
    batch = batch_of(1)
    taken = select_ended(batch)
    batch.flows["orig"]["packets"] = 0
    assert taken[0]["orig"]["packets"] == 3


@given(st.integers(0, 4_000_000_000_000_000_000))
def test_times_are_rfc_3339_and_come_back(ns: int) -> None:
    parsed = datetime.fromisoformat(format_time(ns))
    assert parsed.tzinfo == UTC
    since = parsed - datetime(1970, 1, 1, tzinfo=UTC)
    assert since // timedelta(microseconds=1) == ns // 1_000
