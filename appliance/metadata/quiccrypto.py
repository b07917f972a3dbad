"""Packet protection of QUIC Initials: AES-128-GCM (RFC 9001, 5.3 and 5.4)."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import ECB

from appliance.metadata.quic import Initial


class AesOpener:
    """Keys of one client."""

    def __init__(self, key: bytes, iv: bytes, header_key: bytes) -> None:
        self._payload = AESGCM(key)
        self._iv = int.from_bytes(iv, "big")
        # ECB of one block is how the standard makes the mask of a header.
        self._mask = Cipher(AES128(header_key), ECB()).encryptor()  # noqa: S305

    def open(self, datagram: bytes, initial: Initial) -> bytes | None:
        """Return the frames of the packet; None if it was not made with these keys."""
        at = initial.number_at
        mask = self._mask.update(datagram[at + 4 : at + 20])
        first = datagram[initial.start] ^ mask[0] & 0x0F
        size = (first & 3) + 1
        number = bytes(a ^ b for a, b in zip(datagram[at : at + size], mask[1:], strict=False))
        header = bytes([first]) + datagram[initial.start + 1 : at] + number
        # Initials of one hello are among the first packets: the number is not shortened.
        nonce = (self._iv ^ int.from_bytes(number, "big")).to_bytes(12, "big")
        try:
            return self._payload.decrypt(nonce, datagram[at + size : initial.end], header)
        except InvalidTag:
            return None
