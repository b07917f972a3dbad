from ipaddress import ip_address, ip_network

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.enrich.networks import MAX_NETWORKS, NEVER_ROUTED, HomeNetworks
from appliance.errors import ConfigError
from appliance.model.address import parse_address, unpack_address

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(network="2000::/3") | st.ip_addresses(network="fe00::/7")
BUILT_IN = len(HomeNetworks((), ()).names())


def test_default_home():
    home = HomeNetworks((), ())
    for text in ("192.168.3.4", "10.9.8.7", "172.31.255.255", "100.64.0.1", "fd00::1", "fe80::1",
                 "169.254.1.1", "127.0.0.1", "::1", "224.0.0.251", "ff02::fb", "255.255.255.255",
                 "0.0.0.0", "::"):  # fmt: skip
        assert home.contains(*parse_address(text)), text
    for text in ("8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "192.0.2.1", "223.255.1.1"):
        assert not home.contains(*parse_address(text)), text


def test_configured_home_replaces_private_ranges_but_private_stays_without_geography(words):
    home = HomeNetworks(("192.168.1.0/24", "2001:db8:5::/48"), [(*parse_address("9.9.9.9"), 24)])
    for text in ("192.168.1.77", "2001:db8:5:1::9", "fe80::1", "239.1.2.3"):
        assert home.contains(*parse_address(text)), text
    for text in ("192.168.2.1", "10.0.0.1", "9.9.9.9", "2001:db8:6::1"):
        assert not home.contains(*parse_address(text)), text
    local = home.find_local(*words("192.168.1.77", "192.168.2.1", "10.0.0.1", "9.9.9.9"))
    assert local.tolist() == [True, True, True, False]


def test_own_prefixes_are_home():
    own = [(*parse_address("198.51.100.7"), 25), (*parse_address("2001:db8::5"), 64)]
    home = HomeNetworks((), [*own, (*parse_address("192.168.0.9"), 24)])
    assert home.contains(*parse_address("198.51.100.127"))
    assert not home.contains(*parse_address("198.51.100.128"))
    assert home.contains(*parse_address("2001:db8::ffff"))
    assert not home.contains(*parse_address("2001:db8:0:1::"))
    assert "198.51.100.0/25" in home.names()
    assert "192.168.0.0/24" not in home.names()  # within RFC 1918


def test_too_many_own_prefixes_are_counted():
    own = [(*parse_address(f"11.{i}.0.1"), 24) for i in range(100)]
    home = HomeNetworks((), [(0, 0, 0), *own])
    assert len(home.array()) == MAX_NETWORKS
    assert home.refused == 1 + 100 - (MAX_NETWORKS - BUILT_IN)


@pytest.mark.parametrize(
    "bad", ["", "10.0.0.0/33", "10.0.0.1/8", "home", "fe80::1%eth0/64", "1.2.3.0/24/1", "::g/64"]
)
def test_bad_value_is_named(bad):
    with pytest.raises(ConfigError, match=r"network\.home") as error:
        HomeNetworks(("192.168.0.0/16", bad), ())
    assert repr(bad) in str(error.value)


def test_too_many_configured_networks():
    with pytest.raises(ConfigError, match=r"network\.home"):
        HomeNetworks([f"11.{i}.0.0/24" for i in range(70)], ())


@given(st.lists(st.tuples(V4 | V6, st.integers(2, 128)), min_size=1, max_size=8), V4 | V6)
def test_masks_equal_ipaddress(prefixes, probe):
    networks = [
        ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False)
        for address, length in prefixes
    ]
    home = HomeNetworks([str(network) for network in networks], ())
    always = [ip_network(text) for text in NEVER_ROUTED]
    for address in (probe, *(a for a, _ in prefixes)):
        expected = any(
            address in network
            for network in [*networks, *always]
            if network.version == address.version
        )
        high, low = unpack_address(address.packed)
        assert home.contains(high, low) == expected
        masked = [
            (high & int(r[0])) == int(r[2]) and (low & int(r[1])) == int(r[3]) for r in home.array()
        ]
        assert any(masked) == expected


@given(st.lists(V4 | V6, max_size=20))
def test_find_local_equals_contains_for_the_default(addresses):
    home = HomeNetworks((), ())
    pairs = [unpack_address(address.packed) for address in addresses]
    array = np.array(pairs, np.uint64).reshape(-1, 2)
    assert home.find_local(array[:, 0], array[:, 1]).tolist() == [home.contains(*p) for p in pairs]


def test_wide_ipv6_network_covers_ipv4_as_documented():
    assert HomeNetworks(("::/0",), ()).contains(*parse_address("8.8.8.8"))
    assert not HomeNetworks(("2000::/3",), ()).contains(*parse_address("8.8.8.8"))


def test_array_shape():
    array = HomeNetworks((), ()).array()
    assert array.dtype == np.uint64
    assert array.shape == (BUILT_IN, 4)
    array[:] = 0
    assert HomeNetworks((), ()).contains(*parse_address(str(ip_address("10.0.0.1"))))
