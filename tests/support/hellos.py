"""ClientHellos and QUIC Initials for tests."""

import ssl
import struct
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from appliance.metadata.quic import derive_keys

# The worked example of the JA4 description, without GREASE.
CHROME_CIPHERS = bytes.fromhex(
    "1301 1302 1303 c02b c02f c02c c030 cca9 cca8 c013 c014 009c 009d 002f 0035"
)
CHROME_EXTENSIONS = bytes.fromhex(
    "001b 0000 0033 0010 4469 0017 002d 000d 0005 0023 0012 002b ff01 000b 000a 0015"
)
CHROME_SIGNATURES = bytes.fromhex("0403 0804 0401 0503 0805 0501 0806 0601")
CHROME_JA4 = "13d1516h2_8daaf6152771_e5627efa2ab1"


def block(data: bytes, width: int = 2) -> bytes:
    """Return data behind its length."""
    return len(data).to_bytes(width, "big") + data


def build_hello(
    extensions: Iterable[tuple[int, bytes]], ciphers: bytes = CHROME_CIPHERS, version: int = 0x0303
) -> bytes:
    """Return the handshake message."""
    listed = b"".join(struct.pack(">H", kind) + block(value) for kind, value in extensions)
    body = struct.pack(">H", version) + bytes(range(32)) + block(b"s" * 32, 1) + block(ciphers)
    return b"\1" + block(body + block(b"\0", 1) + block(listed), 3)


def chrome_extensions(
    name: bytes = b"www.example.com", protocols: tuple[bytes, ...] = (b"h2", b"http/1.1")
) -> list[tuple[int, bytes]]:
    """Return the extensions of the JA4 example, in its order."""
    values = {
        0: block(b"\0" + block(name)),
        16: block(b"".join(block(p, 1) for p in protocols)),
        13: block(CHROME_SIGNATURES),
        43: block(bytes.fromhex("0a0a 0304 0303"), 1),
    }
    kinds = struct.unpack(">16H", CHROME_EXTENSIONS)
    return [(kind, values.get(kind, b"")) for kind in kinds]


def build_records(handshake: bytes, size: int = 16_384) -> bytes:
    """Return the handshake in TLS records of at most `size` bytes."""
    pieces = (handshake[i : i + size] for i in range(0, len(handshake), size))
    return b"".join(b"\x16\x03\x01" + block(piece) for piece in pieces)


def openssl_hello(name: str, protocols: list[str]) -> bytes:
    """Return what this machine's OpenSSL sends first: TLS records."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(protocols)
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake cannot end without a server")


def varint(value: int) -> bytes:
    """Return QUIC's variable-length integer in its longest common form."""
    return struct.pack(">H", value | 0x4000) if value < 0x4000 else struct.pack(">I", value | 2**31)


def crypto_frame(offset: int, data: bytes) -> bytes:
    """Return a CRYPTO frame."""
    return b"\6" + varint(offset) + varint(len(data)) + data


def build_initial(
    frames: bytes,
    *,
    version: int = 1,
    destination: bytes = b"\x83\x94\xc8\xf0\x3e\x51\x57\x08",
    keys_from: bytes = b"",
    number: int = 0,
    token: bytes = b"",
) -> bytes:
    """Return a protected Initial of a client, padded to 1,200 bytes."""
    key, iv, header_key = derive_keys(version, keys_from or destination)
    frames = frames.ljust(1_140 - len(token), b"\0")
    packet_number = number.to_bytes(2, "big")
    kind = 1 if version == 0x6B3343CF else 0
    header = (
        bytes([0xC1 | kind << 4])
        + struct.pack(">I", version)
        + block(destination, 1)
        + block(b"", 1)
        + varint(len(token))
        + token
        + varint(2 + len(frames) + 16)
        + packet_number
    )
    nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(key).encrypt(nonce, frames, header)
    mask = Cipher(AES128(header_key), ECB()).encryptor().update(sealed[2:18])
    hidden = bytes(a ^ b for a, b in zip(packet_number, mask[1:], strict=False))
    return bytes([header[0] ^ mask[0] & 15]) + header[1:-2] + hidden + sealed
