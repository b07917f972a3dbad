import pytest

from appliance.cases.summary import (
    clean,
    count_words,
    name_host,
    name_port,
    name_span,
    write_summary,
)
from tests.support.signals import DAY, HOUR, NOON


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain", "plain"),
        (" a  b ", "a b"),
        ("two\nlines\r\n\x00", "two lines"),
        ("\x1b[31mred\x9b", "[31mred"),
        ("a\u202egnp.exe", "a gnp.exe"),
        ("bad \udc80 surrogate", "bad surrogate"),
        ("caf\u00e9 \u4e2d", "caf\u00e9 \u4e2d"),
        ("", ""),
    ],
)
def test_text_from_the_wire_becomes_harmless(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_long_text_is_cut() -> None:
    assert len(clean("x" * 10_000)) == 240
    assert clean("abcdef", 4) == "abc…"


def test_names_stand_before_addresses() -> None:
    assert name_host("192.168.1.5", "cam") == "cam (192.168.1.5)"
    assert name_host("192.168.1.5", "") == "192.168.1.5"
    assert name_host("", "cam") == "cam"
    assert name_host("192.168.1.5", "192.168.1.5") == "192.168.1.5"
    assert name_port(443, 6) == "443/tcp"
    assert name_port(0, 1) == "icmp"
    assert name_port(53, 0) == "53"
    assert name_port(0, 0) == ""


def test_times_are_utc_and_as_short_as_they_can_be() -> None:
    assert name_span(NOON, NOON + 30) == "at 12:00 UTC on 15 Nov 2023"
    assert name_span(NOON, NOON + HOUR) == "from 12:00 to 13:00 UTC on 15 Nov 2023"
    assert name_span(NOON, NOON + DAY) == "from 15 Nov 12:00 to 12:00 UTC on 16 Nov 2023"
    assert name_span(-5.0, 1e18).endswith("31 Dec 9999")


def test_a_summary_is_one_sentence_with_both_ends() -> None:
    when = "at 12:00 UTC on 15 Nov 2023"
    assert write_summary("cam (192.168.1.5)", "tried 812 ports.", "10.0.0.9", when) == (
        "cam (192.168.1.5) tried 812 ports, with 10.0.0.9, at 12:00 UTC on 15 Nov 2023."
    )
    assert write_summary("a", "sent 4 GB to 10.0.0.9", "x (10.0.0.9), port 443/tcp", when) == (
        "a sent 4 GB to 10.0.0.9, at 12:00 UTC on 15 Nov 2023."
    )
    assert write_summary("", "saw nothing", "", when, ("one", "two", "three")) == (
        "Saw nothing, at 12:00 UTC on 15 Nov 2023; one, two and three agree."
    )
    assert write_summary("a", "", "", when, ("one",)).startswith("a drew attention, at")
    # an address that only begins like the peer's does not name it
    assert "with 10.0.0.9" in write_summary("a", "called 10.0.0.99", "10.0.0.9", when)


def test_small_numbers_are_words() -> None:
    assert count_words(1, "address", "addresses") == "One address"
    assert count_words(9, "address", "addresses") == "Nine addresses"
    assert count_words(12_345, "address", "addresses") == "12 345 addresses"
