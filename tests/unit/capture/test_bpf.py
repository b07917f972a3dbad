import socket
import struct

import pytest

from appliance.capture.bpf import attach, compile_for, compile_program, keep_program
from appliance.errors import ConfigError

pytest.importorskip("scapy.libs.winpcapy", reason="libpcap is missing", exc_type=OSError)

SNAPLEN = 96


def datagram(port: int) -> bytes:
    """An Ethernet frame with UDP to a port."""
    header = struct.pack("!BBHHHBBH", 0x45, 0, 228, 0, 0, 64, 17, 0) + bytes(8)
    return bytes(12) + b"\x08\x00" + header + struct.pack("!HHHH", 4_000, port, 208, 0) + bytes(200)


def passes(program, frame: bytes) -> int:
    """Return the bytes that the kernel lets through: filters work on local sockets too."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with ours, theirs:
        attach(theirs, program)
        ours.send(frame)
        try:
            return len(theirs.recv(10_000))
        except BlockingIOError:
            return 0


def test_filter_decides_and_snaplen_cuts() -> None:
    program = compile_program("udp port 53", SNAPLEN)
    assert passes(program, datagram(53)) == SNAPLEN
    assert passes(program, datagram(54)) == 0
    assert passes(compile_program("not udp port 53", SNAPLEN), datagram(53)) == 0


def test_no_filter_keeps_everything_and_zero_nothing() -> None:
    assert compile_program("  ", SNAPLEN) == keep_program(SNAPLEN)
    assert passes(keep_program(SNAPLEN), datagram(1)) == SNAPLEN
    assert passes(keep_program(0), datagram(1)) == 0
    assert passes(keep_program(65_535), datagram(1)) == len(datagram(1))


def test_frames_without_ethernet_header() -> None:
    program = compile_program("udp port 53", SNAPLEN, ethernet=False)
    assert passes(program, datagram(53)[14:]) == SNAPLEN
    assert passes(program, datagram(54)[14:]) == 0


@pytest.mark.parametrize("text", ["udp prt 53", "host 300.1.1.1", "((("])
def test_bad_filter_is_refused_by_key_and_text(text) -> None:
    with pytest.raises(ConfigError, match=r"capture\.bpf_filter") as refused:
        compile_program(text, SNAPLEN)
    assert repr(text) in str(refused.value)


def test_filter_for_an_interface_without_vlan_needs_no_interface() -> None:
    expected = compile_program("tcp", SNAPLEN)
    assert compile_for("none0", "tcp", SNAPLEN, ethernet=True) == expected


def test_vlan_filter_says_when_the_interface_cannot_be_opened() -> None:
    with pytest.raises(OSError, match=r"none0|permi"):
        compile_for("none0", "vlan 7", SNAPLEN, ethernet=True)
