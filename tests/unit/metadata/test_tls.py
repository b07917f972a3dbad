import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.metadata.tls import (
    ClientHello,
    is_grease,
    join_records,
    parse_client_hello,
    version_name,
)
from tests.support.hellos import (
    block,
    build_hello,
    build_records,
    chrome_extensions,
    openssl_hello,
)

HELLO = build_hello(chrome_extensions())


def test_everything_a_client_offers() -> None:
    hello = parse_client_hello(HELLO)
    assert hello is not None
    assert hello.complete
    assert hello.server_name == "www.example.com"
    assert hello.protocol == b"h2"
    assert hello.versions == (0x0304, 0x0303)
    assert hello.signatures[:2] == (0x0403, 0x0804)
    assert (len(hello.ciphers), len(hello.extensions)) == (15, 16)
    assert version_name(hello) == "TLSv1.3"


def test_a_real_hello() -> None:
    hello = parse_client_hello(join_records(openssl_hello("Some.Host.example", ["http/1.1"])))
    assert hello is not None
    assert hello.complete
    assert (hello.server_name, hello.protocol) == ("some.host.example", b"http/1.1")
    assert version_name(hello) == "TLSv1.3"


def test_truncated_at_every_byte_is_never_complete_and_never_wrong() -> None:
    seen = set()
    for size in range(len(HELLO)):
        hello = parse_client_hello(HELLO[:size])
        if hello is not None:
            assert not hello.complete
            assert hello.server_name in {"", "www.example.com"}
            assert hello.protocol in {b"", b"h2"}
            seen.add(hello.server_name)
    assert seen == {"", "www.example.com"}


def test_extensions_that_claim_too_much_make_no_complete_hello() -> None:
    damaged = bytearray(HELLO)
    damaged[-2:] = b"\0\1"  # the last extension says it has a byte
    hello = parse_client_hello(bytes(damaged))
    assert hello is not None
    assert not hello.complete


def test_every_length_a_hello_can_claim() -> None:
    complete = set()
    for claimed in range(len(HELLO) + 10):
        hello = parse_client_hello(b"\1" + claimed.to_bytes(3, "big") + HELLO[4:])
        if hello is not None and hello.complete:
            complete.add(claimed)
    extensions = sum(4 + len(value) for _, value in chrome_extensions())
    assert complete == {len(HELLO) - 4, len(HELLO) - 4 - 2 - extensions}


def test_hello_without_extensions_is_complete() -> None:
    body = b"\x03\x01" + bytes(32) + b"\0" + block(b"\0\x05") + block(b"\0", 1)
    hello = parse_client_hello(b"\1" + block(body, 3))
    assert hello == ClientHello(True, 0x0301, (5,), (), (), (), b"", "")
    assert version_name(hello) == "TLSv1"


@pytest.mark.parametrize("size", [1, 7, 100, 16_384])
def test_hello_in_several_records(size: int) -> None:
    assert join_records(build_records(HELLO, size)) == HELLO


def test_records_end_at_another_kind() -> None:
    assert join_records(build_records(b"abc") + b"\x14\x03\x03\0\1\1") == b"abc"
    assert join_records(b"\x16\x03\x01\0\0") == b""
    assert join_records(b"\x16\x05\x01\0\1x") == b""


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    join_records(data)
    parse_client_hello(data)
    hello = parse_client_hello(HELLO[:39] + data)
    assert hello is None or hello.server_name.isprintable()


@given(st.integers(0, len(HELLO) - 1), st.integers(0, 255))
def test_damaged_bytes(position: int, value: int) -> None:
    damaged = bytearray(HELLO)
    damaged[position] = value
    parse_client_hello(bytes(damaged))


def test_grease() -> None:
    assert [v for v in range(0x10000) if is_grease(v)] == [0x1010 * i + 0x0A0A for i in range(16)]
    extensions = [(0x1A1A, b"x"), *chrome_extensions(protocols=(b"\xba\xba", b"h2"))]
    hello = parse_client_hello(build_hello(extensions, b"\x3a\x3a\x13\x01"))
    assert hello is not None
    assert hello.ciphers == (0x1301,)
    assert 0x1A1A not in hello.extensions
    assert hello.protocol == b"h2"


def test_drafts_count_as_the_standard() -> None:
    hello = parse_client_hello(build_hello([(43, block(b"\x7f\x1c\x03\x03", 1))]))
    assert hello is not None
    assert version_name(hello) == "TLSv1.3"
    unknown = parse_client_hello(build_hello([(43, block(b"\xfb\x1a\x03\x03", 1))]))
    assert unknown is not None
    assert version_name(unknown) == "TLSv1.2"


def test_a_name_that_does_not_print_is_escaped() -> None:
    hello = parse_client_hello(build_hello(chrome_extensions(b"a\nb")))
    assert hello is not None
    assert hello.server_name == "a\\x0ab"
