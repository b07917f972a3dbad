"""Which fans a source gets, what stays out of them, and when they are due."""

from itertools import pairwise
from typing import Any

import pytest

from appliance.config.schema import Detect
from appliance.detect.contacts import Contacts
from appliance.model.contact import Fan
from tests.support.contactflows import Talk, absorb_talks

SMALL = Detect(max_contacts=4_096, max_hosts=64, max_fans=256, max_timed=256)
WHO = "10.0.0.7"


def fans_after(*talks: Talk) -> dict[int, Any]:
    contacts = Contacts(SMALL)
    absorb_talks(contacts, list(talks))
    rows = contacts.fans
    kinds = [int(row["kind"]) for row in rows]
    assert len(kinds) == len(set(kinds)), "of one kind each in these tests"
    return dict(zip(kinds, rows, strict=True))


def due_items(talks: list[Talk], kind: int) -> list[int]:
    """Return the number of items (VICTIM: flows) each time a fan of a kind was due."""
    contacts = Contacts(SMALL)
    found = []
    for said in (absorb_talks(contacts, [talk])[0] for talk in talks):
        rows = [row for row in contacts.fans[said.due_fans] if row["kind"] == kind]
        found += [int(row["flows" if kind == Fan.VICTIM else "items"]) for row in rows]
    return found


def ports(count: int, *, every_s: float = 0.1, first: int = 1, at: float = 0.0) -> list[Talk]:
    return [
        Talk(WHO, "203.0.113.5", first + n, how="S0", at=at + n * every_s) for n in range(count)
    ]


def sweep(count: int, dport: int, how: str = "S0", **fields: Any) -> list[Talk]:
    return [
        Talk(WHO, f"203.0.{n // 9}.{n % 9 + 1}", dport, how=how, at=n * 0.1, **fields)
        for n in range(count)
    ]


def test_vertical_scan() -> None:
    fans = fans_after(*ports(20))
    assert {kind: int(row["items"]) for kind, row in fans.items()} == {Fan.PORTS: 20, Fan.BLOCK: 20}
    assert fans[Fan.PORTS]["item_port"].tolist() == list(range(1, 9))
    assert fans[Fan.PORTS]["inside"] == 1


def test_horizontal_scan() -> None:
    fans = fans_after(*sweep(20, 23))
    assert {kind: int(row["items"]) for kind, row in fans.items()} == {
        Fan.TARGETS: 20,
        Fan.BLOCK: 20,
    }
    assert fans[Fan.TARGETS]["nets"] == 3


def test_one_failure_makes_no_row() -> None:
    assert fans_after(*ports(1), *ports(1, at=5.0), *ports(1, at=9.0)) == {}


def test_browser_that_connects_ahead_of_need_is_not_sweeping() -> None:
    assert Fan.TARGETS not in fans_after(*sweep(20, 443, "RSTO"))
    assert fans_after(*sweep(20, 22, "RSTO"))[Fan.TARGETS]["items"] == 20


def test_ends_of_forgotten_conversations_are_no_sweep() -> None:
    fans = fans_after(*sweep(20, 443, "SH"), *sweep(20, 443, "ALIVE"))
    assert fans == {}


def test_target_that_answers_later_counts_as_alive() -> None:
    fans = fans_after(*sweep(20, 8_000), Talk(WHO, "203.0.0.3", 8_000, at=30.0))
    assert (fans[Fan.TARGETS]["items"], fans[Fan.TARGETS]["alive"]) == (20, 1)


@pytest.mark.parametrize("how", ["NULL", "FIN", "ACK"])
def test_stealth_scan(how: str) -> None:
    talks = [Talk(WHO, "203.0.113.5", n + 1, how=how, at=n * 0.1) for n in range(12)]
    fans = fans_after(*talks)
    assert fans[Fan.STEALTH]["items"] == fans[Fan.PORTS]["items"] == 12
    assert fans[Fan.STEALTH]["flags"] == {"NULL": 0, "FIN": 1, "ACK": 16}[how]


def test_ping_sweep_answered_or_not() -> None:
    pings = [
        Talk(WHO, f"10.0.1.{n}", 8, proto=1, how="" if n % 2 else "S0", at=n * 0.1)
        for n in range(1, 13)
    ]
    fans = fans_after(*pings, *pings)
    assert (fans[Fan.ECHO]["items"], fans[Fan.ECHO]["alive"]) == (12, 6)
    assert set(fans) == {Fan.ECHO}


def test_protocol_scan() -> None:
    talks = [Talk(WHO, "10.0.0.9", 0, proto=n, how="S0", at=n * 0.1) for n in range(40, 52)]
    fans = fans_after(*talks)
    assert fans[Fan.PROTOCOLS]["items"] == 12
    assert fans[Fan.PROTOCOLS]["item_port"].tolist() == list(range(40, 48))


def test_administration_inside_but_not_outside() -> None:
    talks = [Talk(WHO, f"10.0.0.{n}", 5_985) for n in (1, 2, 3)]
    assert fans_after(*talks, *talks)[Fan.ADMIN]["items"] == 3
    assert Fan.ADMIN not in fans_after(*(Talk(WHO, f"203.0.113.{n}", 22) for n in (1, 2, 3)))


def test_who_reaches_everybody_has_no_fans() -> None:
    assert fans_after(*sweep(30, 443, "SF")) == {}


def test_spoofed_flood_counts_sources_and_flows() -> None:
    talks = [
        Talk(f"198.51.{n % 40}.{n // 40 + 1}", "10.0.0.80", 80, how="S0", at=n * 0.01)
        for n in range(120)
    ]
    fans = fans_after(*talks, *talks[:30])
    victim = fans[Fan.VICTIM]
    assert (victim["items"], victim["flows"]) == (113, 143)
    assert set(fans) == {Fan.VICTIM}
    assert due_items(talks, Fan.VICTIM) == [50, 100]


def test_due_at_the_numbers_rules_ask_for() -> None:
    assert due_items(ports(70), Fan.PORTS) == [5, 8, 10, 12, 15, 20, 25, 30, 40, 60]


def test_due_anew_after_a_quiet_time() -> None:
    talks = [*ports(70), *ports(20, first=1_000, at=4_000.0)]
    # steps of 5, 8, 10 ... counted from five before the first item after the quiet
    assert due_items(talks, Fan.PORTS)[-6:] == [71, 74, 76, 78, 81, 86]
    slow = due_items(ports(30, every_s=200.0), Fan.PORTS)
    assert slow[:3] == [5, 8, 10]
    assert all(later - earlier <= 5 for earlier, later in pairwise(slow))
