"""First words of encrypted protocols: TLS ClientHello, QUIC Initial, HTTP request.

RFC 8446 (TLS), RFC 8701 (GREASE), RFC 9000 and 9001 (QUIC). Contents derive from the name asked
for, so that the same client always says the same to the same server.
"""

import functools
import hashlib
import hmac
import struct
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_GREASE = 0x4A4A
_INITIAL_SALT = bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a")
_QUIC_INITIAL_BYTES = 1_200  # the least a client's first datagram may have


class TlsClient(NamedTuple):
    """How one TLS library introduces itself."""

    ciphers: tuple[int, ...]
    groups: tuple[int, ...]
    shares: tuple[tuple[int, int], ...]  # key shares sent: group, bytes
    signatures: tuple[int, ...]
    alpn: tuple[str, ...]
    grease: bool
    tls13: bool = True


_SIGNATURES = (0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)
_AEADS = (0x1301, 0x1302, 0x1303)
_ECDHE = (0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8)

BROWSER = TlsClient(  # a post-quantum share makes this hello longer than one segment
    ciphers=(*_AEADS, *_ECDHE, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035),
    groups=(0x11EC, 0x001D, 0x0017, 0x0018),
    shares=((0x11EC, 1_216), (0x001D, 32)),
    signatures=_SIGNATURES,
    alpn=("h2", "http/1.1"),
    grease=True,
)
PHONE = TlsClient(
    ciphers=(*_AEADS, *_ECDHE, 0xC00A, 0xC009, 0xC014, 0xC013),
    groups=(0x001D, 0x0017, 0x0018, 0x0019),
    shares=((0x001D, 32),),
    signatures=_SIGNATURES,
    alpn=("h2", "http/1.1"),
    grease=True,
)
LIBRARY = TlsClient(
    ciphers=(0x1302, 0x1303, 0x1301, *_ECDHE, 0x009F, 0x009E, 0x00FF),
    groups=(0x001D, 0x0017, 0x001E, 0x0019, 0x0018),
    shares=((0x001D, 32),),
    signatures=(*_SIGNATURES, 0x0807, 0x0808),
    alpn=("http/1.1",),
    grease=False,
)
GADGET = TlsClient(
    ciphers=(0xC02B, 0xC02F, 0xC023, 0xC027, 0x009C, 0x002F),
    groups=(0x0017, 0x0018),
    shares=(),
    signatures=(0x0403, 0x0401, 0x0201),
    alpn=(),
    grease=False,
    tls13=False,
)


def _bytes_for(label: str, length: int) -> bytes:
    """Return bytes that look random and depend on the label alone."""
    return hashlib.shake_256(label.encode()).digest(length)


def _vector(size: int, data: bytes) -> bytes:
    return len(data).to_bytes(size) + data


def _words(values: tuple[int, ...]) -> bytes:
    return struct.pack(f"!{len(values)}H", *values)


def _extension(kind: int, data: bytes) -> bytes:
    return kind.to_bytes(2) + _vector(2, data)


def _extensions(client: TlsClient, sni: str) -> bytes:
    grease = (_GREASE,) if client.grease else ()
    parts = [_extension(_GREASE, b"")] if grease else []
    parts += [
        _extension(0x0000, _vector(2, b"\0" + _vector(2, sni.encode()))),
        _extension(0x0017, b""),  # extended master secret
        _extension(0xFF01, b"\0"),  # renegotiation info
        _extension(0x000A, _vector(2, _words(grease + client.groups))),
        _extension(0x000B, b"\x01\0"),  # uncompressed points
        _extension(0x0023, b""),  # session ticket
        _extension(0x000D, _vector(2, _words(client.signatures))),
    ]
    if client.alpn:
        protocols = b"".join(_vector(1, name.encode()) for name in client.alpn)
        parts.append(_extension(0x0010, _vector(2, protocols)))
    if client.tls13:
        shares = b"".join(
            group.to_bytes(2) + _vector(2, _bytes_for(f"share {sni} {group}", length))
            for group, length in client.shares
        )
        parts += [
            _extension(0x0033, _vector(2, shares)),
            _extension(0x002D, b"\x01\x01"),  # PSK with (EC)DHE
            _extension(0x002B, _vector(1, _words((*grease, 0x0304, 0x0303)))),
        ]
    return b"".join(parts)


def handshake_hello(client: TlsClient, sni: str, extra: bytes = b"") -> bytes:
    """Return the ClientHello as a handshake message, `extra` being further extensions."""
    grease = (_GREASE,) if client.grease else ()
    session = b"" if extra else _bytes_for(f"session {sni}", 32)
    body = (
        b"\x03\x03"
        + _bytes_for(f"random {sni}", 32)
        + _vector(1, session)
        + _vector(2, _words(grease + client.ciphers))
        + b"\x01\0"
        + _vector(2, _extensions(client, sni) + extra)
    )
    return b"\x01" + _vector(3, body)


@functools.lru_cache(maxsize=256)
def client_hello(client: TlsClient, sni: str) -> bytes:
    """Return the ClientHello in its TLS record."""
    return b"\x16\x03\x01" + _vector(2, handshake_hello(client, sni))


def quic_initial(client: TlsClient, sni: str, dcid: bytes) -> bytes:
    """Return the first UDP payload of a QUIC connection for HTTP/3; dcid is the client's choice."""
    transport = _extension(0x0039, bytes.fromhex("01048000753003048000ffff0404800c000008024064"))
    tls = client._replace(
        ciphers=_AEADS, groups=(0x001D, 0x0017), shares=((0x001D, 32),), alpn=("h3",)
    )
    message = handshake_hello(tls, sni, transport)
    crypto = b"\x06\0" + (0x4000 | len(message)).to_bytes(2) + message
    return seal_initial(dcid, 0, crypto)


def seal_initial(dcid: bytes, number: int, frames: bytes) -> bytes:
    """Return a client Initial of QUIC version 1, padded and protected (RFC 9001, 5).

    dcid: the destination connection id the keys derive from; number: 0..2^32-1.
    """
    secret = hmac.digest(_INITIAL_SALT, dcid, "sha256")
    secret = _expand(secret, b"client in", 32)
    key, iv, mask_key = (
        _expand(secret, label, size)
        for label, size in ((b"quic key", 16), (b"quic iv", 12), (b"quic hp", 16))
    )
    head = b"\xc3\0\0\0\x01" + _vector(1, dcid) + b"\0\0"  # no source id, no token
    length = _QUIC_INITIAL_BYTES - len(head) - 2  # number, frames and tag
    header = head + (0x4000 | length).to_bytes(2) + number.to_bytes(4)
    nonce = (int.from_bytes(iv) ^ number).to_bytes(12)
    sealed = AESGCM(key).encrypt(nonce, frames.ljust(length - 20, b"\0"), header)
    # ECB of one block is the construction of RFC 9001, 5.4.3
    mask_of = Cipher(algorithms.AES(mask_key), modes.ECB()).encryptor()  # noqa: S305
    mask = mask_of.update(sealed[:16])
    first = header[0] ^ mask[0] & 0x0F
    masked = bytes(a ^ b for a, b in zip(header[-4:], mask[1:5], strict=True))
    return bytes([first]) + header[1:-4] + masked + sealed


def _expand(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label of RFC 8446, 7.1, for at most 32 bytes."""
    info = length.to_bytes(2) + _vector(1, b"tls13 " + label) + b"\0"
    return hmac.digest(secret, info + b"\x01", "sha256")[:length]


def http_request(host: str, path: str, user_agent: str) -> bytes:
    """Return a GET request."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\n"
        "Accept: */*\r\nConnection: keep-alive\r\n\r\n"
    ).encode()


def http_response(length: int, kind: str) -> bytes:
    """Return the head of a 200 answer whose body has `length` bytes."""
    return (
        "HTTP/1.1 200 OK\r\nServer: nginx\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    ).encode()
