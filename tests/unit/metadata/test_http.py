import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata import http
from appliance.metadata.http import parse_request, parse_ssdp

GET = (
    b"GET /a/b?c=1 HTTP/1.1\r\nUser-Agent: curl/8.0\r\n"
    b"Accept: */*\r\nHOST:  Example.COM:8080 \r\n\r\n"
)


def test_request() -> None:
    assert parse_request(GET) == ("GET", "/a/b?c=1", "example.com:8080", "curl/8.0")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"GET / HTTP/1.0\n\n", ("GET", "/", "", "")),
        (b"GET /old\r\n", ("GET", "/old", "", "")),
        (b"GET http://Site.example/x HTTP/1.1\r\n\r\n", ("GET", "/x", "site.example", "")),
        (
            b"CONNECT h.example:443 HTTP/1.1\r\n\r\n",
            ("CONNECT", "h.example:443", "h.example:443", ""),
        ),
        (b"M-SEARCH * HTTP/1.1\r\nHost: a\r\n", ("M-SEARCH", "*", "a", "")),
        (b"GET /x\x00\xff HTTP/1.1\r\n\r\n", ("GET", "/x\\x00\\xff", "", "")),
        (b"POST / HTTP/1.1\r\nHost: first\r\nHost: second\r\n", ("POST", "/", "first", "")),
        (b"POST / HTTP/1.1\r\n\r\nHost: in the body\r\n", ("POST", "/", "", "")),
    ],
)
def test_forms(data: bytes, expected: tuple[str, ...]) -> None:
    assert parse_request(data) == expected


@pytest.mark.parametrize(
    "data",
    [b"", b"GET", b"GET ", b"get / HTTP/1.1\r\n", b"OPTIONS sip:a@b SIP/2.0\r\n", b"\x16\x03\x01"],
)
def test_other_protocols(data: bytes) -> None:
    assert parse_request(data) is None


def test_truncated_at_every_byte_gives_no_half_header() -> None:
    for size in range(len(GET)):
        request = parse_request(GET[:size])
        if request is not None:
            assert request.host in {"", "example.com:8080"}
            assert request.user_agent in {"", "curl/8.0"}
            assert "/a/b?c=1".startswith(request.path)


def test_bounds() -> None:
    request = parse_request(
        b"GET /" + b"p" * 9_000 + b" HTTP/1.1\r\nHost: " + b"h" * 9_000 + b"\r\n"
    )
    assert request is not None
    assert (len(request.path), len(request.host)) == (256, http.VALUE_CHARACTERS)
    late = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * http.HEADERS + b"Host: late\r\n"
    assert parse_request(late) == ("GET", "/", "", "")


def test_ssdp_product() -> None:
    assert parse_ssdp(b"M-SEARCH * HTTP/1.1\r\nMAN: x\r\nUSER-AGENT: TV/1\r\n\r\n") == "TV/1"
    assert parse_ssdp(b"NOTIFY * HTTP/1.1\r\nSERVER: Linux UPnP/1.0\r\n\r\n") == "Linux UPnP/1.0"
    assert parse_ssdp(b"HTTP/1.1 200 OK\r\n\r\n") == ""
    assert parse_ssdp(b"GET / HTTP/1.1\r\n\r\n") is None


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    for request in (parse_request(data), parse_request(b"GET / HTTP/1.1\r\n" + data)):
        assert request is None or all(text.isprintable() for text in request)
    parse_ssdp(data)
