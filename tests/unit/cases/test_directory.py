import pytest

from appliance.cases.directory import Directory
from tests.support.signals import address


def test_without_anybody_to_ask_a_host_is_its_address() -> None:
    directory = Directory()
    host = address("192.168.1.5")
    assert directory.device_of(host) == "192.168.1.5"
    assert directory.device_name(host) == ""
    assert not directory.allowed(host, "name.example")
    assert directory.address_of("192.168.1.5").local
    assert not directory.address_of("8.8.8.8").local
    with pytest.raises(ValueError):
        directory.address_of("nobody")
