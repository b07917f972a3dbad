"""Flows find their window; what is full or forgotten is counted, not guessed."""

import numpy as np
import pytest

from appliance.model.flow import EndReason
from appliance.model.window import COLUMN
from tests.support.windows import START_S, Tables, absorb, flow, make_flows, make_windows, tell

WIRE = COLUMN["total_outbound_bytes"]
FLOWS = COLUMN["total_flows"]


def test_a_flow_counts_in_the_window_of_its_start() -> None:
    tables = Tables()
    windows = make_windows(tables)
    starts = (START_S + 599, START_S + 600, START_S + 10, START_S + 700)
    absorb(windows, tables, [flow(start_s=start) for start in starts])
    batches = windows.flush()
    assert [(b.start_s - START_S, b.values[0, FLOWS]) for b in batches] == [(0, 2), (600, 2)]


def test_a_late_flow_counts_in_the_oldest_open_window() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow(start_s=START_S + 1_200), flow(start_s=START_S)])
    batches = windows.flush()
    assert [(b.start_s - START_S, b.values[0, FLOWS]) for b in batches] == [(600, 1), (1_200, 1)]
    assert windows.statistics().late == 1


def test_a_start_in_the_future_closes_nothing() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(), flow(start_s=START_S + 10**7), flow()]
    absorb(windows, tables, said, now_s=START_S + 5)
    batches = windows.flush()
    assert [(b.start_s - START_S, b.values[0, FLOWS]) for b in batches] == [(0, 2), (600, 1)]


def test_wire_bytes_of_a_long_flow_are_counted_once() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(wire=wire, classes=8 | (32 if k else 0)) for k, wire in enumerate((100, 250, 900))]
    flows = make_flows(said)
    flows["id"] = 77
    flows["updates"] = (0, 1, 2)
    flows["reason"] = (EndReason.ACTIVE, EndReason.ACTIVE, EndReason.IDLE)
    for k in range(3):
        told = tell(tables, said[k : k + 1])
        windows.absorb(flows[k : k + 1], told, np.zeros(1, np.uint32), START_S)
    [batch] = windows.flush()
    assert (batch.values[0, WIRE], batch.values[0, FLOWS]) == (900, 1)


def test_an_update_of_a_forgotten_flow_counts_its_payload() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(wire=9_000, out=70, classes=8 | 32)]
    flows = make_flows(said)
    flows["id"] = 77
    flows["updates"] = 3
    windows.absorb(flows, tell(tables, said), np.zeros(1, np.uint32), START_S)
    [batch] = windows.flush()
    assert (batch.values[0, WIRE], batch.values[0, FLOWS]) == (70, 0)


def test_an_attempt_leaves_its_bytes_to_its_later_record() -> None:
    tables = Tables()
    windows = make_windows(tables)
    said = [flow(wire=60, classes=3), flow(wire=180, classes=3 | 32)]
    flows = make_flows(said)
    flows["reason"] = (EndReason.ATTEMPT, EndReason.IDLE)
    windows.absorb(flows, tell(tables, said), np.zeros(2, np.uint32), START_S)
    [batch] = windows.flush()
    assert (batch.values[0, WIRE], batch.values[0, FLOWS]) == (180, 1)


def test_flows_without_a_row_still_have_distinct_peers() -> None:
    tables = Tables()
    windows = make_windows(tables)
    groups = [flow(resp=0xE0000001 + k % 20, port=5_353, contact=-1, classes=16) for k in range(60)]
    absorb(windows, tables, groups)
    [batch] = windows.flush()
    assert batch.values[0, COLUMN["unique_dest_ips"]] == 20
    assert batch.values[0, COLUMN["outside_peers"]] == 0  # a group is no peer


def test_one_host_does_not_take_the_room_of_all() -> None:
    tables = Tables(contacts=2_048)
    windows = make_windows(tables)
    scan = [flow(resp=0xC6000000 + k, contact=k) for k in range(300)]
    absorb(windows, tables, scan)
    absorb(windows, tables, [flow(orig=0x0A000002, contact=1_000)])
    [batch] = windows.flush()
    assert batch.values[:, COLUMN["unique_dest_ips"]].tolist() == [256, 1]  # a quarter of 1,024
    assert batch.values[:, FLOWS].tolist() == [300, 1]
    assert batch.values[:, COLUMN["entry_loss"]].tolist() == [pytest.approx(44 / 300), 0]
    assert windows.statistics().entries_full == 44


def test_a_row_given_to_another_host_begins_anew() -> None:
    tables = Tables()
    windows = make_windows(tables)
    absorb(windows, tables, [flow()] * 3)
    tables.rows = {0x0A000009: 0}
    absorb(windows, tables, [flow(orig=0x0A000009)])
    [batch] = windows.flush()
    assert len(batch.hosts) == 1
    assert batch.values[0, FLOWS] == 1
    assert windows.statistics().hosts_replaced == 1
