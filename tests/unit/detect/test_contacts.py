"""Questions to the tables, what gives way, and that a flood of strangers costs no memory."""

import numpy as np
import pytest

from appliance.config.schema import Detect
from appliance.detect.contacts import Contacts, warm_up
from appliance.kernels.jit import JIT
from appliance.model.address import parse_address
from appliance.model.contact import FLOW_FAILED
from appliance.model.flow import EndReason
from tests.support.contactflows import T0, Talk, absorb_talks, make_flows

SMALL = Detect(max_contacts=1_024, max_hosts=64, max_fans=256, max_timed=256)


def flood(contacts: Contacts, count: int, *, batch: int = 8_192) -> None:
    """SYNs from spoofed sources outside to one inside server, told as attempts."""
    one = make_flows([Talk("203.0.113.1", "10.0.0.80", 80, how="S0", reason=EndReason.ATTEMPT)])
    for start in range(0, count, batch):
        numbers = np.arange(start, min(start + batch, count), dtype=np.uint64)
        flows = np.repeat(one, len(numbers))
        # a full-period permutation of 32 bits: no source twice
        spread = numbers * np.uint64(2_654_435_761) & np.uint64(0xFFFFFFFF)
        flows["orig"]["addr_lo"] = np.uint64(0xFFFF << 32) | spread
        flows["first_ns"] += numbers.astype(np.int64) * 1_000
        flows["last_ns"] = flows["first_ns"]
        flows["id"] = numbers + np.uint64(1)
        marks = np.zeros(len(flows), np.uint32)
        contacts.absorb(flows, marks, marks, marks.astype(np.uint8))


def test_flood_of_strangers_leaves_what_was_known() -> None:
    contacts = Contacts(SMALL)
    beacon = [Talk(at=n * 300.0 - 9_000) for n in range(30)]
    scan = [Talk("10.0.0.7", "203.0.113.5", n + 1, how="S0", at=-50.0 + n) for n in range(20)]
    (said, _) = absorb_talks(contacts, beacon), absorb_talks(contacts, scan)
    row = int(said[0].contact[0])
    fans = len(contacts.fans)
    flood(contacts, 200_000 if JIT else 1_500)
    after = contacts.statistics()
    assert after.contacts <= after.contacts_capacity == 1_024
    assert after.contacts_evicted > 300
    assert contacts.contacts[row]["contacts"] == 30
    assert len(contacts.rhythm_of(row).start_s) == 30
    assert after.hosts < 5
    assert len(contacts.fans) == fans + 1  # of the target; none of the sources
    target = contacts.fans[-1]
    assert target["kind"] == 8
    assert target["items"] > 1_300  # some sources are multicast addresses
    assert target["nets"] == 255


def test_sources_seen_twice_do_not_push_out_a_scanner_inside() -> None:
    contacts = Contacts(SMALL)
    scan = [Talk("10.0.0.7", "203.0.113.5", n + 1, how="S0", at=n * 0.1) for n in range(20)]
    absorb_talks(contacts, scan)
    mine = {int(row["kind"]): int(row["items"]) for row in contacts.fans if row["inside"]}
    strangers = [
        Talk(f"198.51.{n % 100}.{n // 100}", "10.0.0.9", port, how="S0", at=5.0 + n * 0.01)
        for n in range(150)
        for port in (1, 2)
    ]
    absorb_talks(contacts, strangers)
    assert contacts.statistics().fans_evicted > 0
    left = {int(row["kind"]): int(row["items"]) for row in contacts.fans if row["a_lo"] & 0xFF == 7}
    assert left == mine


def test_failing_contact_is_due_and_its_rhythm_complete_from_the_first() -> None:
    contacts = Contacts(SMALL)
    talks = [Talk(dport=4_444, how="S0", at=n * 60.0, lasts=0) for n in range(8)]
    (said,) = absorb_talks(contacts, talks)
    assert said.due_contacts.tolist() == [0]
    rhythm = contacts.rhythm_of(0)
    assert np.diff(rhythm.start_s).tolist() == pytest.approx([60.0] * 7)
    assert all(flow & FLOW_FAILED for flow in rhythm.flow)


def test_ring_keeps_the_newest_in_order_of_start() -> None:
    contacts = Contacts(SMALL)
    order = [*range(90), 200, 199]
    absorb_talks(contacts, [Talk(at=float(n)) for n in order])
    starts = contacts.rhythm_of(0).start_s - T0
    assert starts.tolist() == pytest.approx([float(n) for n in sorted(order[-64:])], abs=1e-3)


def test_contacts_idle_for_two_days_are_forgotten_and_their_rows_used_again() -> None:
    contacts = Contacts(SMALL)
    absorb_talks(contacts, [Talk(dst=f"203.0.113.{n}") for n in range(1, 40)])
    contacts.expire(T0 + 47 * 3_600)
    assert contacts.statistics().contacts == 39
    contacts.expire(T0 + 49 * 3_600)
    assert contacts.statistics().contacts == 0
    assert contacts.statistics().contacts_expired == 39
    assert not contacts.contacts["live"].any()
    assert len(contacts.rows_of_host(0)) == 0
    absorb_talks(contacts, [Talk(dst="203.0.113.3", at=50 * 3_600.0)])
    assert contacts.statistics().contacts == 1
    assert len(contacts.contacts) == 39


def test_expiry_waits_for_a_clock_that_was_set_back() -> None:
    contacts = Contacts(SMALL)
    absorb_talks(contacts, [Talk(at=100 * 3_600.0)])
    contacts.expire(T0)
    assert contacts.statistics().contacts == 1


def test_timing_rows_go_to_the_busy() -> None:
    contacts = Contacts(Detect(max_contacts=4_096, max_timed=256))
    calm = [Talk(dport=n + 1_000, at=k * 1.0) for n in range(256) for k in range(4)]
    absorb_talks(contacts, calm)
    absorb_talks(contacts, [Talk(dport=9, at=100.0 + k) for k in range(4)])
    busy = contacts.statistics()
    assert (busy.timings, busy.timings_evicted, busy.timings_refused) == (256, 0, 1)
    absorb_talks(contacts, [Talk(dport=10, at=2_000.0 + k) for k in range(4)])
    later = contacts.statistics()
    assert (later.timings, later.timings_evicted, later.timings_refused) == (256, 1, 1)
    used = contacts.contacts["timing"]
    assert len(set(used[used >= 0].tolist())) == (used >= 0).sum() == 256


def test_name_protocols_keep_no_rhythm_unless_they_fail() -> None:
    contacts = Contacts(SMALL)
    asked = [Talk(dport=53, proto=17, how="", at=n * 1.0) for n in range(9)]
    (said,) = absorb_talks(contacts, asked)
    assert contacts.contacts[0]["timing"] == -1
    assert len(contacts.rhythm_of(0).start_s) == 3
    assert said.due_contacts.tolist() == [0]  # eight in one window
    absorb_talks(contacts, [Talk(dport=53, proto=17, how="S0", at=20.0, packets=(1, 0))])
    assert contacts.contacts[0]["timing"] >= 0


def test_no_flows_and_no_home() -> None:
    contacts = Contacts(SMALL)
    none = np.zeros(0, np.uint32)
    said = contacts.absorb(make_flows([]), none, none, none.astype(np.uint8))
    assert len(said.classes) == len(said.due_contacts) == 0
    talks = [Talk("198.51.100.7", f"203.0.113.{n}", 22, how="S0") for n in range(1, 30)]
    (said,) = absorb_talks(contacts, talks)
    assert contacts.hosts_in_view() == 0
    assert set(said.host.tolist()) == {0}
    kinds = {int(row["kind"]): int(row["items"]) for row in contacts.fans}
    assert kinds == {2: 29, 3: 29}
    assert sorted(said.due_fans.tolist()) == [0, 1]


def test_users_of_a_network_beyond_those_remembered_are_estimated() -> None:
    contacts = Contacts(SMALL)
    absorb_talks(contacts, [Talk(f"10.0.0.{n}") for n in range(1, 51)])
    assert contacts.hosts_of_net(203 << 16 | 113) == pytest.approx(50, rel=0.15)


def test_network_that_comes_again_after_it_was_pushed_out() -> None:
    """The row a contact remembers may be another network's by now."""
    contacts = Contacts(SMALL)
    absorb_talks(contacts, [Talk(at=0.0)])
    others = [
        Talk("10.0.0.6", f"{n % 97 + 1}.{n // 97}.7.7", at=1.0 + n * 0.001) for n in range(700)
    ]
    absorb_talks(contacts, others)
    assert contacts.statistics().nets_evicted > 0
    (said,) = absorb_talks(contacts, [Talk(at=9.0)])
    assert said.novel[0] & 4
    row = contacts.contacts[said.contact[0]]
    assert contacts.hosts_of_net(int(row["net"])) == 1


def test_host_row_taken_over_keeps_no_contacts_of_the_old_one() -> None:
    contacts = Contacts(SMALL)
    talks = [Talk(f"10.0.{n // 200}.{n % 200}", at=n * 1.0) for n in range(300)]
    absorb_talks(contacts, talks)
    assert contacts.statistics().hosts_evicted > 200
    assert contacts.hosts_in_view() == len(contacts.hosts) == 64
    hi, lo = parse_address("10.0.1.99")
    assert len(contacts.rows_of_host(contacts.host_of(hi, lo))) == 1


def test_warm_up_runs() -> None:
    warm_up()
