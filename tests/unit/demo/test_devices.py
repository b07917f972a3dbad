"""The cast must not contradict itself."""

import ipaddress

from appliance.demo.devices import DEVICES, GHOST_OCTET, HOME_NETWORKS, ROUTER


def test_everyone_is_somebody_else() -> None:
    for key in ("hostname", "mac", "octet"):
        assert len({getattr(device, key) for device in DEVICES}) == len(DEVICES)
    assert GHOST_OCTET not in {device.octet for device in DEVICES}


def test_everyone_is_at_home() -> None:
    v4, v6 = map(ipaddress.ip_network, HOME_NETWORKS)
    for device in DEVICES:
        assert ipaddress.ip_address(device.ip) in v4
        assert ipaddress.ip_address(device.ip6) in v6
        assert ipaddress.ip_address(device.link_local).is_link_local
        assert len(device.mac) == 6
        assert not device.mac[0] & 3  # a maker's unicast address


def test_interface_identifier_comes_from_the_mac() -> None:
    assert ROUTER.link_local.hex() == "fe800000000000003ea62ffffe10a401"


def test_endpoint_has_the_family_asked_for() -> None:
    assert ROUTER.at(53).ip == ROUTER.ip
    assert ROUTER.at(53, ipv6=True).ip == ROUTER.ip6
