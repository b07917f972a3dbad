"""Addresses outside are outside."""

from ipaddress import IPv4Address

from appliance.demo.services import Service
from appliance.simulate import servers
from appliance.simulate.office import dice


def test_every_server_is_routed_and_has_an_address_of_its_own() -> None:
    single = [one for one in vars(servers).values() if isinstance(one, Service)]
    several = [*servers.SITES, *servers.TRACKERS, *servers.ADVERTS, *servers.EXCHANGES]
    assert len(single) > 15
    assert all(IPv4Address(one.ip).is_global for one in (*single, *several))
    assert len({one.ip for one in (*single, *several)}) == len(single) + len(several)


def test_strangers_are_routed_too() -> None:
    rng = dice(1, "strangers")
    assert all(IPv4Address(servers.stranger(rng)).is_global for _ in range(500))
