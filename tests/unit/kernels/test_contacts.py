"""Flows brought into tables, against dictionaries and lists."""

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from appliance.config.schema import Detect
from appliance.detect.contacts import Contacts
from appliance.model.address import format_address, parse_address
from appliance.model.contact import NO_HOST
from appliance.model.flow import EndReason
from tests.oracles.contacts import ContactsOracle
from tests.support.contactflows import ENDS, T0, Talk, absorb_talks

INSIDE = ("10.0.0.2", "10.0.0.3", "10.1.7.4", "fd00::5")
OUTSIDE = ("203.0.113.9", "203.0.113.77", "198.51.100.3", "2001:db8:1::1", "2001:db8:2::1")
GROUPS = ("224.0.0.251", "10.0.0.255", "255.255.255.255", "ff02::fb")
PORTS = (22, 53, 80, 443, 445, 3_389, 4_444, 8_080)
SMALL = Detect(max_contacts=4_096, max_hosts=256, max_fans=1_024, max_timed=256)

Key = tuple[str, str, int, int]


def at(time_s: Any) -> Any:
    """Return a time, or several, to compare with; relative tolerance would be half an hour."""
    return pytest.approx(time_s, rel=0, abs=1e-3)


def address(hi: Any, lo: Any) -> str:
    return format_address(int(hi), int(lo))


def key_of(row: Any) -> Key:
    orig, resp = (address(row[f"{end}_hi"], row[f"{end}_lo"]) for end in ("orig", "resp"))
    return orig, resp, int(row["port"]), int(row["proto"])


def fan_name(row: Any) -> tuple[object, ...]:
    kind = int(row["kind"])
    name: list[object] = [kind, address(row["a_hi"], row["a_lo"])]
    if kind in {1, 5}:
        name.append(address(row["b_hi"], row["b_lo"]))
    if kind in {2, 8, 9}:
        name += [int(row["port"]), int(row["proto"])]
    return tuple(name)


def converse(rng: random.Random, begin: float) -> Iterator[Talk]:
    """One conversation: a flow, or an attempt and its end, or updates and their end."""
    src, dst = rng.choice(INSIDE + OUTSIDE), rng.choice(INSIDE + OUTSIDE + GROUPS[:1])
    if rng.random() < 0.02:
        dst = rng.choice(GROUPS)
    proto = rng.choices((6, 17, 1, 47, 58, 2), (60, 25, 8, 3, 2, 2))[0]
    how = rng.choice(tuple(ENDS)) if proto == 6 else rng.choice(("", "S0", "SYNACK"))
    port = rng.choice((8, 3, 0)) if proto == 1 else rng.choice((128, 1)) if proto == 58 else 0
    fields: dict[str, Any] = {
        "src": src,
        "dst": dst,
        "proto": proto,
        "dport": port or rng.choice((*PORTS, rng.randrange(1, 65_536))),
        "sport": rng.choice((40_000, 53, rng.randrange(1_024, 65_536))),
        "out": rng.choice((0, 40, 700, 5_000, 900_000)),
        "into": rng.choice((1, 300, 40_000)),
        "lasts": rng.choice((0.0, 0.5, 7.0, 200.0)),
        "at": begin,
    }
    form = rng.random()
    if form < 0.2 and (proto != 6 or how == "S0"):
        yield Talk(**{**fields, "how": "S0", "lasts": 0.0}, reason=EndReason.ATTEMPT)
        end = rng.choice(("S0", "SF", "REJ")) if proto == 6 else rng.choice(("", "S0"))
        yield Talk(**fields, how=end, attempted=True)
    elif form < 0.35 and how in {"S1", "SF", ""}:
        total = fields.pop("out")
        for updates in range(3):
            reason = EndReason.ACTIVE if updates < 2 else EndReason.CLOSED
            out = total * (updates + 1)
            yield Talk(**fields, how=how, out=out, updates=updates, reason=reason)
    else:
        yield Talk(**fields, how=how)


def make_traffic(seed: int, count: int) -> list[Talk]:
    """Conversations that overlap: the records of one come in order, others between them."""
    rng = random.Random(seed)
    waiting: list[Iterator[Talk]] = []
    talks: list[Talk] = []
    now = 0.0
    while len(talks) < count:
        now += round(rng.expovariate(1 / 20.0), 3) + 0.001
        waiting.append(converse(rng, round(now + rng.choice((0, 0, -900)), 3)))
        if len(waiting) > 4:
            conversation = waiting[rng.choice((0, 0, 1, 2, 3))]
            talk = next(conversation, None)
            if talk is None:
                waiting.remove(conversation)
            else:
                talks.append(talk)
    return talks


def compare_contacts(contacts: Contacts, oracle: ContactsOracle) -> None:
    rows = {key_of(row): number for number, row in enumerate(contacts.contacts)}
    assert set(rows) == set(oracle.contacts)
    for key, number in rows.items():
        row, want = contacts.contacts[number], oracle.contacts[key]
        got = [int(row[name]) for name in ("contacts", "failed", "probes", "answered")]
        assert got == [want.contacts, want.failed, want.probes, want.answered], key
        assert [row["out"], row["in"]] == pytest.approx([want.out, want.into])
        assert [row["first_s"], row["last_s"]] == at([want.first, want.last])
        assert row["hours"] == sum(1 << hour for hour in want.hours)
        assert row["day_contacts"] == want.day_contacts
        assert row["window_contacts"] == want.windows[want.window]
        assert row["judge_at"] == want.judge_at
        assert row["longest_s"] == pytest.approx(want.longest)
        rhythm = contacts.rhythm_of(number)
        ring = sorted(want.ring)
        assert rhythm.start_s.tolist() == at([entry[0] for entry in ring])
        assert rhythm.out.tolist() == [entry[1] for entry in ring]
        assert rhythm.into.tolist() == [entry[2] for entry in ring]
        assert rhythm.duration_s.tolist() == pytest.approx([entry[3] for entry in ring])
        assert rhythm.flow.tolist() == [entry[4] for entry in ring]


def compare_hosts(contacts: Contacts, oracle: ContactsOracle) -> None:
    rows = {address(row["hi"], row["lo"]): row for row in contacts.hosts}
    assert set(rows) == set(oracle.hosts)
    for name, row in rows.items():
        want = oracle.hosts[name]
        assert int(row["contacts"]) == want["contacts"], name
        assert int(row["serves"]) == want["serves"], name
        assert row["hours"] == sum(1 << hour for hour in want["hours"]), name
        assert row["last_s"] == at(want["last"])
        assert bool(row["inside"]) == (name in INSIDE)
    assert contacts.hosts_in_view() == len([name for name in rows if name in INSIDE])


def compare_fans(contacts: Contacts, oracle: ContactsOracle) -> None:
    rows = {fan_name(row): number for number, row in enumerate(contacts.fans)}
    assert set(rows) == set(oracle.fans)
    for name, number in rows.items():
        row, want = contacts.fans[number], oracle.fans[name]
        got = [int(row[field]) for field in ("items", "alive", "flows", "probes", "judge_at")]
        assert got == [len(want.items), want.alive, want.flows, want.probes, want.judge_at], name
        assert contacts.times_of(number).tolist() == at(sorted(want.times[-64:]))
        victim = name[0] == 8
        first = [address(row["item_hi"][k], row["item_lo"][k]) for k in range(8)]
        wanted = [item[0 if victim else 1] for item in want.items[:8]]
        assert first[: len(wanted)] == wanted


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("per_batch", [1, 37, 1_000])
def test_same_as_dictionaries(seed: int, per_batch: int) -> None:
    count = 150 if per_batch == 1 else 250
    talks = make_traffic(seed, count)
    contacts, oracle = Contacts(SMALL), ContactsOracle()
    done = 0
    for said in absorb_talks(contacts, talks, per_batch):
        oracle.due_contacts.clear()
        oracle.due_fans.clear()
        for k in range(len(said.classes)):
            talk = talks[done + k]
            made, out, into, novel = oracle.take(talk)
            assert said.classes[k] == made.bits(), talk
            assert [said.out[k], said.into[k]] == pytest.approx([out, into]), talk
            assert said.novel[k] == novel, talk
            if said.contact[k] >= 0:
                key = key_of(contacts.contacts[said.contact[k]])
                assert key == (talk.src, talk.dst, talk.dport, talk.proto)
        done += len(said.classes)
        due = [key_of(contacts.contacts[row]) for row in said.due_contacts]
        assert due == oracle.due_contacts
        assert [fan_name(contacts.fans[row]) for row in said.due_fans] == oracle.due_fans
    compare_contacts(contacts, oracle)
    compare_hosts(contacts, oracle)
    compare_fans(contacts, oracle)


def test_judged_end_of_every_direction() -> None:
    contacts = Contacts(SMALL)
    talks = [
        Talk("10.0.0.2", "203.0.113.9"),
        Talk("203.0.113.9", "10.0.0.3"),
        Talk("10.0.0.2", "10.0.0.3"),
        Talk("203.0.113.9", "198.51.100.3"),
        Talk("203.0.113.9", "10.0.0.9", how="S0"),
        Talk("10.0.0.2", "10.0.0.9", how="S0"),
        Talk("10.0.0.2", "224.0.0.251", proto=17, how="S0"),
    ]
    (said,) = absorb_talks(contacts, talks)
    names = [
        address(contacts.hosts[row]["hi"], contacts.hosts[row]["lo"]) if row >= 0 else ""
        for row in said.host
    ]
    assert names == [
        "10.0.0.2", "10.0.0.3", "10.0.0.2", "203.0.113.9", "", "10.0.0.2", "10.0.0.2",
    ]  # fmt: skip
    assert [row >= 0 for row in said.server] == [False, False, True, False, False, False, False]
    assert said.contact[6] == -1
    assert contacts.contacts[said.contact[4]]["host"] == NO_HOST


def test_attempt_that_is_answered_is_no_failure() -> None:
    contacts = Contacts(SMALL)
    attempt = Talk(how="S0", lasts=0, reason=EndReason.ATTEMPT)
    (said,) = absorb_talks(contacts, [attempt])
    row = contacts.contacts[said.contact[0]]
    assert (row["contacts"], row["failed"], row["probes"]) == (1, 1, 1)
    absorb_talks(contacts, [Talk(how="SF", attempted=True)])
    row = contacts.contacts[said.contact[0]]
    assert (row["contacts"], row["failed"], row["probes"], row["answered"]) == (1, 0, 0, 1)
    assert (row["out"], row["in"]) == (500, 1_500)


def test_bytes_of_a_long_flow_are_told_once() -> None:
    contacts = Contacts(SMALL)
    active = EndReason.ACTIVE
    talks = [
        Talk(how="S1", out=100, into=1_000, reason=active, id=7),
        Talk(how="S1", out=700, into=1_000, reason=active, updates=1, id=7),
        Talk(how="SF", out=900, into=5_000, updates=2, id=7),
    ]
    (said,) = absorb_talks(contacts, talks)
    assert said.out.tolist() == [100, 600, 200]
    assert said.into.tolist() == [1_000, 0, 4_000]
    row = contacts.contacts[said.contact[0]]
    assert (row["contacts"], row["out"], row["in"], row["open_id"]) == (1, 900, 5_000, 0)


def test_long_flow_met_in_its_middle_counts_once() -> None:
    contacts = Contacts(SMALL)
    (said,) = absorb_talks(contacts, [Talk(out=900, updates=2, id=7)])
    assert contacts.contacts[said.contact[0]]["contacts"] == 1
    assert said.out[0] == 300


def test_clock_set_back_does_not_stop_the_windows() -> None:
    contacts = Contacts(SMALL)
    absorb_talks(contacts, [Talk(at=86_400.0 * 40)])
    (said,) = absorb_talks(contacts, [Talk(at=5.0)])
    (said,) = absorb_talks(contacts, [Talk(at=6.0)])
    row = contacts.contacts[said.contact[0]]
    assert (row["window_contacts"], row["day_contacts"]) == (2, 2)
    assert row["last_s"] == at(T0 + 6)
    assert contacts.now_s == at(T0 + 7)


def test_damaged_times_do_no_harm() -> None:
    contacts = Contacts(SMALL)
    (said,) = absorb_talks(contacts, [Talk(at=-T0 - 5, lasts=0), Talk(at=0, lasts=-9)])
    assert contacts.contacts[said.contact[0]]["contacts"] == 2
    assert contacts.contacts[said.contact[0]]["longest_s"] == 0


def test_volume_is_due_at_every_doubling() -> None:
    contacts = Contacts(SMALL)
    due = []
    for n in range(8):
        (said,) = absorb_talks(contacts, [Talk(at=n * 900.0, out=600_000)])
        due.append(len(said.due_contacts))
    # 1.2, 2.4 and 4.2 MB; the last one is also the eighth contact
    assert due == [0, 1, 0, 1, 0, 0, 1, 1]


def test_nothing_is_due_twice_in_a_batch() -> None:
    contacts = Contacts(SMALL)
    (said,) = absorb_talks(contacts, [Talk(at=float(n)) for n in range(100)])
    assert said.due_contacts.tolist() == [0]
    assert not np.any(contacts.contacts["bits"] & 256)


def test_address_parts() -> None:
    contacts = Contacts(SMALL)
    absorb_talks(
        contacts, [Talk(dst="203.0.113.9"), Talk(dst="203.0.113.200"), Talk(dst="203.0.9.1")]
    )
    nets, wides = contacts.net_column.tolist(), contacts.wide_column.tolist()
    assert nets == [203 << 16 | 113, 203 << 16 | 113, 203 << 16 | 9]
    assert wides == [203 << 8] * 3
    hi, lo = parse_address("10.0.0.5")
    assert contacts.rows_of_host(contacts.host_of(hi, lo)).tolist() == [0, 1, 2]
    assert contacts.rows_of_net(nets[0]).tolist() == [0, 1]
    assert contacts.hosts_of_net(nets[0]) == 1
    assert contacts.hosts_of_net(1) == 0
