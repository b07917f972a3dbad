import socket
import struct

from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.netlink import list_addresses, parse_reply
from appliance.model.address import parse_address

FOUR, SIX = parse_address("192.168.7.9"), parse_address("fd00::9")


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def address(family: int, prefix: int, owner: int, *attributes: bytes) -> bytes:
    return message(20, struct.pack("=BBBBI", family, prefix, 0, 0, owner) + b"".join(attributes))


PEER = socket.inet_aton("192.168.7.1")
OURS = socket.inet_aton("192.168.7.9")
REPLY = b"".join(
    [
        address(
            socket.AF_INET, 24, 3, attribute(1, PEER), attribute(3, b"eth0\0"), attribute(2, OURS)
        ),
        address(socket.AF_INET, 8, 1, attribute(1, socket.inet_aton("127.0.0.1"))),
        address(socket.AF_INET6, 64, 3, attribute(1, socket.inet_pton(socket.AF_INET6, "fd00::9"))),
        address(socket.AF_BRIDGE, 0, 3, attribute(1, OURS)),
    ]
)


def test_own_end_of_one_interface_only() -> None:
    assert parse_reply(REPLY, 3) == ([(*FOUR, 120), (*SIX, 64)], True)
    assert parse_reply(REPLY, 9) == ([], True)


def test_end_of_the_dump_ends_it() -> None:
    assert parse_reply(REPLY + message(3, bytes(4)), 3)[1] is False
    assert parse_reply(message(2, bytes(4)) + REPLY, 3) == ([], False)


def test_cut_at_every_byte_never_raises() -> None:
    for length in range(len(REPLY)):
        addresses, _ = parse_reply(REPLY[:length], 3)
        assert len(addresses) <= 2


@given(data=st.binary(max_size=200))
def test_random_replies_never_raise(data) -> None:
    parse_reply(data, 3)


def test_the_kernel_answers() -> None:
    loopback = socket.if_nametoindex("lo")
    assert {length for _, _, length in list_addresses(loopback)} <= {104, 128}
    assert list_addresses(0) == []
