"""Stored flows as batches again: what was stored of them is what comes back."""

import shutil
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given

from appliance.errors import StoreError
from appliance.flows.connstate import STATE_NAMES, histories, state_codes, states
from appliance.model.flow import FLOW_DTYPE, FLOW_IPV6, EndReason
from appliance.model.meta import FlowMeta
from appliance.store import history
from appliance.store.columns import COLUMNS, References, encode
from appliance.store.history import iterate_flows
from appliance.store.records import _ENDPOINTS, restore
from tests.support.flowbatches import T0_S, Network, address, batch, flow
from tests.support.flowrecords import flow_rows

DAY = 86_400
EVER = (0.0, 4e9)
LOST = {
    "seq_next", "ttl", "seen", "prev_state", "state", "zero_windows", "retrans", "gaps",
}  # fmt: skip


def gather(path, since_s=0.0, until_s=4e9, size=8_192):
    return list(iterate_flows(path, since_s, until_s, size))


def test_flows_come_back_with_their_names_and_places(bench):
    writer = bench.writer()
    home = address("192.168.1.5")
    away = address(
        "2001:db8::1", "DE", asn=64_496, org="Example", city="Bonn", latitude=50.7, longitude=7.1
    )
    meta = FlowMeta(service="dns", name="a.example", dns_answers=("192.0.2.1", "192.0.2.2"))
    made = batch(
        [
            flow(home, away, meta=meta, vlan=7, orig_mac=5, resp_mac=6, interface=1),
            flow(away, home, start_s=T0_S + 2),
        ],
        ("eth0", "eth1"),
    )
    writer.write(made)
    writer.flush()
    (found,) = gather(bench.path)
    first = found.flows[0]
    assert (first["vlan"], first["orig_mac"], first["resp_mac"]) == (7, 5, 6)
    assert [found.interfaces[i] for i in found.flows["interface"]] == ["eth1", "eth0"]
    assert found.meta == [meta, None]
    assert found.orig[0] is found.resp[1]  # one address is one object
    assert found.resp[0] is found.orig[1]
    assert (found.orig[0].local, found.resp[0].local) == (True, False)
    there = found.resp[0]
    assert (there.ip, there.country, there.asn, there.org) == (
        "2001:db8::1",
        "DE",
        64_496,
        "Example",
    )
    assert (there.city, there.latitude, there.longitude) == ("Bonn", 50.7, 7.1)
    assert (first["resp"]["addr_hi"], first["resp"]["addr_lo"]) == (there.hi, there.lo)
    assert [bool(bits & FLOW_IPV6) for bits in found.flows["bits"].tolist()] == [True, True]
    assert found.ids == made.ids


@given(flow_rows())
def test_every_number_of_a_record_comes_back(flows):
    flows["size_sumsq"] = np.minimum(flows["size_sumsq"], 2**50)
    flows["first_ns"] -= flows["first_ns"] % 1_000  # the store keeps microseconds
    flows["last_ns"] -= flows["last_ns"] % 1_000
    ids = flows["last_ns"] // 1_000
    rows = encode(flows, ids, References(*[np.zeros(1, np.int64)] * 4))
    (found,), (given_row,) = restore(rows), flows
    for side in ("orig", "resp"):
        for name in flows.dtype["orig"].names:
            if name not in LOST and not name.startswith("addr"):
                assert found[side][name] == given_row[side][name], (side, name)
    for name in (
        "first_ns", "last_ns", "id", "proto", "direction", "reason", "tunnel", "history_lo",
        "history_hi", "history_len", "size_min", "size_max", "iat_min_us", "iat_max_us",
    ):  # fmt: skip
        assert found[name] == given_row[name], name
    assert found["size_sumsq"] == given_row["size_sumsq"]
    packets = int(given_row["orig"]["packets"]) + int(given_row["resp"]["packets"])
    assert found["iat_sumsq"] == (given_row["iat_sumsq"] if packets > 2 else 0)
    troubles = sum(int(given_row[side]["retrans"]) for side in ("orig", "resp"))
    assert found["orig"]["retrans"] == troubles
    one = np.array([found], FLOW_DTYPE)
    assert state_codes(one)[0] == state_codes(flows)[0]


@pytest.mark.parametrize("name", STATE_NAMES)
@pytest.mark.parametrize("payload", [0, 9])
def test_endpoint_states_give_the_stored_conn_state(name, payload):
    """Whatever the payload says: a state must not turn into another on the way."""
    row = np.zeros((1, len(COLUMNS)), np.int64)
    row[0, COLUMNS.index("bits")] = 6 | STATE_NAMES.index(name) << 10
    row[0, COLUMNS.index("packets_out")] = 1
    row[0, COLUMNS.index("head_out")] = -payload - 14 - 52
    assert states(restore(row)) == [name]
    assert set(_ENDPOINTS) == set(STATE_NAMES)


def test_a_network_comes_back_in_the_order_of_storing(bench):
    writer = bench.writer()
    network = Network(remotes=300)
    made = [network.flows(200, T0_S + 20 * n, T0_S + 20 * n + 20) for n in range(6)]
    for one in made:
        writer.write(one)
        writer.flush()
    batches = gather(bench.path, size=256)
    assert [len(one) for one in batches] == [256] * 4 + [176]
    ids = [number for one in batches for number in one.ids]
    assert ids == [number for one in made for number in one.ids]
    flows = np.concatenate([one.flows for one in batches])
    given_flows = np.concatenate([one.flows for one in made])
    for side in ("orig", "resp"):
        for name in ("addr_lo", "port", "bytes", "payload", "packets", "flags"):
            np.testing.assert_array_equal(flows[side][name], given_flows[side][name])
    assert histories(flows) == histories(given_flows)
    assert [m for one in batches for m in one.meta] == [m for one in made for m in one.meta]
    ends = [(o.ip, r.ip) for one in batches for o, r in zip(one.orig, one.resp, strict=True)]
    assert ends == [(o.ip, r.ip) for one in made for o, r in zip(one.orig, one.resp, strict=True)]


def test_ranges_side_by_side_hold_every_flow_once(bench):
    writer = bench.writer()
    midnight = T0_S // DAY * DAY + DAY
    writer.write(batch([flow(start_s=midnight - 100 + n, sport=n) for n in range(200)]))
    writer.flush()
    edges = [0.0, midnight - 50.5, midnight, midnight + 20, 4e9]
    parts = [gather(bench.path, since, until) for since, until in pairwise(edges)]
    ports = [port for part in parts for one in part for port in one.flows["orig"]["port"].tolist()]
    assert ports == list(range(200))
    assert all(parts)


def test_a_flow_reported_while_it_went_on_is_there_once(bench):
    writer = bench.writer()
    for step in range(4):
        made = flow(
            duration_s=60 * (step + 1), id=99, updates=step, orig_bytes=100 * (step + 1),
            reason=EndReason.ACTIVE if step < 3 else EndReason.IDLE,
        )  # fmt: skip
        writer.write(batch([made]))
        writer.flush()
    (found,) = gather(bench.path)
    assert found.flows["orig"]["bytes"].tolist() == [400]
    assert found.flows["reason"].tolist() == [EndReason.IDLE]


def test_addresses_stay_the_same_objects_over_days_and_batches(bench, monkeypatch):
    writer = bench.writer()
    for day in range(3):
        writer.write(batch([flow("10.0.0.1", start_s=T0_S + day * DAY + n) for n in range(4)]))
    writer.flush()
    ends = [end for one in gather(bench.path, size=3) for end in one.orig]
    assert len(ends) == 12
    assert len({id(end) for end in ends}) == 1
    monkeypatch.setattr(history, "MAX_KNOWN", 1)  # bounded memory: equal, not identical
    assert {end.ip for one in gather(bench.path, size=3) for end in one.orig} == {"10.0.0.1"}


def test_a_damaged_segment_is_left_out_and_the_others_come(bench, caplog):
    writer = bench.writer()
    for day in range(3):
        writer.write(batch([flow(start_s=T0_S + day * DAY, sport=day)]))
    bench.close(writer)
    _, second, _ = sorted(bench.path.glob("flow-*.db"))
    raw = second.read_bytes()
    second.write_bytes(raw[:4_096] + b"\xee" * (len(raw) - 4_096))
    found = [port for one in gather(bench.path) for port in one.flows["orig"]["port"].tolist()]
    assert found == [0, 2]
    assert second.name in caplog.text
    second.write_bytes(b"this is no database")
    assert len(gather(bench.path)) == 2


def test_a_segment_that_goes_while_it_is_read_costs_nothing_but_itself(bench):
    writer = bench.writer()
    for day in range(3):
        writer.write(batch([flow(start_s=T0_S + day * DAY, sport=day)]))
    bench.close(writer)
    reading = iterate_flows(bench.path, *EVER)
    assert next(reading).flows["orig"]["port"].tolist() == [0]
    sorted(bench.path.glob("flow-*.db"))[1].unlink()
    assert [one.flows["orig"]["port"].tolist() for one in reading] == [[2]]


def test_an_older_store_is_read_without_changing_it(bench, tmp_path):
    writer = bench.writer()
    writer.write(batch([flow()]))
    bench.close(writer)
    copy = tmp_path / "copy"
    shutil.copytree(bench.path, copy)
    for path in copy.glob("flow-*.db"):
        path.chmod(0o440)
    assert sum(len(one) for one in gather(copy)) == 1


def test_no_store_is_said(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        gather(tmp_path / "nowhere")
    assert gather(tmp_path) == []


def test_the_newest_flows_begin_somewhere(bench):
    writer = bench.writer()
    for hours in (50, 30, 3, 2, 1):
        writer.write(batch([flow(start_s=T0_S - hours * 3_600)]))
    writer.flush()
    since_s = T0_S - 2 * DAY
    assert history.find_start(bench.path, since_s, T0_S, 4) == since_s
    for most in (1, 2, 3):
        start_s = history.find_start(bench.path, since_s, T0_S, most)
        assert sum(map(len, gather(bench.path, start_s, T0_S))) == most


def test_no_store_has_no_newest_flows(tmp_path):
    with pytest.raises(StoreError):
        history.find_start(tmp_path / "nowhere", 0.0, 1.0, 5)
