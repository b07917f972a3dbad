"""Packet filters for the kernel: classic BPF from the text of the configuration.

scapy, and through it libpcap, compiles the text; how much is kept of a packet is what the program
returns.
"""

import ctypes
import re
import socket
import struct
from collections.abc import Iterable
from typing import Any, NamedTuple

from appliance.errors import ConfigError

_SO_ATTACH_FILTER = 26
_RETURN_CONSTANT = 0x06
_MAX_PACKET_BYTES = 65_535
_DLT_RAW = 12
_ETHERNET = 1


class Instruction(NamedTuple):
    """One instruction, as struct sock_filter."""

    code: int
    jump_true: int
    jump_false: int
    value: int


Program = tuple[Instruction, ...]


def keep_program(snaplen: int) -> Program:
    """Return the program that keeps the first `snaplen` bytes of everything; 0 = take nothing."""
    return (Instruction(_RETURN_CONSTANT, 0, 0, snaplen),)


def compile_program(text: str, snaplen: int, *, ethernet: bool = True) -> Program:
    """Compile a filter without an interface; a test for `vlan` looks into the frame only.

    Raises ConfigError.
    """
    if not text.strip():
        return keep_program(snaplen)
    # scapy costs 40 MB and is needed for a filter only
    try:
        from scapy.arch.common import compile_filter  # noqa: PLC0415
        from scapy.error import Scapy_Exception  # noqa: PLC0415

        compiled = compile_filter(text, linktype=_ETHERNET if ethernet else _DLT_RAW)
    except (ImportError, OSError) as error:
        raise _refuse(text, f"libpcap is needed to compile it ({error})") from error
    except Scapy_Exception as error:
        raise _refuse(text, _reason(str(error))) from error
    return _with_length(_read(compiled), snaplen)


def compile_for(name: str, text: str, snaplen: int, *, ethernet: bool) -> Program:
    """Compile a filter for an interface that is there.

    The kernel takes VLAN tags out of frames; only a live handle of libpcap gives code that looks
    for them where they went. Raises ConfigError, OSError if the interface cannot be opened.
    """
    if not re.search(r"\bvlan\b", text):
        return compile_program(text, snaplen, ethernet=ethernet)
    from scapy.libs import winpcapy  # noqa: PLC0415
    from scapy.libs.structures import bpf_program  # noqa: PLC0415

    message = ctypes.create_string_buffer(winpcapy.PCAP_ERRBUF_SIZE)
    device = ctypes.create_string_buffer(name.encode())
    handle = winpcapy.pcap_open_live(device, _MAX_PACKET_BYTES, 0, 0, message)
    if not handle:
        raise OSError(0, f"libpcap: {message.value.decode(errors='replace')}")
    try:
        compiled = bpf_program()
        source = ctypes.create_string_buffer(text.encode())
        if winpcapy.pcap_compile(handle, ctypes.byref(compiled), source, 1, 0xFFFF_FFFF) < 0:
            reason = bytes(bytearray(winpcapy.pcap_geterr(handle))).strip(b"\0")
            raise _refuse(text, reason.decode(errors="replace"))
        return _with_length(_read(compiled), snaplen)
    finally:
        winpcapy.pcap_close(handle)


def attach(sock: socket.socket, program: Program) -> None:
    """Set or replace the filter of a socket. Raises OSError."""
    packed = b"".join(struct.pack("=HBBI", *step) for step in program)
    memory = ctypes.create_string_buffer(packed)
    pointer = struct.pack("@HP", len(program), ctypes.addressof(memory))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pointer)


def _read(compiled: Any) -> Program:
    return tuple(
        Instruction(step.code, step.jt, step.jf, step.k & 0xFFFF_FFFF)
        for step in (compiled.bf_insns[index] for index in range(compiled.bf_len))
    )


def _with_length(steps: Iterable[Instruction], snaplen: int) -> Program:
    return tuple(
        step._replace(value=snaplen) if step.code == _RETURN_CONSTANT and step.value else step
        for step in steps
    )


def _reason(message: str) -> str:
    """Return what libpcap said, which scapy puts into brackets at the end."""
    match = re.search(r"\((.*)\)\s*$", message)
    return match[1] if match else message


def _refuse(text: str, reason: str) -> ConfigError:
    return ConfigError(f"capture.bpf_filter: {text!r} cannot be used: {reason}")
