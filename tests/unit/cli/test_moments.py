from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.cli.moments import parse_moment

NOW_S = 1_800_000_000.5


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("0s", 0), ("90s", 90), ("15m", 900), ("2h", 7_200), ("7d", 604_800), ("1w", 604_800)],
)
def test_a_duration_is_that_long_ago(text: str, ago_s: int) -> None:
    assert parse_moment(text, now_s=NOW_S) == NOW_S - ago_s


def test_seconds_since_the_epoch_and_iso_times() -> None:
    assert parse_moment("1700000000.25", now_s=NOW_S) == 1_700_000_000.25
    assert parse_moment("2026-01-31T12:00:00Z", now_s=NOW_S) == 1_769_860_800.0
    assert parse_moment("2026-01-31T13:00+01:00", now_s=NOW_S) == 1_769_860_800.0


def test_time_without_zone_is_local() -> None:
    local = datetime(2026, 1, 31, 12).astimezone()
    assert parse_moment("2026-01-31T12:00", now_s=NOW_S) == local.timestamp()


@given(text=st.text(max_size=20))
def test_any_text_is_a_time_or_a_clear_refusal(text: str) -> None:
    message = ""
    try:
        assert isinstance(parse_moment(text, now_s=NOW_S), float)
    except ValueError as error:
        message = str(error)
    assert not message or "write 15m" in message
