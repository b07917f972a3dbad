"""The kernel ring on real interfaces: a veth pair between two network namespaces of our own."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.capture.afpacket import open_interface
from appliance.capture.interfaces import (
    default_interface,
    interface_addresses,
    interface_prefixes,
    offload_warnings,
)
from appliance.config.schema import Capture
from appliance.errors import CaptureError
from appliance.model.address import parse_address
from appliance.model.frame import FRAME_OUTGOING, FRAME_VLAN
from tests.support.veth import (
    MARK,
    PATIENCE_S,
    Pair,
    Receiver,
    ethernet,
    inside,
    ip,
    send,
    udp,
    veth_pair,
)

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
]


@pytest.fixture
def pair() -> Iterator[Pair]:
    with veth_pair() as pair:
        yield pair


def test_frames_arrive_with_their_bytes_time_and_length(pair: Pair) -> None:
    frames = [ethernet(MARK + bytes([n]) * (50 + 7 * n)) for n in range(200)]
    with Receiver(pair, Capture()) as receiver:
        before_ns = time.time_ns()
        send(pair.far, pair.far_if, frames)
        after_ns = time.time_ns()
        seen = receiver.wait_for(len(frames))
        counters = receiver.statistics()
    assert [one.data for one in seen] == frames
    assert [one.wirelen for one in seen] == [len(frame) for frame in frames]
    assert {one.flags for one in seen} == {0}
    assert {one.segments for one in seen} == {1}
    assert all(before_ns <= one.ts_ns <= after_ns for one in seen)
    assert counters.up
    assert counters.kernel_dropped == 0
    assert counters.frames >= len(frames)
    assert counters.bytes >= sum(map(len, frames))


def test_only_the_first_bytes_are_kept(pair: Pair) -> None:
    frame = ethernet(MARK + bytes(range(256)) * 4)
    with Receiver(pair, Capture(snaplen=96)) as receiver:
        send(pair.far, pair.far_if, [frame])
        (seen,) = receiver.wait_for(1)
    assert seen.data == frame[:96]
    assert seen.wirelen == len(frame)


@pytest.mark.parametrize("tpid", [0x8100, 0x88A8])
def test_vlan_tag_is_put_back(pair: Pair, tpid: int) -> None:
    inner = ethernet(MARK + bytes(60))
    tag = struct.pack("!HH", tpid, 0x6123)
    with Receiver(pair, Capture()) as receiver:
        send(pair.far, pair.far_if, [inner[:12] + tag + inner[12:]])
        (seen,) = receiver.wait_for(1)
    assert seen.flags == FRAME_VLAN
    assert seen.tag == tag
    assert seen.data == inner
    assert seen.wirelen == len(inner) + 4


def test_filter_lets_only_its_packets_through(pair: Pair) -> None:
    wanted = ethernet(udp("10.1.1.1", "10.1.1.2", (4000, 53)), 0x0800)
    other = ethernet(udp("10.1.1.1", "10.1.1.2", (4000, 54)), 0x0800)
    with Receiver(pair, Capture(bpf_filter="udp port 53", snaplen=96)) as receiver:
        send(pair.far, pair.far_if, [other, wanted, other, wanted])
        seen = receiver.wait_for(2)
    assert [one.data for one in seen] == [wanted, wanted]


def test_filter_sees_the_tag_that_the_kernel_took_out(pair: Pair) -> None:
    packet = ethernet(udp("10.1.1.1", "10.1.1.2", (4000, 53)), 0x0800)
    tagged = [packet[:12] + struct.pack("!HH", 0x8100, vlan) + packet[12:] for vlan in (6, 7, 8)]
    with Receiver(pair, Capture(bpf_filter="vlan 7 and udp port 53")) as receiver:
        send(pair.far, pair.far_if, [packet, *tagged])
        (seen,) = receiver.wait_for(1)
    assert seen.tag == b"\x81\x00\x00\x07"


def test_own_packets_are_marked_and_seen_once(pair: Pair) -> None:
    frame = ethernet(MARK + bytes(60))
    with Receiver(pair, Capture()) as receiver:
        send(pair.near, pair.near_if, [frame] * 3)
        seen = receiver.wait_for(3)
    assert [one.flags for one in seen] == [FRAME_OUTGOING] * 3


def test_loopback_shows_every_packet_once(pair: Pair) -> None:
    ip("-n", pair.near, "link", "set", "lo", "up")
    with Receiver(pair, Capture(), "lo") as receiver, inside(pair.near):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for n in range(5):
                sock.sendto(MARK + bytes([n]), ("127.0.0.1", 9))
        # each is answered by an ICMP error that quotes it
        seen = [one for one in receiver.wait_for(5) if one.data[23] == socket.IPPROTO_UDP]
    assert [one.data[42:] for one in seen] == [MARK + bytes([n]) for n in range(5)]
    assert {one.flags for one in seen} == {0}


def test_what_a_full_ring_loses_is_counted(pair: Pair) -> None:
    frames = [ethernet(MARK + bytes(1_400))] * 3_000
    stalled = Receiver(pair, Capture(ring_mib=1, bpf_filter="ether proto 0x88b5"))
    send(pair.far, pair.far_if, frames)
    with stalled as receiver:
        receiver.wait_for(1)
        counters = receiver.statistics()
    assert counters.kernel_dropped > 1_000
    assert counters.ring_freezes > 0
    assert counters.frames + counters.kernel_dropped == len(frames)


def test_members_of_a_group_share_conversations_whole(pair: Pair) -> None:
    config = Capture(bpf_filter="udp and net 10.5.0.0/16", ring_mib=1)
    talks = [(f"10.5.{n}.1", f"10.5.{n}.2", (5_000 + n, 53)) for n in range(40)]
    frames = []
    for source, target, ports in talks:
        frames += [
            ethernet(udp(source, target, ports), 0x0800),
            ethernet(udp(target, source, ports[::-1]), 0x0800),
        ]
    shares = [Receiver(pair, config, group=4_711, member=member) for member in (0, 1)]
    with shares[0] as first, shares[1] as second:
        send(pair.far, pair.far_if, frames)
        first.wait_until(lambda: len(first.seen) + len(second.seen) >= len(frames))
        parts = [{one.data[26:38] for one in member.seen} for member in (first, second)]
        assert len(first.seen) + len(second.seen) == len(frames)
    for source, target, (one, other) in talks:
        there = udp(source, target, (one, other))[12:24]
        back = udp(target, source, (other, one))[12:24]
        assert [there in part for part in parts] == [back in part for part in parts]
    assert all(parts), "one member got everything"


def test_super_frames_count_as_their_segments(pair: Pair) -> None:
    payload = MARK * 20_000
    with Receiver(pair, Capture(bpf_filter="tcp", snaplen=128)) as receiver:
        with inside(pair.near):
            server = socket.create_server(("10.99.0.1", 0))
        with inside(pair.far):
            client = socket.create_connection(server.getsockname(), timeout=PATIENCE_S)
        peer, _ = server.accept()
        with server, client, peer:
            threading.Thread(target=client.sendall, args=(payload,)).start()
            left = len(payload)
            while left:
                left -= len(peer.recv(left))
        receiver.wait_for(1)
        data = [one for one in receiver.seen if not one.flags & FRAME_OUTGOING]
    segment = 1_448  # 1,500 without IPv4, TCP and time stamps
    assert sum(one.wirelen - 66 for one in data) == len(payload)
    assert all(one.segments == -(-(one.wirelen - 66) // segment) for one in data)
    assert max(one.segments for one in data) > 1


def test_closing_ends_the_wait_and_frees_the_ring(pair: Pair) -> None:
    def count_held() -> tuple[int, int]:
        rings = Path("/proc/self/maps").read_text().count("socket:[")
        return rings, len(list(Path("/proc/self/fd").iterdir()))

    before = count_held()
    with Receiver(pair, Capture(ring_mib=1)) as receiver:
        receiver.wait_for_state(up=True)
        assert count_held()[0] == before[0] + 1
        begin_s = time.monotonic()
    assert time.monotonic() - begin_s < 1
    receiver.source.close()
    assert count_held() == before
    unused = Receiver(pair, Capture(ring_mib=1))
    unused.source.close()
    assert count_held() == before


def test_what_had_come_before_the_end_is_delivered(pair: Pair) -> None:
    frames = [ethernet(MARK + bytes(1_400))] * 1_000
    with Receiver(pair, Capture()) as receiver:
        receiver.wait_for_state(up=True)
        send(pair.far, pair.far_if, frames)
    assert len(receiver.seen) == len(frames)


def test_missing_permission_is_said_at_the_start() -> None:
    os.seteuid(65_534)
    try:
        with pytest.raises(CaptureError, match="CAP_NET_RAW"):
            open_interface("lo", Capture(), None, 0)
    finally:
        os.seteuid(0)


def test_facts_about_an_interface(pair: Pair) -> None:
    with inside(pair.near):
        assert default_interface() is None
        ip("-n", pair.near, "route", "add", "default", "via", "10.99.0.2")
        assert default_interface() == pair.near_if
        hi, lo = parse_address("10.99.0.0")
        assert interface_prefixes(pair.near_if) == [(hi, lo, 120)]
        assert interface_addresses(pair.near_if) == [parse_address("10.99.0.1")]
        assert interface_prefixes("none0") == []
        if shutil.which("ethtool"):
            for state in ("off", "on"):
                subprocess.run(["ethtool", "-K", pair.near_if, "gro", state], check=True)
                warnings = offload_warnings(pair.near_if)
                assert len(warnings) == (state == "on")
                assert all(text.endswith(": ethtool -K near0 gro off") for text in warnings)
