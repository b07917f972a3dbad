"""QUIC Initial packets of a client: the ClientHello in them (RFC 9000, 9001, 9369, drafts 23-34).

An Initial is encrypted under keys anyone can derive from its destination connection id.
"""

import hashlib
import hmac
import struct
from collections.abc import Iterator
from typing import NamedTuple, Protocol

FRAMES = 512  # of one packet; clients scatter their hello over some dozens on purpose
COALESCED = 4  # packets of one datagram looked at

_V1 = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_V2 = bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9")
_DRAFT_29 = bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899")
_DRAFT_23 = bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502")
_VERSION_2 = 0x6B3343CF
_SALTS = {
    1: _V1,
    _VERSION_2: _V2,
    **{0xFF000000 + draft: _DRAFT_23 for draft in range(23, 29)},
    **{0xFF000000 + draft: _DRAFT_29 for draft in range(29, 33)},
    **{0xFF000000 + draft: _V1 for draft in (33, 34)},
}
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO = 0, 1, 2, 3, 6
_LONG = struct.Struct(">BIB")


class Initial(NamedTuple):
    """A protected Initial packet. Offsets are into the datagram."""

    version: int
    destination: bytes  # connection id
    start: int
    number_at: int  # packet number
    end: int


class Opener(Protocol):
    """Removes the protection of Initials; slow, so the caller limits how often."""

    def open(self, datagram: bytes, initial: Initial) -> bytes | None:
        """Return the frames of the packet; None if it was not made with these keys."""


def find_initials(datagram: bytes) -> list[Initial]:
    """Return the Initials of a version we know that are there whole, at most COALESCED."""
    found: list[Initial] = []
    position = 0
    for _ in range(COALESCED):
        packet = _read_header(datagram, position)
        if packet is None:
            break
        is_initial, initial = packet
        if is_initial:
            found.append(initial)
        position = initial.end
    return found


def make_opener(version: int, destination: bytes) -> Opener:
    """Return what opens the packets of a client that began with this destination connection id.

    Loads the cryptography package on first use: 7 MB and 20 ms that a network without QUIC
    need not pay.
    """
    from appliance.metadata.quiccrypto import AesOpener  # noqa: PLC0415 (see above)

    return AesOpener(*derive_keys(version, destination))


def derive_keys(version: int, destination: bytes) -> tuple[bytes, bytes, bytes]:
    """Return key, IV and header protection key of the client (RFC 9001, 5.1 and 5.2)."""
    initial = hmac.digest(_SALTS[version], destination, hashlib.sha256)
    secret = _expand(initial, "client in", 32)
    prefix = "quicv2" if version == _VERSION_2 else "quic"
    return (
        _expand(secret, f"{prefix} key", 16),
        _expand(secret, f"{prefix} iv", 12),
        _expand(secret, f"{prefix} hp", 16),
    )


def read_crypto(frames: bytes) -> Iterator[tuple[int, bytes]]:
    """Give (offset, bytes) of the CRYPTO frames until the first frame that cannot be read."""
    position = 0
    for _ in range(FRAMES):
        position = len(frames) - len(frames[position:].lstrip(b"\0"))
        if position >= len(frames):
            return
        kind = frames[position]
        position += 1
        if kind == _CRYPTO:
            offset, position = read_varint(frames, position)
            length, position = read_varint(frames, position)
            if position < 0 or position + length > len(frames):
                return
            yield offset, frames[position : position + length]
            position += length
        elif kind in {_ACK, _ACK_ECN}:
            position = _skip_ack(frames, position, kind)
        elif kind != _PING:
            return
        if position < 0:
            return


def read_varint(data: bytes, position: int) -> tuple[int, int]:
    """Return a variable-length integer and the position after it; (0, -1) if it is not there.

    A negative position is handed through, so that a chain of reads needs one check.
    """
    if not 0 <= position < len(data):
        return 0, -1
    length = 1 << (data[position] >> 6)
    end = position + length
    if end > len(data):
        return 0, -1
    return int.from_bytes(data[position:end], "big") & (1 << 8 * length - 2) - 1, end


def _read_header(data: bytes, start: int) -> tuple[bool, Initial] | None:
    """Read one long header; None if there is none of a known version, or the packet is cut."""
    if start + 7 > len(data):
        return None
    first, version, size = _LONG.unpack_from(data, start)
    if first & 0xC0 != 0xC0 or version not in _SALTS or size > 20:
        return None
    position = start + 6
    destination = data[position : position + size]
    position += size
    if position >= len(data) or data[position] > 20:
        return None
    position += 1 + data[position]
    kind = (first >> 4 & 3) - (version == _VERSION_2) & 3
    if kind == 0:
        token, position = read_varint(data, position)
        position = position + token if position >= 0 else -1
    elif kind == 3:
        return None  # Retry: nothing follows it
    length, position = read_varint(data, position)
    if position < 0 or position + length > len(data) or length < 20:
        return None
    return kind == 0, Initial(version, destination, start, position, position + length)


def _skip_ack(frames: bytes, position: int, kind: int) -> int:
    """Return where the frame ends, -1 if damaged."""
    _, position = read_varint(frames, position)
    _, position = read_varint(frames, position)
    ranges, position = read_varint(frames, position)
    if ranges > len(frames):
        return -1
    for _ in range(1 + 2 * ranges + (3 if kind == _ACK_ECN else 0)):
        _, position = read_varint(frames, position)
        if position < 0:
            break
    return position


def _expand(secret: bytes, label: str, size: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446, 7.1) of at most one hash length, without context."""
    name = b"tls13 " + label.encode("ascii")
    info = size.to_bytes(2, "big") + bytes([len(name)]) + name + b"\0\1"
    return hmac.digest(secret, info, hashlib.sha256)[:size]
