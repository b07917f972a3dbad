import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP

from appliance.metadata.dhcp import ACK, DISCOVER, REQUEST, parse_dhcp

MAC = bytes.fromhex("020000000007")


def build(*options: object, op: int = 1, **fields: object) -> bytes:
    return bytes(BOOTP(op=op, chaddr=MAC, **fields) / DHCP(options=[*options, "end"]))


REQUESTED = build(
    ("message-type", "request"),
    ("requested_addr", "10.0.0.7"),
    ("hostname", b"Laptop"),
    ("vendor_class_id", b"MSFT 5.0"),
    ("param_req_list", [1, 3, 6, 15, 119]),
)


def test_request() -> None:
    lease = parse_dhcp(REQUESTED)
    assert lease is not None
    assert (lease.kind, lease.from_client) == (REQUEST, True)
    assert (lease.mac, lease.requested) == (0x020000000007, 0x0A000007)
    assert (lease.hostname, lease.vendor_class) == ("Laptop", "MSFT 5.0")
    assert lease.fingerprint == "1,3,6,15,119"


def test_acknowledgement() -> None:
    lease = parse_dhcp(build(("message-type", "ack"), op=2, yiaddr="10.0.0.9", ciaddr="10.0.0.8"))
    assert lease is not None
    assert (lease.kind, lease.from_client) == (ACK, False)
    assert (lease.assigned, lease.current) == (0x0A000009, 0x0A000008)


@pytest.mark.parametrize(
    ("option", "name"),
    [
        (b"\0\0\0Host.example.com.", "Host.example.com"),
        (b"\4\0\0\4Host\7example\0", "host.example"),
        (b"\4\0\0\4Host", "host"),  # a partial name has no root
        (b"\4\0\0\xc0\x00", ""),
        (b"\0\0\0", ""),
    ],
)
def test_fully_qualified_name(option: bytes, name: str) -> None:
    lease = parse_dhcp(build(("message-type", "discover"), (81, option)))
    assert lease is not None
    assert (lease.kind, lease.hostname) == (DISCOVER, name)


@given(st.binary(min_size=1, max_size=60), st.lists(st.integers(1, 254), min_size=1, max_size=60))
def test_agrees_with_scapy(name: bytes, asked: list[int]) -> None:
    data = build(("message-type", "discover"), ("hostname", name), ("param_req_list", asked))
    theirs = {o[0]: o[1] for o in BOOTP(data)[DHCP].options if isinstance(o, tuple)}
    lease = parse_dhcp(data)
    assert lease is not None
    assert lease.fingerprint == ",".join(map(str, theirs["param_req_list"]))
    if name.isalnum():
        assert lease.hostname == theirs["hostname"].decode()


def test_truncated_at_every_byte_gives_nothing_or_less() -> None:
    whole = parse_dhcp(REQUESTED)
    assert whole is not None
    for size in range(len(REQUESTED)):
        lease = parse_dhcp(REQUESTED[:size])
        if size < 240:
            assert lease is None
        else:
            assert lease is not None
            assert lease.hostname in {"", whole.hostname}
            assert lease.fingerprint in {"", whole.fingerprint}


def test_not_dhcp() -> None:
    assert parse_dhcp(REQUESTED.replace(b"\x63\x82\x53\x63", b"\0\0\0\0")) is None
    assert parse_dhcp(b"\3" + REQUESTED[1:]) is None  # neither request nor reply
    assert parse_dhcp(REQUESTED[:2] + b"\x10" + REQUESTED[3:]) is None  # no Ethernet address


def test_long_option_in_pieces() -> None:
    pieces = REQUESTED[:240] + b"\x0c\3abc" + b"\0\0" + b"\x0c\3def\xff\x0c\1x"
    lease = parse_dhcp(pieces)
    assert lease is not None
    assert lease.hostname == "abcdef"


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    parse_dhcp(data)
    lease = parse_dhcp(REQUESTED[:240] + data)
    assert lease is not None
    assert lease.hostname.isprintable()
    assert lease.vendor_class.isprintable()
