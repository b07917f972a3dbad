import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.l2 import ARP

from appliance.metadata.arp import Pair, parse_arp

MAC = "02:00:00:00:00:05"


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**40 - 1), st.sampled_from([1, 2]))
def test_agrees_with_scapy(address: int, mac: int, operation: int) -> None:
    text = ":".join(f"{mac >> s & 255:02x}" for s in (40, 32, 24, 16, 8, 0))
    ip = ".".join(str(address >> s & 255) for s in (24, 16, 8, 0))
    packet = ARP(op=operation, hwsrc=text, psrc=ip, hwdst=MAC, pdst="10.0.0.1")
    assert parse_arp(bytes(packet)) == Pair(mac, address, 0x0A000001, operation == 2)


def test_gratuitous() -> None:
    pair = parse_arp(bytes(ARP(op=1, hwsrc=MAC, psrc="10.0.0.5", pdst="10.0.0.5")))
    assert pair == Pair(0x020000000005, 0x0A000005, 0x0A000005, False)


def test_probe() -> None:
    pair = parse_arp(bytes(ARP(op=1, hwsrc=MAC, psrc="0.0.0.0", pdst="10.0.0.5")))
    assert pair == Pair(0x020000000005, 0, 0x0A000005, False)


@pytest.mark.parametrize(
    "fields",
    [
        {"hwsrc": "ff:ff:ff:ff:ff:ff"},
        {"hwsrc": "00:00:00:00:00:00"},
        {"op": 3},
        {"hwtype": 6},
        {"ptype": 0x86DD},
        {"hwlen": 8},
    ],
)
def test_pairs_that_are_none(fields: dict[str, object]) -> None:
    assert parse_arp(bytes(ARP(**{"hwsrc": MAC, "psrc": "10.0.0.5", "op": 1} | fields))) is None


def test_truncated_at_every_byte() -> None:
    data = bytes(ARP(op=2, hwsrc=MAC, psrc="10.0.0.5"))
    assert parse_arp(data + b"padding") == parse_arp(data) is not None
    assert all(parse_arp(data[:size]) is None for size in range(len(data)))


@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    parse_arp(data)
