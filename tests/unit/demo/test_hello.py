"""Against the sample packet of RFC 9001, appendix A.2, and the layout of RFC 8446."""

import pytest

from appliance.demo.hello import (
    BROWSER,
    GADGET,
    LIBRARY,
    PHONE,
    TlsClient,
    client_hello,
    http_request,
    http_response,
    quic_initial,
    seal_initial,
)

RFC_FRAMES = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006"
    "001d0017001800100007000504616c706e000500050100000000003300260024001d00209370b2c9caa4"
    "7fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e040305"
    "0306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff05048000ff"
    "ff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)


def test_initial_is_the_one_of_the_rfc() -> None:
    packet = seal_initial(bytes.fromhex("8394c8f03e515708"), 2, RFC_FRAMES)
    assert len(packet) == 1_200
    assert packet[:50].hex() == (
        "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"
        "d242b123dc9bd8bab936b47d92ec356c0bab"
    )
    assert packet[-16:].hex() == "e221af44860018ab0856972e194cd934"


def extensions(hello: bytes) -> dict[int, bytes]:
    """Walk a ClientHello strictly: every length must come out even."""
    assert hello[0] == 1
    assert int.from_bytes(hello[1:4]) == len(hello) - 4
    at = 38
    at += 1 + hello[at]
    at += 2 + int.from_bytes(hello[at : at + 2])
    at += 1 + hello[at]
    assert int.from_bytes(hello[at : at + 2]) == len(hello) - at - 2
    at += 2
    found = {}
    while at < len(hello):
        kind, length = int.from_bytes(hello[at : at + 2]), int.from_bytes(hello[at + 2 : at + 4])
        found[kind] = hello[at + 4 : at + 4 + length]
        at += 4 + length
    assert at == len(hello)
    return found


@pytest.mark.parametrize("client", [BROWSER, PHONE, LIBRARY, GADGET])
def test_hello_is_well_formed_and_names_the_server(client: TlsClient) -> None:
    record = client_hello(client, "www.example.org")
    assert record[:3] == b"\x16\x03\x01"
    assert int.from_bytes(record[3:5]) == len(record) - 5
    found = extensions(record[5:])
    assert found[0][5:] == b"www.example.org"
    assert (0x002B in found) == client.tls13
    assert (0x0010 in found) == bool(client.alpn)


def test_the_browser_hello_needs_two_segments() -> None:
    assert len(client_hello(BROWSER, "a.example")) > 1_460


def test_quic_initial_is_one_full_datagram_and_differs_by_connection() -> None:
    first = quic_initial(PHONE, "a.example", b"12345678")
    assert len(first) == 1_200
    assert first[1:5] == b"\0\0\0\1"
    assert first[6:14] == b"12345678"
    assert first[40:] != quic_initial(PHONE, "a.example", b"12345679")[40:]


def test_http() -> None:
    request = http_request("a.example", "/x", "test/1")
    assert request.startswith(b"GET /x HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test/1\r\n")
    assert request.endswith(b"\r\n\r\n")
    assert b"\r\nContent-Length: 7\r\n" in http_response(7, "text/plain")
