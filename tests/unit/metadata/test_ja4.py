import pytest

from appliance.metadata.ja4 import fingerprint
from appliance.metadata.tls import ClientHello, parse_client_hello
from tests.support.hellos import CHROME_JA4, block, build_hello, chrome_extensions


def hello_of(data: bytes) -> ClientHello:
    hello = parse_client_hello(data)
    assert hello is not None
    assert hello.complete
    return hello


def test_the_worked_example_of_the_description() -> None:
    hello = hello_of(build_hello(chrome_extensions()))
    assert fingerprint(hello, "t") == f"t{CHROME_JA4}"
    assert fingerprint(hello, "q") == f"q{CHROME_JA4}"


def test_order_and_grease_do_not_matter() -> None:
    extensions = [(0x2A2A, b""), *reversed(chrome_extensions()), (0xFAFA, b"\0")]
    ciphers = bytes.fromhex("0a0a 0035 002f 009d 009c c014 c013 cca8 cca9 c030 c02c c02f c02b")
    hello = hello_of(build_hello(extensions, ciphers + bytes.fromhex("1303 1302 1301")))
    assert fingerprint(hello, "t") == f"t{CHROME_JA4}"


def test_without_signature_algorithms() -> None:
    """The description gives the hash of its example for this case, too."""
    hello = hello_of(build_hello(chrome_extensions()))._replace(signatures=())
    assert fingerprint(hello, "t").endswith("_6d807ffa2a79")


@pytest.mark.parametrize(
    ("protocol", "ends"),
    [
        (b"h2", "h2"),
        (b"http/1.1", "h1"),
        (b"x", "xx"),
        (b"", "00"),
        (b"\xab", "ab"),
        (b"\xab\xcd", "ad"),
        (b"\x30\xab", "3b"),
        (b"\x30\x31\xab\xcd", "3d"),
        (b"\x30\xab\xcd\x31", "01"),
    ],
)
def test_alpn_characters(protocol: bytes, ends: str) -> None:
    hello = hello_of(build_hello(chrome_extensions()))._replace(protocol=protocol)
    assert fingerprint(hello, "t")[8:10] == ends


@pytest.mark.parametrize(
    ("versions", "text"),
    [((), "12"), ((0x0304, 0x0303), "13"), ((0x0301,), "10"), ((0x7F1C, 0x0304), "00")],
)
def test_versions(versions: tuple[int, ...], text: str) -> None:
    hello = hello_of(build_hello(chrome_extensions()))._replace(versions=versions)
    assert fingerprint(hello, "t")[1:3] == text


def test_nothing_offered() -> None:
    hello = hello_of(build_hello([], b""))
    assert fingerprint(hello, "t") == "t12i000000_000000000000_000000000000"


def test_counts_stop_at_99() -> None:
    ciphers = b"".join(i.to_bytes(2, "big") for i in range(1, 201))
    extensions = [(1_000 + i, b"") for i in range(150)] + [(0, block(b"\0" + block(b"a")))]
    assert fingerprint(hello_of(build_hello(extensions, ciphers)), "t").startswith("t12d999900_")
