"""An address must survive every form it takes: words, bytes, text."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.model.address import (
    Address,
    format_address,
    format_mac,
    is_ipv4,
    pack_address,
    parse_address,
    unpack_address,
)

ADDRESSES = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6))


def is_mapped(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None


@given(ADDRESSES)
def test_words_bytes_and_text_are_the_same_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    words = unpack_address(address.packed)
    assert parse_address(str(address)) == words
    assert is_ipv4(*words) == (address.version == 4 or is_mapped(address))
    if not is_mapped(address):  # a mapped address is the IPv4 address it maps
        assert pack_address(*words) == address.packed
        assert format_address(*words) == str(address)
    assert all(0 <= word < 1 << 64 for word in words)


def test_a_mapped_address_is_the_one_it_maps() -> None:
    assert format_address(*parse_address("::ffff:192.0.2.1")) == "192.0.2.1"


@pytest.mark.parametrize("text", ["", "192.0.2", "192.0.2.256", "2001:db8::/32", "host", "1:2"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=text or "''"):
        parse_address(text)


def test_an_address_knows_its_forms_and_nothing_more() -> None:
    address = Address(*parse_address("2001:db8::1"))
    assert (address.ip, address.ip, address.packed) == ("2001:db8::1",) * 2 + (
        ipaddress.ip_address("2001:db8::1").packed,
    )
    assert (address.country, address.asn, address.local, address.latitude) == ("", 0, False, None)
    with pytest.raises(AttributeError):
        address.colour = "red"  # type: ignore[attr-defined]


@given(st.integers(1, (1 << 48) - 1))
def test_a_mac_is_six_bytes_of_hex(mac: int) -> None:
    assert bytes.fromhex(format_mac(mac).replace(":", "")) == mac.to_bytes(6, "big")


def test_an_unknown_mac_is_no_text() -> None:
    assert format_mac(0) == ""
