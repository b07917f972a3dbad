"""SSH identification strings (RFC 4253, 4.2)."""

from appliance.metadata.text import printable

BANNER_BYTES = 255  # as the RFC


def parse_banner(data: bytes) -> str | None:
    """Return the identification without its "SSH-2.0-"; other versions are kept whole.

    None if the bytes are no identification.
    """
    line = data[:BANNER_BYTES].split(b"\n", 1)[0].rstrip(b"\r")
    if not line.startswith(b"SSH-") or line.count(b"-") < 2:
        return None
    return printable(line.removeprefix(b"SSH-2.0-"), BANNER_BYTES) or None
