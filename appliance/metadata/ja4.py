"""JA4 client fingerprint, after FoxIO's description of it (JA4 alone is BSD 3-Clause).

Only the client fingerprint: the others of that family are under another licence.
"""

from hashlib import sha256

from appliance.metadata.tls import ALPN, SERVER_NAME, ClientHello

_VERSIONS = {0x0304: "13", 0x0303: "12", 0x0302: "11", 0x0301: "10", 0x0300: "s3", 0x0002: "s2"}
_EMPTY = "0" * 12


def fingerprint(hello: ClientHello, transport: str) -> str:
    """Return the JA4 of a complete ClientHello; transport is "t" (TCP) or "q" (QUIC)."""
    version = _VERSIONS.get(max(hello.versions, default=hello.version), "00")
    server = "d" if SERVER_NAME in hello.extensions else "i"
    counts = f"{min(len(hello.ciphers), 99):02}{min(len(hello.extensions), 99):02}"
    ciphers = _hex(sorted(hello.ciphers))
    extensions = _hex(sorted(e for e in hello.extensions if e not in {SERVER_NAME, ALPN}))
    if extensions and hello.signatures:
        extensions += "_" + _hex(hello.signatures)
    head = f"{transport}{version}{server}{counts}{_ends(hello.protocol)}"
    return f"{head}_{_digest(ciphers)}_{_digest(extensions)}"


def _ends(protocol: bytes) -> str:
    """First and last character, of the hexadecimal form if either is not alphanumeric."""
    if not protocol:
        return "00"
    if not protocol[:1].isalnum() or not protocol[-1:].isalnum():
        protocol = protocol.hex().encode("ascii")
    return chr(protocol[0]) + chr(protocol[-1])


def _hex(values: list[int] | tuple[int, ...]) -> str:
    return ",".join([f"{value:04x}" for value in values])


def _digest(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()[:12] if text else _EMPTY
