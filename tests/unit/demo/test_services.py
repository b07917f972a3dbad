"""Everything outside is outside, reached through the router."""

import ipaddress

from appliance.demo import services
from appliance.demo.devices import ROUTER


def everyone() -> list[services.Service]:
    found = []
    for value in vars(services).values():
        if isinstance(value, services.Service):
            found.append(value)
        elif isinstance(value, tuple):
            found += [item for item in value if isinstance(item, services.Service)]
    return found


def test_addresses_are_public_and_used_once() -> None:
    known = everyone()
    assert len(known) > 30
    for service in known:
        assert ipaddress.ip_address(service.ip).is_global
        assert not service.ip6 or ipaddress.ip_address(service.ip6).is_global
        assert service.rtt_ns > 1_000_000
    assert len({service.ip for service in known}) == len(known)


def test_seen_through_the_router() -> None:
    end = services.MIRROR.at(80, ipv6=True)
    assert (end.mac, end.ip, end.port) == (ROUTER.mac, services.MIRROR.ip6, 80)
    assert end.ttl < 64
