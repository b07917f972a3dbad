import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.capture.files import open_file
from appliance.capture.oddlinks import ODD_LINKTYPES, unwrap, unwrap_frames
from appliance.model.frame import FRAME_DTYPE, FrameBlock


@pytest.fixture(scope="module")
def scapy():
    return pytest.importorskip("scapy.all")


@pytest.fixture(scope="module")
def inner(scapy) -> bytes:
    return bytes(scapy.IP(src="10.0.0.1", dst="10.0.0.2") / scapy.UDP(dport=53) / b"question")


@pytest.fixture(scope="module")
def wireless(scapy, inner):
    """An 802.11 data frame with an IPv4 packet."""
    addresses = {"addr1": "02:00:00:00:00:01", "addr2": "02:00:00:00:00:02"}
    head = scapy.Dot11(type=2, subtype=0, FCfield="to_DS", addr3="02:00:00:00:00:03", **addresses)
    return lambda code, data: bytes(head / scapy.LLC() / scapy.SNAP(code=code) / data)


def test_ip_is_found_under_every_capture_header(scapy, inner, wireless) -> None:
    frame = wireless(0x0800, inner)
    avs = (0x80211001).to_bytes(4, "big") + (64).to_bytes(4, "big") + bytes(56)
    wrapped = {
        105: frame,
        127: bytes(scapy.RadioTap() / scapy.Dot11(frame)),
        163: avs + frame,
        204: b"\0" + b"\xff\x03\x00\x21" + inner,
    }
    for linktype, data in wrapped.items():
        assert unwrap(linktype, data) == (101, inner), linktype


def test_ipv6_is_handed_on_as_it_is(scapy, wireless) -> None:
    packet = bytes(scapy.IPv6(src="fd00::1", dst="fd00::2") / scapy.ICMPv6EchoRequest())
    assert unwrap(105, wireless(0x86DD, packet)) == (101, packet)


def test_arp_gets_an_ethernet_header(scapy, wireless) -> None:
    arp = scapy.ARP(hwsrc="02:00:00:00:00:0a", psrc="10.0.0.1", pdst="10.0.0.2")
    linktype, data = unwrap(105, wireless(0x0806, bytes(arp)))
    assert linktype == 1
    assert data == bytes(6) + b"\x02\0\0\0\0\x0a" + b"\x08\x06" + bytes(arp)


def test_frames_without_ip_stay_as_they_are(scapy) -> None:
    beacon = bytes(scapy.Dot11(type=0, subtype=8) / scapy.Dot11Beacon())
    assert unwrap(105, beacon) == (105, beacon)
    assert unwrap(105, b"") == (105, b"")


def test_wire_length_time_and_interface_are_kept(inner, wireless) -> None:
    frames = np.zeros(2, dtype=FRAME_DTYPE)
    data = [wireless(0x0800, inner), b"ethernet"]
    frames["offset"] = [0, len(data[0])]
    frames["caplen"] = [len(one) for one in data]
    frames["wirelen"] = [1_000, 2_000]
    frames["ts_ns"] = [7, 8]
    frames["interface"] = [3, 4]
    frames["linktype"] = [105, 1]
    before = frames.copy()
    buffer = np.frombuffer(bytearray(b"".join(data)), dtype=np.uint8)
    block, damaged = unwrap_frames(FrameBlock(buffer, frames))
    assert damaged == 0
    assert (frames == before).all()
    assert block.buffer.tobytes() == inner + b"ethernet"
    assert block.frames["offset"].tolist() == [0, len(inner)]
    assert block.frames["caplen"].tolist() == [len(inner), 8]
    assert block.frames["linktype"].tolist() == [101, 1]
    for field in ("wirelen", "ts_ns", "interface"):
        assert (block.frames[field] == before[field]).all()


def test_a_file_of_odd_frames(write, read, save, packet, inner, wireless) -> None:
    written = [packet(1_000 * n, wireless(0x0800, inner), 500) for n in range(3)]
    source = open_file(save(write.pcap(written, linktype=105)))
    assert read.plain(source) == [packet(1_000 * n, inner, 500, 101) for n in range(3)]
    assert (source.statistics().frames, source.statistics().bytes) == (3, 1_500)


def test_only_odd_interfaces_of_a_mixed_file_are_unwrapped(write, read, save, inner, wireless):
    content = b"".join(
        [
            write.section(),
            write.interface(1),
            write.packet(1, b"first", 5),
            write.interface(105),
            write.packet(2, wireless(0x0800, inner), 90, interface=1),
            write.packet(3, b"last", 4),
        ]
    )
    found = [(one.data, one.linktype) for one in read.packets(open_file(save(content)))]
    assert found == [(b"first", 1), (inner, 101), (b"last", 1)]


@given(data=st.binary(max_size=120), linktype=st.sampled_from(sorted(ODD_LINKTYPES)))
def test_random_frames_are_counted_at_worst(scapy, data, linktype) -> None:
    frames = np.zeros(1, dtype=FRAME_DTYPE)
    frames["caplen"], frames["linktype"] = len(data), linktype
    buffer = np.frombuffer(bytearray(data), dtype=np.uint8)
    block, damaged = unwrap_frames(FrameBlock(buffer, frames))
    assert damaged in {0, 1}
    assert int(block.frames[0]["linktype"]) in {1, 101, 105}


def test_cut_at_every_byte_never_raises(inner, wireless, scapy) -> None:
    frame = bytes(scapy.RadioTap() / scapy.Dot11(wireless(0x0800, inner)))
    for length in range(0, len(frame), 2):
        frames = np.zeros(1, dtype=FRAME_DTYPE)
        frames["caplen"], frames["linktype"] = length, 127
        unwrap_frames(FrameBlock(np.frombuffer(bytearray(frame), dtype=np.uint8), frames))
