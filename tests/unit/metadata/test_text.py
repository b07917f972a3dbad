import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata.text import is_address, printable, without_port


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"plain", "plain"),
        ("Büro".encode(), "Büro"),
        (b"a\r\nb\0", "a\\x0d\\x0ab\\x00"),
        (b"\xff\xfe", "\\xff\\xfe"),
        ("a\u202eb".encode(), "a\\u202eb"),
    ],
)
def test_printable(raw: bytes, text: str) -> None:
    assert printable(raw, 100) == text


@given(st.binary(max_size=100), st.integers(1, 50))
def test_printable_prints_and_is_bounded(raw: bytes, limit: int) -> None:
    text = printable(raw, limit)
    assert text.isprintable()
    assert len(text) <= limit
    text.encode()  # no lone surrogates


def test_addresses_are_told_from_names() -> None:
    assert is_address("192.0.2.1")
    assert is_address("[2001:db8::1]:80")
    assert is_address("2001:db8::1")
    assert not is_address("1e100.net")


def test_without_port() -> None:
    assert without_port("example.com:8080") == "example.com"
    assert without_port("example.com") == "example.com"
    assert without_port("[::1]:80") == "[::1]"
    assert without_port("2001:db8::1") == "2001:db8::1"
