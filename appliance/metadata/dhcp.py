"""DHCP for IPv4 (RFC 2131, 2132): who a client says it is."""

from typing import NamedTuple

from appliance.metadata.dns import DamagedNameError, read_name
from appliance.metadata.text import printable

NAME_CHARACTERS = 255
FINGERPRINT_OPTIONS = 128

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)

_OPTIONS_AT = 240
_COOKIE = b"\x63\x82\x53\x63"
_PAD, _HOSTNAME, _REQUESTED, _TYPE, _PARAMETERS, _VENDOR, _FQDN, _END = (
    0,
    12,
    50,
    53,
    55,
    60,
    81,
    255,
)


class Lease(NamedTuple):
    """One message. "" or 0 where not given."""

    kind: int  # DISCOVER ...; 0 plain BOOTP
    from_client: bool
    mac: int  # of the client
    transaction: int
    current: int  # IPv4 address the client has
    requested: int  # IPv4 address the client wants
    assigned: int  # IPv4 address the server gives
    hostname: str
    vendor_class: str
    fingerprint: str  # options asked for, "1,3,6,15"


def parse_dhcp(data: bytes) -> Lease | None:
    """Read a message; None without DHCP's cookie or an Ethernet address. A cut one gives less."""
    if len(data) < _OPTIONS_AT or data[236:240] != _COOKIE or data[1:3] != b"\1\6":
        return None
    if data[0] not in {1, 2}:
        return None
    options = _read_options(data)
    number = int.from_bytes
    hostname = options.get(_HOSTNAME, b"").rstrip(b"\0")
    asked = options.get(_PARAMETERS, b"")[:FINGERPRINT_OPTIONS]
    requested = options.get(_REQUESTED, b"")
    return Lease(
        kind=number(options.get(_TYPE, b"")[:1], "big"),
        from_client=data[0] == 1,
        mac=number(data[28:34], "big"),
        transaction=number(data[4:8], "big"),
        current=number(data[12:16], "big"),
        requested=number(requested, "big") if len(requested) == 4 else 0,
        assigned=number(data[16:20], "big"),
        hostname=printable(hostname, NAME_CHARACTERS) or _read_fqdn(options.get(_FQDN, b"")),
        vendor_class=printable(options.get(_VENDOR, b"").rstrip(b"\0"), NAME_CHARACTERS),
        fingerprint=",".join(map(str, asked)),
    )


def _read_options(data: bytes) -> dict[int, bytes]:
    """Return the options that are there whole; pieces of a long one are joined (RFC 3396)."""
    options: dict[int, bytes] = {}
    position, size = _OPTIONS_AT, len(data)
    while position < size and data[position] != _END:
        code = data[position]
        if code == _PAD:
            position += 1
            continue
        if position + 2 > size or position + 2 + data[position + 1] > size:
            break
        first = position + 2
        position = first + data[position + 1]
        options[code] = options.get(code, b"") + data[first:position]
    return options


def _read_fqdn(option: bytes) -> str:
    """Return the name of option 81 (RFC 4702): flags, two old codes, name as text or as in DNS."""
    if len(option) <= 3:
        return ""
    if option[0] & 4:
        return read_wire_name(option[3:])
    return printable(option[3:].rstrip(b"\0"), NAME_CHARACTERS).rstrip(".")


def read_wire_name(data: bytes) -> str:
    """Return a name in DNS form, also without the root at its end; "" if damaged."""
    try:
        name, _ = read_name(data + b"\0", 0)
    except (DamagedNameError, IndexError):
        return ""
    return "" if name == "." else name
