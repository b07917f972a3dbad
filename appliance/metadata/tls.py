"""The TLS ClientHello (RFC 8446, 4.1.2), whole or cut, from TCP segments or QUIC."""

import struct
from typing import NamedTuple

from appliance.metadata.text import printable

HANDSHAKE_RECORD = 22
CLIENT_HELLO = 1
SERVER_NAME, SIGNATURE_ALGORITHMS, ALPN, SUPPORTED_VERSIONS = 0, 13, 16, 43
NAME_CHARACTERS = 255

_RECORD = struct.Struct(">BHH")
_PAIR = struct.Struct(">HH")
_VERSIONS = {
    0x0300: "SSLv3",
    0x0301: "TLSv1",
    0x0302: "TLSv1.1",
    0x0303: "TLSv1.2",
    0x0304: "TLSv1.3",
}


class ClientHello(NamedTuple):
    """What a client offers, in its order; GREASE values (RFC 8701) are left out."""

    complete: bool  # False: the rest of the message was not there, or is damaged
    version: int  # of the message itself
    ciphers: tuple[int, ...]
    extensions: tuple[int, ...]
    versions: tuple[int, ...]  # supported_versions
    signatures: tuple[int, ...]  # signature_algorithms
    protocol: bytes  # first in ALPN
    server_name: str  # lower case


def join_records(stream: bytes) -> bytes:
    """Return the handshake bytes at the beginning of a TCP stream, as far as they are there."""
    position, size = 0, len(stream)
    parts: list[bytes] = []
    while position + 5 <= size:
        kind, version, length = _RECORD.unpack_from(stream, position)
        if kind != HANDSHAKE_RECORD or version >> 8 != 3 or not length:
            break
        parts.append(stream[position + 5 : position + 5 + length])
        position += 5 + length
    return parts[0] if len(parts) == 1 else b"".join(parts)


def parse_client_hello(handshake: bytes) -> ClientHello | None:
    """Read a ClientHello; None if it is another message or ends before the cipher suites do."""
    end = 4 + int.from_bytes(handshake[1:4], "big")
    body = handshake[:end]
    if len(body) < 39 or body[0] != CLIENT_HELLO:
        return None
    version = body[4] << 8 | body[5]
    position = 39 + body[38]
    ciphers = _read_block(body, position, 2)
    if version >> 8 != 3 or ciphers is None:
        return None
    position += 2 + len(ciphers)
    compression = _read_block(body, position, 1)
    extensions: dict[int, bytes] = {}
    order: list[int] = []
    complete = False
    if compression is not None:
        position += 1 + len(compression)
        complete = _read_extensions(body, position, extensions, order) and len(body) == end
    return ClientHello(
        complete,
        version,
        _numbers(ciphers),
        tuple(kind for kind in order if not is_grease(kind)),
        _numbers(extensions.get(SUPPORTED_VERSIONS, b"")[1:]),
        _numbers(extensions.get(SIGNATURE_ALGORITHMS, b"")[2:]),
        _first_protocol(extensions.get(ALPN, b"")),
        _server_name(extensions.get(SERVER_NAME, b"")),
    )


def version_name(hello: ClientHello) -> str:
    """Return the highest version offered that has a name; drafts of 1.3 count as 1.3."""
    drafts = any(v >> 8 == 0x7F for v in hello.versions)
    highest = max((v for v in hello.versions if v in _VERSIONS), default=0)
    return _VERSIONS.get(0x0304 if drafts else highest or hello.version, "")


def is_grease(value: int) -> bool:
    """Tell whether a 16-bit value is one of the sixteen reserved by RFC 8701."""
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def _read_block(data: bytes, position: int, width: int) -> bytes | None:
    """Return a block behind its length of `width` bytes; None if it is not there whole."""
    first = position + width
    last = first + int.from_bytes(data[position:first], "big")
    return data[first:last] if first <= len(data) >= last else None


def _read_extensions(
    body: bytes, position: int, extensions: dict[int, bytes], order: list[int]
) -> bool:
    """Fill in what is there whole; tell whether that was all."""
    if position == len(body):
        return True  # before TLS 1.3 there may be none
    if position + 2 > len(body):
        return False
    end = position + 2 + (body[position] << 8 | body[position + 1])
    position += 2
    while position + 4 <= min(end, len(body)):
        kind, length = _PAIR.unpack_from(body, position)
        position += 4 + length
        if position > min(end, len(body)):
            return False
        order.append(kind)
        extensions.setdefault(kind, body[position - length : position])
    return position == end


def _numbers(block: bytes) -> tuple[int, ...]:
    count = len(block) // 2
    values = struct.unpack(f">{count}H", block[: 2 * count])
    return tuple(v for v in values if v & 0x0F0F != 0x0A0A or not is_grease(v))


def _first_protocol(extension: bytes) -> bytes:
    """Return the first name in the list that is not GREASE."""
    position = 2
    while position < len(extension):
        length = extension[position]
        name = extension[position + 1 : position + 1 + length]
        if len(name) != length:
            break
        if length != 2 or not is_grease(name[0] << 8 | name[1]):
            return name
        position += 1 + length
    return b""


def _server_name(extension: bytes) -> str:
    """Return the first name of the list if it is a host name (RFC 6066, 3)."""
    if len(extension) < 6 or extension[2] != 0:
        return ""
    name = _read_block(extension, 3, 2)
    return printable(name, NAME_CHARACTERS).lower() if name else ""
