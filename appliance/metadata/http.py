"""HTTP/1 requests (RFC 9112), and SSDP, which looks the same in a datagram."""

import re
from typing import NamedTuple

from appliance.metadata.text import printable

HEADERS = 64  # lines looked at
PATH_CHARACTERS = 256
VALUE_CHARACTERS = 512

_METHOD = re.compile(rb"[A-Z][A-Z_-]{1,19}")
_BLANKS = b" \t\r"


class Request(NamedTuple):
    """A request as far as it was kept. "" where not there."""

    method: str
    path: str  # without scheme and host; host:port for CONNECT
    host: str  # lower case, port included if it was given
    user_agent: str


def parse_request(data: bytes) -> Request | None:
    """Read the request line and the headers that are there whole; None if it is no HTTP request."""
    line, newline, rest = data.partition(b"\n")
    method, _, target = line.rstrip(_BLANKS).partition(b" ")
    target, _, version = target.rpartition(b" ") if b" " in target else (target, b"", b"")
    if newline and version and not version.startswith(b"HTTP/"):
        return None  # SIP and RTSP begin like this
    if not target or not _METHOD.fullmatch(method):
        return None
    headers = read_headers(rest, (b"host", b"user-agent"))
    scheme, separator, remainder = target.partition(b"://")
    authority = b""
    if separator and scheme.lower() in {b"http", b"https"}:
        authority, slash, target = remainder.partition(b"/")
        target = slash + target
    elif method == b"CONNECT":
        authority = target.split(b" ", 1)[0]
    host = printable(headers.get(b"host") or authority, VALUE_CHARACTERS).lower()
    agent = printable(headers.get(b"user-agent", b""), VALUE_CHARACTERS)
    return Request(method.decode("ascii"), printable(target, PATH_CHARACTERS), host, agent)


def parse_ssdp(data: bytes) -> str | None:
    """Return the product an SSDP message names, "" without; None if it is another message."""
    line, _, rest = data.partition(b"\n")
    if not line.startswith((b"M-SEARCH * HTTP/", b"NOTIFY * HTTP/", b"HTTP/1.")):
        return None
    headers = read_headers(rest, (b"server", b"user-agent"))
    product = headers.get(b"server") or headers.get(b"user-agent", b"")
    return printable(product, VALUE_CHARACTERS)


def read_headers(data: bytes, wanted: tuple[bytes, ...]) -> dict[bytes, bytes]:
    """Return the first value of each wanted header (names in lower case).

    A line without its line end may be cut and is not used.
    """
    found: dict[bytes, bytes] = {}
    for line in data.split(b"\n", HEADERS)[:-1]:
        name, colon, value = line.partition(b":")
        if not colon:
            if not line.strip(_BLANKS):
                break
            continue
        name = name.lower()
        if name in wanted:
            found.setdefault(name, value.strip(_BLANKS))
    return found
