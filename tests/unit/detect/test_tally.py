import pytest

from appliance.detect.tally import (
    Tally,
    clip,
    say_address,
    say_bytes,
    say_protocol,
    say_time,
    say_who,
)
from appliance.model.address import Address, parse_address


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (312.4, "312 bytes"), (4_234, "4.23 kB"),
        (31e6, "31 MB"), (999_600, "1000 kB"), (2.5e9, "2.5 GB"),
    ],
)  # fmt: skip
def test_sizes(count: float, text: str) -> None:
    assert say_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (0.65, "0.65 s"), (2, "2 s"), (300, "300 s"), (600, "600 s"),
        (1_500, "25 min"), (12_600, "3.5 h"), (172_800, "2 days"),
    ],
)  # fmt: skip
def test_times(seconds: float, text: str) -> None:
    assert say_time(seconds) == text


def test_ends_and_company() -> None:
    v4, v6 = (Address(*parse_address(ip)) for ip in ("203.0.113.9", "2001:db8::1"))
    assert say_address(v4, 8_080) == "203.0.113.9:8080"
    assert say_address(v6, 443, "example.org") == "[2001:db8::1]:443 (example.org)"
    assert say_who(0) == say_who(1) == "no other device here talks to it"
    assert say_who(2).startswith("one other device")
    assert say_who(5).startswith("4 other devices")
    assert (say_protocol(6), say_protocol(47)) == ("TCP", "IP protocol 47")


def test_terms_add_up_and_empty_ones_are_left_out() -> None:
    tally = Tally()
    tally.add("a", 1.25, "x")
    tally.add("b", 0.0, "y")
    tally.add("c", -0.5, "z")
    assert tally.weight == 0.75
    assert [term.name for term in tally.terms] == ["a", "c"]
    assert (clip(-1), clip(0.5), clip(9, 2, 4)) == (0.0, 0.5, 4)
