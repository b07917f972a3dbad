"""Samples for tests: made by hand, or cut out of a capture file by scapy (slow, obvious)."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scapy.layers import ppp  # noqa: F401 (teaches scapy PPPoE)
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet as Frame
from scapy.packet import Raw
from scapy.utils import PcapReader

from appliance.model.address import parse_address
from appliance.model.sample import SAMPLE_DTYPE, SampleKind, Samples

SECOND_NS = 1_000_000_000
TLS_SEGMENTS = 8

_UDP_KINDS = {
    53: SampleKind.DNS,
    5353: SampleKind.MDNS,
    5355: SampleKind.LLMNR,
    137: SampleKind.NBNS,
    67: SampleKind.DHCP,
    68: SampleKind.DHCP,
    546: SampleKind.DHCPV6,
    547: SampleKind.DHCPV6,
    1900: SampleKind.SSDP,
}
_COPIED = (
    "kind", "flow_id", "ts_ns", "src_mac", "dst_mac", "src_port", "dst_port", "seq",
    "from_orig", "proto",
)  # fmt: skip
_METHOD = re.compile(rb"(GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH) ")


class Row(NamedTuple):
    """One sample; addresses as text."""

    kind: SampleKind
    payload: bytes
    flow_id: int = 1
    ts_ns: int = 1_700_000_000 * SECOND_NS
    src: str = "10.0.0.2"
    dst: str = "10.0.0.1"
    src_mac: int = 0x020000000002
    dst_mac: int = 0x020000000001
    wire_length: int = -1  # -1 = whole
    src_port: int = 40_000
    dst_port: int = 53
    seq: int = 0
    from_orig: int = 1
    proto: int = 17


def make_samples(*rows: Row) -> Samples:
    """Pack rows as the kernel does."""
    headers = np.zeros(len(rows), SAMPLE_DTYPE)
    offset = 0
    for header, row in zip(headers, rows, strict=True):
        header["src_hi"], header["src_lo"] = parse_address(row.src)
        header["dst_hi"], header["dst_lo"] = parse_address(row.dst)
        header["offset"], header["length"] = offset, len(row.payload)
        header["wire_length"] = len(row.payload) if row.wire_length < 0 else row.wire_length
        for field in _COPIED:
            header[field] = getattr(row, field)
        offset += len(row.payload)
    return Samples(headers, np.frombuffer(b"".join(row.payload for row in rows), np.uint8))


class FlowKeys:
    """Numbers flows by 5-tuple; the sender of the first packet is the originator."""

    def __init__(self) -> None:
        self.ids: dict[tuple[object, ...], int] = {}
        self._wanted: dict[tuple[int, bool], int] = {}

    def of(self, src: tuple[str, int], dst: tuple[str, int], proto: int) -> tuple[int, bool]:
        """Return (flow id, sent by the originator)."""
        back = (dst, src, proto)
        if back in self.ids:
            return self.ids[back], False
        return self.ids.setdefault((src, dst, proto), len(self.ids) + 1), True

    def tcp_kind(self, flow: tuple[int, bool], ports: set[int], payload: bytes) -> int:
        """Return the SampleKind of a segment, 0 if it is not wanted."""
        if 53 in ports:
            return SampleKind.DNS
        if payload[:2] == b"\x16\x03":
            self._wanted.setdefault(flow, TLS_SEGMENTS)
        if self._wanted.get(flow, 0):
            self._wanted[flow] -= 1
            return SampleKind.TLS
        if payload[:4] == b"SSH-":
            return SampleKind.SSH
        return SampleKind.HTTP if _METHOD.match(payload) else 0


def read_rows(path: Path, limit: int = 3_000) -> tuple[list[Row], FlowKeys]:
    """Return the samples of a capture file as the kernel would choose them, and its flows."""
    keys = FlowKeys()
    rows = []
    with PcapReader(str(path)) as frames:
        for _, frame in zip(range(limit), frames, strict=False):
            row = _read_frame(frame, keys)
            if row is not None:
                rows.append(row)
    return rows, keys


def _read_frame(frame: Frame, keys: FlowKeys) -> Row | None:
    macs = {}
    if Ether in frame:
        macs = {
            "src_mac": int(frame[Ether].src.replace(":", ""), 16),
            "dst_mac": int(frame[Ether].dst.replace(":", ""), 16),
        }
    ts_ns = int(float(frame.time) * 1e6) * 1_000
    if ARP in frame:
        return Row(SampleKind.ARP, bytes(frame[ARP]), flow_id=0, ts_ns=ts_ns, proto=0, **macs)
    ip = frame.getlayer(IP) or frame.getlayer(IPv6)
    transport = ip and (ip.getlayer(TCP) or ip.getlayer(UDP))
    if not transport or (IP in frame and (frame[IP].frag or frame[IP].flags.MF)):
        return None
    payload = _payload(transport)
    proto = 6 if transport.name == "TCP" else 17
    sport, dport = transport.sport, transport.dport
    flow_id, from_orig = keys.of((ip.src, sport), (ip.dst, dport), proto)
    if proto == 6:
        kind = keys.tcp_kind((flow_id, from_orig), {sport, dport}, payload) if payload else 0
    else:
        kind = _UDP_KINDS.get(dport) or _UDP_KINDS.get(sport) or 0
        if not kind and from_orig and payload[:1] >= b"\xc0" and payload[1:5] != b"\0\0\0\0":
            kind = SampleKind.QUIC
    if not kind:
        return None
    return Row(
        SampleKind(kind), payload, flow_id, ts_ns, ip.src, ip.dst,
        src_port=sport, dst_port=dport, seq=getattr(transport, "seq", 0) & 0xFFFFFFFF,
        from_orig=int(from_orig), proto=proto, **macs,
    )  # fmt: skip


def _payload(transport: Frame) -> bytes:
    """Return the bytes behind a TCP or UDP header as they were captured, without padding."""
    payload = transport.payload
    if isinstance(payload, Raw):
        return bytes(payload.load)
    return getattr(payload, "original", b"") or bytes(payload)
