"""Query strings from strangers: a checked struct comes out, or a named refusal, nothing else."""

import ipaddress
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.api.filters import FlowQuery, TrafficQuery, Window
from appliance.api.parameters import check_address, check_prefix, parse_query
from appliance.api.problem import BadParameter


def attempt(parse: Callable[[], Any]) -> Any:
    """Return what comes out, or the refusal; anything else fails the test."""
    try:
        return parse()
    except BadParameter as error:
        return error


@given(st.binary(max_size=80))
@example(b"limit=1&limit=1")
@example(b"name=%C3%28")
@example(b"since=1e400")
@example(b"limit=99999999999999999999999999999999")
@example(b"=")
@example(b"%00=%00")
def test_any_bytes_give_parameters_or_a_named_refusal(raw: bytes) -> None:
    for kind in (FlowQuery, TrafficQuery, Window):
        found = attempt(lambda kind=kind: parse_query(raw, kind))  # type: ignore[misc]
        if isinstance(found, BadParameter):
            assert found.error.parameter
            assert len(found.detail) < 1_000
        else:
            assert type(found) is kind


@given(
    st.sampled_from(FlowQuery.__struct_fields__),
    st.text(max_size=300).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
)
def test_any_value_of_a_known_parameter_is_bounded(name: str, value: str) -> None:
    found = attempt(lambda: parse_query(f"{name}={quote(value)}".encode(), FlowQuery).narrow())
    if isinstance(found, BadParameter):
        assert found.error.parameter == name
    else:
        assert 1 <= found.limit <= 1_000
        assert len(found.name) <= 253
        assert len(found.cursor) <= 200
        assert found.port is None or 0 <= found.port <= 65_535


def test_a_parameter_without_a_value_counts_as_left_out() -> None:
    assert parse_query(b"limit=&proto=&port=", FlowQuery) == FlowQuery()
    assert parse_query(b"", FlowQuery) == FlowQuery()


def test_an_unknown_parameter_is_told_what_there_is() -> None:
    with pytest.raises(BadParameter, match=r"'minuets': is not known.*minutes"):
        parse_query(b"minuets=5", Window)


@given(st.ip_addresses())
def test_addresses_come_back_in_their_usual_form(address: ipaddress.IPv4Address) -> None:
    assert check_address("ip", address.exploded.upper()) == str(
        getattr(address, "ipv4_mapped", None) or address
    )


def test_mapped_addresses_and_zones_are_reduced() -> None:
    assert check_address("ip", "::ffff:10.0.0.1") == "10.0.0.1"
    assert check_address("ip", "fe80::1%eth0") == "fe80::1"
    assert check_prefix("src", "fe80::1%eth0") == "fe80::1"
    assert check_prefix("src", "10.0.0.5/8") == "10.0.0.5/8"
    assert check_prefix("src", "") == ""


@pytest.mark.parametrize("text", ["", "1.2.3", "01.2.3.4", "::g", "1.2.3.4/24", "%", "a" * 500])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="is not an address"):
        check_address("ip", text)
