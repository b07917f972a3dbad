"""What the casebook asks others about hosts; the composition root gives the answers."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple

from appliance.model.address import Address, parse_address


def _itself(address: Address) -> str:
    return address.ip


def _unknown(_: Address) -> str:
    return ""


def _nothing(_address: Address, _name: str) -> bool:
    return False


def _make(text: str) -> Address:
    address = Address(*parse_address(text))
    address.local = ip_address(text).is_private
    return address


class Directory(NamedTuple):
    """Who is who. Every answer must depend on what was seen only, never on a clock."""

    # What joins the addresses of one machine (its MAC, say); the address itself where unknown.
    device_of: Callable[[Address], str] = _itself
    # The device's name, or its MAC; "" unknown.
    device_name: Callable[[Address], str] = _unknown
    # Whether an address, or a name it goes by ("" none), is on a list of what is never reported.
    allowed: Callable[[Address, str], bool] = _nothing
    # The address of a text form, enriched; ValueError if it is none.
    address_of: Callable[[str], Address] = _make
