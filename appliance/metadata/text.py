"""Text a stranger sent, made fit to be stored and shown."""


def printable(raw: bytes, limit: int) -> str:
    r"""Return at most `limit` characters of UTF-8 text.

    Bytes that are not UTF-8 and characters that do not print (control characters, line ends,
    marks that turn the direction of writing) become escapes such as \x0a.
    """
    text = raw[: 4 * limit].decode("utf-8", "backslashreplace")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else escape(c) for c in text)
    return text[:limit]


def escape(character: str) -> str:
    """Return a visible form of one character that does not print."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def is_address(host: str) -> bool:
    """Tell whether a host name is an IP literal: digits and dots, or an IPv6 form."""
    return ":" in host or host.startswith("[") or not host.strip("0123456789.")


def without_port(host: str) -> str:
    """Return the host of "host:port" or "[v6]:port"; other text as it is."""
    head, colon, tail = host.rpartition(":")
    if colon and tail.isdigit() and (":" not in head or head.endswith("]")):
        return head
    return host
