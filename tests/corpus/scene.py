"""A scene: one small capture, and what a sensor must make of it, written side by side."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

START_US = 1_700_000_000_000_000
STEP_US = 1_000

CLIENT_MAC, SERVER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
CLIENT, SERVER = "192.168.1.10", "198.51.100.20"
CLIENT6, SERVER6 = "2001:db8:1::10", "2001:db8:2::20"

Wrap = Callable[[Packet, bool], Packet]  # an IP packet and its direction to a frame


def ethernet(packet: Packet, forward: bool) -> Packet:
    """Put a packet on plain Ethernet."""
    ends = (CLIENT_MAC, SERVER_MAC) if forward else (SERVER_MAC, CLIENT_MAC)
    return Ether(src=ends[0], dst=ends[1]) / packet


@dataclass
class Flow:
    """What must be seen of one conversation: given fields, and counts of what was added."""

    fields: dict[str, Any]
    packets: list[int] = field(default_factory=lambda: [0, 0])
    bytes: list[int] = field(default_factory=lambda: [0, 0])
    payload: list[int] = field(default_factory=lambda: [0, 0])

    def expectation(self) -> dict[str, Any]:
        """Return the fields of a FlowRow that must hold; None takes a count out."""
        counts = {
            f"{name}_{way}": values[index]
            for name, values in (
                ("packets", self.packets), ("bytes", self.bytes), ("payload", self.payload),
            )
            for index, way in enumerate(("out", "in"))
        }  # fmt: skip
        merged = counts | self.fields
        return {key: value for key, value in merged.items() if value is not None}


@dataclass
class Scene:
    """Frames in order of time and what is expected of them."""

    name: str
    linktype: int = 1
    wrap: Wrap = ethernet
    frames: list[tuple[int, bytes, int]] = field(default_factory=list)  # us, bytes, wire length
    flows: list[Flow] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    facts: list[dict[str, str]] = field(default_factory=list)
    damaged: int = 0  # records of the file that cannot be read
    now_us: int = START_US

    def flow(self, src: tuple[str, int], dst: tuple[str, int], proto: str, **fields: Any) -> Flow:
        """Expect a flow; ends are (address, port)."""
        base = {
            "src_ip": src[0], "src_port": src[1], "dst_ip": dst[0], "dst_port": dst[1],
            "proto": proto,
        }  # fmt: skip
        flow = Flow(base | fields)
        self.flows.append(flow)
        return flow

    def add(
        self, packet: Packet | bytes, flow: Flow | None = None, forward: bool = True, *,
        payload: int = 0, cut: int | None = None,
    ) -> None:  # fmt: skip
        """Append a frame; `cut` keeps that many of its bytes in the capture."""
        data = bytes(packet)
        self.frames.append((self.now_us, data[:cut], len(data)))
        self.now_us += STEP_US
        if flow is not None:
            way = 0 if forward else 1
            flow.packets[way] += 1
            flow.bytes[way] += len(data)
            flow.payload[way] += payload

    def send(self, packet: Packet, flow: Flow | None, forward: bool = True) -> None:
        """Append an IP packet in the scene's wrapping; payload is counted."""
        self.add(self.wrap(packet, forward), flow, forward, payload=payload_length(packet))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += int(seconds * 1_000_000)

    def manifest(self, file: str) -> dict[str, Any]:
        """Return the scene's row of the manifest."""
        row: dict[str, Any] = {"file": file, "packets": len(self.frames)}
        row["flows"] = [flow.expectation() for flow in self.flows]
        if self.rejected:
            row["rejected"] = self.rejected
        if self.damaged:
            row["damaged"] = self.damaged
        if self.facts:
            row["facts"] = self.facts
        return row


def payload_length(packet: Packet) -> int:
    """Return the transport payload of an unfragmented packet as scapy sees it."""
    built = packet.__class__(bytes(packet))
    for layer in (TCP, UDP):
        if layer in built:
            return len(bytes(built[layer].payload))
    if ICMP in built:
        return len(bytes(built[ICMP])) - 8
    return 0


def ip(src: str, dst: str, **fields: Any) -> Packet:
    """Return an IP header of the addresses' family."""
    if ":" in src:
        return IPv6(src=src, dst=dst, **fields)
    return IP(src=src, dst=dst, **fields)


def udp_exchange(
    scene: Scene, ports: tuple[int, int], messages: list[tuple[bool, bytes | Packet]],
    ends: tuple[str, str] = (CLIENT, SERVER), **fields: Any,
) -> Flow:  # fmt: skip
    """Send datagrams between the ends and expect one flow."""
    ways = [forward for forward, _ in messages]
    state = "SF" if {True, False} <= set(ways) else "S0"
    history = "Dd" if state == "SF" else "D"
    expected = {"state": state, "history": history} | fields
    flow = scene.flow((ends[0], ports[0]), (ends[1], ports[1]), "udp", **expected)
    for forward, message in messages:
        body = message if isinstance(message, Packet) else Raw(message)
        src, dst = ends if forward else ends[::-1]
        sport, dport = ports if forward else ports[::-1]
        scene.send(ip(src, dst) / UDP(sport=sport, dport=dport) / body, flow, forward)
    return flow


class Tcp:
    """A TCP conversation written packet by packet; sequence numbers are kept."""

    def __init__(
        self, scene: Scene, flow: Flow, isn: tuple[int, int] = (1_000, 50_000), *, first: str = "o"
    ) -> None:
        self.scene, self.flow = scene, flow
        self.next = {"o": isn[0], "r": isn[1]}
        self.last = {"o": isn[0], "r": isn[1]}
        self.first = first

    def orig(self, flags: str, data: bytes = b"", **options: Any) -> "Tcp":
        """Let the originator send."""
        return self._send("o", flags, data, **options)

    def resp(self, flags: str, data: bytes = b"", **options: Any) -> "Tcp":
        """Let the responder send."""
        return self._send("r", flags, data, **options)

    def open(self) -> "Tcp":
        """Shake hands."""
        return self.orig("S").resp("SA").orig("A")

    def close(self) -> "Tcp":
        """FIN both ways, the originator first."""
        return self.orig("FA").resp("FA").orig("A")

    def lose(self, who: str, length: int) -> "Tcp":
        """Let a side send bytes nobody captured."""
        self.next[who] += length
        return self

    def _send(
        self, who: str, flags: str, data: bytes, *, again: bool = False, window: int = 8_192,
        cut: int | None = None,
    ) -> "Tcp":  # fmt: skip
        peer = "r" if who == "o" else "o"
        seq = self.last[who] if again else self.next[who]
        expected = self.flow.fields
        ends = ("src", "dst") if who == "o" else ("dst", "src")
        header = TCP(
            sport=expected[f"{ends[0]}_port"], dport=expected[f"{ends[1]}_port"], flags=flags,
            seq=seq, ack=self.next[peer] if "A" in flags else 0, window=window,
        )  # fmt: skip
        packet = ip(expected[f"{ends[0]}_ip"], expected[f"{ends[1]}_ip"]) / header
        frame = self.scene.wrap(packet / Raw(data) if data else packet, who == "o")
        self.scene.add(frame, self.flow, who == "o", payload=len(data), cut=cut)
        self.last[who] = seq
        if not again:
            self.next[who] = seq + len(data) + ("S" in flags) + ("F" in flags)
        return self


def tcp(
    scene: Scene, ports: tuple[int, int] = (40_000, 80), ends: tuple[str, str] = (CLIENT, SERVER),
    **fields: Any,
) -> Tcp:  # fmt: skip
    """Expect a TCP flow and return the pen that writes it."""
    flow = scene.flow((ends[0], ports[0]), (ends[1], ports[1]), "tcp", **fields)
    return Tcp(scene, flow)


def pcap_bytes(
    frames: list[tuple[int, bytes, int]], linktype: int, magic: bytes = b"\xd4\xc3\xb2\xa1"
) -> bytes:
    """Return a classic capture file; the magic chooses byte order and resolution."""
    order = ">" if magic[0] == 0xA1 else "<"
    nanoseconds = b"\x4d" in magic
    parts = [magic, struct.pack(order + "HHiIII", 2, 4, 0, 0, 65_535, linktype)]
    for at_us, data, wire in frames:
        seconds, fraction = divmod(at_us, 1_000_000)
        fraction *= 1_000 if nanoseconds else 1
        parts += [struct.pack(order + "IIII", seconds, fraction, len(data), wire), data]
    return b"".join(parts)


def pcapng_bytes(frames: list[tuple[int, bytes, int]], linktype: int) -> bytes:
    """Return a pcapng file: one section, one interface with nanosecond times."""

    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        total = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + total + body + total

    resolution = struct.pack("<HHBxxx", 9, 1, 9) + struct.pack("<HH", 0, 0)
    parts = [
        block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
        block(1, struct.pack("<HHI", linktype, 0, 65_535) + resolution),
    ]
    for at_us, data, wire in frames:
        high, low = divmod(at_us * 1_000, 1 << 32)
        parts.append(block(6, struct.pack("<IIIII", 0, high, low, len(data), wire) + data))
    return b"".join(parts)
