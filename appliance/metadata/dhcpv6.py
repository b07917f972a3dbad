"""DHCP for IPv6 (RFC 8415): who a client says it is."""

from collections.abc import Iterator
from typing import NamedTuple

from appliance.metadata.dhcp import FINGERPRINT_OPTIONS, NAME_CHARACTERS, read_wire_name
from appliance.metadata.text import printable

RELAYS = 4  # nested relay messages unwrapped
OPTIONS = 64

REPLY = 7
_RELAY_FORWARD, _RELAY_REPLY = 12, 13
_CLIENT_ID, _IA_NA, _IA_ADDRESS, _REQUEST, _RELAY_MESSAGE, _VENDOR_CLASS, _FQDN = (
    1,
    3,
    5,
    6,
    9,
    16,
    39,
)
_FROM_CLIENT = frozenset({1, 3, 4, 5, 6, 8, 9, 11})


class LeaseV6(NamedTuple):
    """One message. "" or 0 where not given."""

    kind: int  # the innermost message type
    from_client: bool
    relayed: bool
    mac: int  # in the client's DUID; may be of another interface than the one that sends
    assigned: bytes  # 16 bytes, b"" without
    hostname: str
    vendor_class: str
    fingerprint: str  # options asked for, "17,23,24"


def parse_dhcpv6(data: bytes) -> LeaseV6 | None:
    """Read a message, relayed or not; None if it is too short or of no known kind."""
    relayed = False
    for _ in range(RELAYS):
        if len(data) < 4 or data[0] not in {_RELAY_FORWARD, _RELAY_REPLY}:
            break
        relayed = True
        data = next((v for code, v in iter_options(data, 34) if code == _RELAY_MESSAGE), b"")
    if len(data) < 4 or not 1 <= data[0] <= 11:
        return None
    options: dict[int, bytes] = {}
    for code, value in iter_options(data, 4):
        options.setdefault(code, value)
    inner = iter_options(options.get(_IA_NA, b""), 12)
    assigned = next((v[:16] for code, v in inner if code == _IA_ADDRESS and len(v) >= 16), b"")
    asked = options.get(_REQUEST, b"")[: 2 * FINGERPRINT_OPTIONS]
    numbers = [asked[i] << 8 | asked[i + 1] for i in range(0, len(asked) - 1, 2)]
    return LeaseV6(
        kind=data[0],
        from_client=data[0] in _FROM_CLIENT,
        relayed=relayed,
        mac=_read_duid(options.get(_CLIENT_ID, b"")),
        assigned=assigned,
        hostname=read_wire_name(options.get(_FQDN, b"")[1:]),
        vendor_class=_read_vendor(options.get(_VENDOR_CLASS, b"")),
        fingerprint=",".join(map(str, numbers)),
    )


def iter_options(data: bytes, position: int) -> Iterator[tuple[int, bytes]]:
    """Give (code, value) of the options from `position` that are there whole."""
    for _ in range(OPTIONS):
        if position + 4 > len(data):
            return
        code = data[position] << 8 | data[position + 1]
        first = position + 4
        position = first + (data[position + 2] << 8 | data[position + 3])
        if position > len(data):
            return
        yield code, data[first:position]


def _read_duid(duid: bytes) -> int:
    """Return the Ethernet address in a DUID of type 1 (with time) or 3 (without), else 0."""
    if duid[:4] == b"\0\1\0\1" and len(duid) == 14:
        return int.from_bytes(duid[8:], "big")
    if duid[:4] == b"\0\3\0\1" and len(duid) == 10:
        return int.from_bytes(duid[4:], "big")
    return 0


def _read_vendor(option: bytes) -> str:
    """Return the first class: enterprise number, then length and bytes each."""
    if len(option) < 6:
        return ""
    return printable(option[6 : 6 + (option[4] << 8 | option[5])], NAME_CHARACTERS)
