"""One frame through the parser kernel."""

from typing import Any

import numpy as np

from appliance.kernels.headers import parse as parse_frame
from appliance.kernels.jit import records
from appliance.kernels.packet import (
    PACKET_DTYPE,
    PACKET_FRAGMENT,
    PACKET_HAS_SEQ,
    PACKET_IPV6,
    PACKET_REPLY,
    PACKET_TWO_WAY,
    REJECTS,
)
from appliance.model.frame import FRAME_DTYPE, FRAME_VLAN

PADDING = 37  # bytes before the frame: offsets must not be taken for granted


def parse(
    data: bytes, linktype: int = 1, wirelen: int | None = None, tag: int | None = None
) -> tuple[str, Any]:
    """Return (reason, PACKET_DTYPE record); payload_at counts from the start of the frame.

    The frame ends with its buffer. tag : TCI that the ring's kernel took out of the frame.
    """
    tagged = b"" if tag is None else b"\x81\x00" + tag.to_bytes(2, "big")
    start = PADDING + len(tagged)
    buffer = np.frombuffer(bytes(PADDING) + tagged + data + b"\xff", np.uint8)[:-1]
    frame = np.zeros(1, FRAME_DTYPE)
    frame["offset"], frame["caplen"], frame["linktype"] = start, len(data), linktype
    frame["wirelen"] = len(data) if wirelen is None else wirelen
    frame["flags"] = 0 if tag is None else FRAME_VLAN
    packets = np.zeros(1, PACKET_DTYPE)
    packets.view(np.uint8)[:] = 0xA5  # what an earlier packet left must not shine through
    reason = parse_frame(buffer, records(frame)[0], records(packets)[0])
    packet = packets[0]
    packet["payload_at"] -= start
    return REJECTS[reason], packet


def describe(packet: Any) -> dict[str, Any]:
    """Return a packet in the terms of tests/oracles/headers.py."""
    bits = int(packet["bits"])
    fragment = None
    if bits & PACKET_FRAGMENT:
        fragment = int(packet["credit_bytes"]), int(packet["credit_ip_bytes"])
    names = (
        "proto", "sport", "dport", "flags", "seq", "ack", "window", "ttl", "ip_bytes", "payload",
        "payload_at", "captured", "src_mac", "dst_mac", "tunnel",
    )  # fmt: skip
    return {name: int(packet[name]) for name in names} | {
        "src": (int(packet["src_hi"]), int(packet["src_lo"])),
        "dst": (int(packet["dst_hi"]), int(packet["dst_lo"])),
        "vlans": [int(packet["vlan"]), int(packet["inner_vlan"])],
        "fragment": fragment,
        "six": bool(bits & PACKET_IPV6),
        "has_seq": bool(bits & PACKET_HAS_SEQ),
        "reply": bool(bits & PACKET_REPLY),
        "two_way": bool(bits & PACKET_TWO_WAY),
    }
