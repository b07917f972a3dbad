"""NetBIOS name service (RFC 1002): names that machines claim."""

import struct
from typing import NamedTuple

from appliance.metadata.dns import rcode_name
from appliance.metadata.text import printable

STATUS_NAMES = 32  # of a node status answer

_HEADER = struct.Struct(">6H")
_RECORD = struct.Struct(">HHIH")
_NB, _NBSTAT = 0x20, 0x21
_TYPES = {_NB: "NB", _NBSTAT: "NBSTAT"}
_QUERY, _REGISTRATION = 0, frozenset({5, 8, 9, 15})  # refresh is 8 or 9, multi-homed 15
_WORKSTATION, _SERVER = 0x00, 0x20  # last byte of the names a machine has for itself
_GROUP = 0x8000


class Claim(NamedTuple):
    """One message."""

    response: bool
    rcode: str
    name: str  # asked for or claimed; upper case as sent
    type: str
    hostname: str  # the name if the message says that one machine has it, else ""
    address: int  # IPv4 of that machine, 0 not said
    mac: int  # of that machine, 0 not said


def parse_nbns(data: bytes) -> Claim | None:
    """Read a message; None if its header or first name is damaged. A cut one gives less."""
    if len(data) < 12:
        return None
    _, flags, questions, answers, _, additional = _HEADER.unpack_from(data)
    first = decode_name(data, 12)
    if first is None or not (questions or answers):
        return None
    name, suffix, position = first
    if position + 4 > len(data):
        return None
    kind = data[position] << 8 | data[position + 1]
    response, opcode, rcode = flags >= 0x8000, flags >> 11 & 15, flags & 15
    hostname, address, mac = "", 0, 0
    if response and kind == _NBSTAT and not questions:
        hostname, mac = _read_status(data, position)
    elif suffix in {_WORKSTATION, _SERVER}:
        address = 0
        if response and opcode == _QUERY and rcode == 0 and answers and not questions:
            address = _read_owner(data, position)
        elif not response and opcode in _REGISTRATION and questions == 1 and additional:
            address = _read_registration(data, position + 4)
        hostname = name if address else ""
    text = rcode_name(rcode) if response else ""
    return Claim(response, text, name, _TYPES.get(kind, f"TYPE{kind}"), hostname, address, mac)


def decode_name(data: bytes, position: int) -> tuple[str, int, int] | None:
    """Return (name, suffix byte, position after it) of a first-level encoded name.

    A scope behind the name is skipped; None if damaged.
    """
    end = position + 33
    if end >= len(data) or data[position] != 32:
        return None
    halves = [byte - 65 for byte in data[position + 1 : end]]
    if min(halves) < 0 or max(halves) > 15:
        return None
    raw = bytes(high << 4 | low for high, low in zip(halves[::2], halves[1::2], strict=True))
    while data[end]:
        if data[end] >= 0xC0:
            end += 1
            break
        end += 1 + data[end]
        if end >= len(data) or end - position > 255:
            return None
    return printable(raw[:15].rstrip(b" \0"), 64), raw[15], end + 1


def _read_owner(data: bytes, position: int) -> int:
    """Return the address behind a record head of type NB, 0 if a group's or damaged."""
    if position + 16 > len(data):
        return 0
    kind, _, _, length = _RECORD.unpack_from(data, position)
    group = data[position + 10] << 8 & _GROUP
    if kind != _NB or length < 6 or group:
        return 0
    return int.from_bytes(data[position + 12 : position + 16], "big")


def _read_registration(data: bytes, position: int) -> int:
    """Return the address of the additional record, whose name points to the question."""
    if data[position : position + 2] == b"\xc0\x0c":
        return _read_owner(data, position + 2)
    name = decode_name(data, position)
    return _read_owner(data, name[2]) if name else 0


def _read_status(data: bytes, position: int) -> tuple[str, int]:
    """Return the first unique workstation name of a node status answer, and the unit's MAC."""
    position += 10
    if position >= len(data):
        return "", 0
    count = data[position]
    position += 1
    end = position + 18 * count
    hostname = ""
    for at in range(position, min(end, position + 18 * STATUS_NAMES, len(data) - 17), 18):
        unique = not data[at + 16] << 8 & _GROUP
        if unique and data[at + 15] == _WORKSTATION:
            hostname = printable(data[at : at + 15].rstrip(b" \0"), 64)
            break
    mac = int.from_bytes(data[end : end + 6], "big") if end + 6 <= len(data) else 0
    return hostname, mac
