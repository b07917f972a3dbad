import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata.ssh import parse_banner


@pytest.mark.parametrize(
    ("data", "banner"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "OpenSSH_9.2p1 Debian-2"),
        (b"SSH-2.0-libssh\n\0\0more", "libssh"),
        (b"SSH-1.99-Cisco-1.25\n", "SSH-1.99-Cisco-1.25"),
        (b"SSH-2.0-x\x1b[31m\r\n", "x\\x1b[31m"),
        (b"SSH-2.0-" + b"a" * 900, "a" * 247),
        (b"SSH-2.0-\r\n", None),
        (b"SSH-2.0", None),
        (b"HTTP/1.1 200", None),
        (b"", None),
    ],
)
def test_banner(data: bytes, banner: str | None) -> None:
    assert parse_banner(data) == banner


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    banner = parse_banner(b"SSH-2.0-" + data)
    assert banner is None or (banner.isprintable() and len(banner) <= 255)
