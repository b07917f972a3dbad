"""Protocol names: one word for one number, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.names import protocol_name, protocol_number


@given(st.integers(0, 255))
def test_every_number_comes_back(number: int) -> None:
    assert protocol_number(protocol_name(number)) == number
    assert protocol_number(protocol_name(number).upper()) == number
    assert protocol_number(str(number)) == number


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (1, "icmp"),
        (6, "tcp"),
        (17, "udp"),
        (47, "gre"),
        (58, "ipv6-icmp"),
        (132, "sctp"),
        (99, "99"),
    ],
)
def test_names_are_those_of_the_registry(number: int, name: str) -> None:
    assert protocol_name(number) == name


@pytest.mark.parametrize("text", ["", "tpc", "-1", "256", "6.0", "0x06"])
def test_what_is_no_protocol_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        protocol_number(text)
