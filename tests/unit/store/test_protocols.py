"""Protocol names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.store.protocols import protocol_name, protocol_number


@given(st.integers(0, 255))
def test_name_and_number_belong_together(number):
    assert protocol_number(protocol_name(number)) == number


def test_the_names_that_matter():
    assert [protocol_name(n) for n in (1, 6, 17, 58, 132, 253)] == [
        "icmp", "tcp", "udp", "ipv6-icmp", "sctp", "253",
    ]  # fmt: skip
    assert protocol_number("TCP") == 6
    assert protocol_number("icmp6") == 58


@pytest.mark.parametrize("text", ["256", "-1", "tcpp", "", "1.5", "²"])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="unknown protocol"):
        protocol_number(text)
