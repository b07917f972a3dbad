import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.detect.intelparse import Range, Refused, parse_line
from appliance.model.address import MAPPED


def network(text: str) -> Range:
    found = ipaddress.ip_network(text)
    base = MAPPED if found.version == 4 else 0
    return Range(base | int(found.network_address), base | int(found.broadcast_address))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("192.0.2.7", network("192.0.2.7/32")),
        ("192.0.2.0/24", network("192.0.2.0/24")),
        ("192.0.2.9/24  # host bits set", network("192.0.2.0/24")),
        ("192.0.2.0 - 192.0.2.255", network("192.0.2.0/32")),
        ("192.0.2.0-192.0.2.255", network("192.0.2.0/24")),
        ("192.0.2.7:443", network("192.0.2.7/32")),
        ("2001:db8::1", network("2001:db8::1/128")),
        ("2001:db8::/32", network("2001:db8::/32")),
        ('"192.0.2.7","2024-05-01",90', network("192.0.2.7/32")),
        ("192.0.2.7;comment", network("192.0.2.7/32")),
        ("192.0.2.7\tmalware", network("192.0.2.7/32")),
        ("Bad.Example", "bad.example"),
        ("bad.example.", "bad.example"),
        ("0.0.0.0 bad.example", "bad.example"),
        ("127.0.0.1\tbad.example # c2", "bad.example"),
        ("*.bad.example", "bad.example"),
        ("||bad.example^", "bad.example"),
        ("||bad.example^$third-party", "bad.example"),
        ("http://bad.example:8080/x.exe", "bad.example"),
        ("hxxp, bad", None),
        ("https://192.0.2.7/x", network("192.0.2.7/32")),
        ("bad.example,malware,2024", "bad.example"),
        ("", None),
        ("# only a comment", None),
        ("; also", None),
        ("! adblock", None),
        ("// c", None),
        ("127.0.0.1 localhost", None),
        ("::1 localhost", None),
        ("word", None),
        ("1.2.3", None),
        ("300.1.2.3", None),
        ("192.0.2.0/33", None),
        ("a..b.example", None),
        ("\0\0\0", None),
    ],
)
def test_forms(line: str, expected: object) -> None:
    assert parse_line(line) == expected


@pytest.mark.parametrize(
    "line",
    ["0.0.0.0", "0.0.0.0/0", "10.1.2.3", "192.168.0.0/16", "127.0.0.1", "224.0.0.1", "8.0.0.0/8",
     "1.0.0.0-9.0.0.0", "169.254.1.1", "::/0", "fe80::1", "fc00::/7", "2000::/3", "::1",
     "printer.local", "4.3.2.1.in-addr.arpa"],
)  # fmt: skip
def test_what_is_not_believed(line: str) -> None:
    assert isinstance(parse_line(line), Refused | None)
    assert not isinstance(parse_line(line), Range | str)


@given(st.integers(0xC0000200, 0xDFFFFFFF), st.integers(9, 32))
def test_agrees_with_ipaddress(number: int, bits: int) -> None:
    text = f"{ipaddress.IPv4Address(number)}/{bits}"
    expected = network(str(ipaddress.ip_network(text, strict=False)))
    found = parse_line(text)
    assert found == expected or isinstance(found, Refused)


@given(st.text(max_size=24))
def test_any_text(line: str) -> None:
    parse_line(line)
