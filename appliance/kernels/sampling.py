"""Which payloads are worth a look by metadata, and handing them over.

Chosen by UDP port or by the first payload bytes of a TCP segment; limited per second of packet
time, so that a replay takes the same ones every time.
"""

from typing import Any

from appliance.kernels.bytes import byte, u16, u32
from appliance.kernels.jit import i64, inline, kernel
from appliance.kernels.packet import PACKET_FRAGMENT
from appliance.model.flow import FLOW_WANTS_HELLO
from appliance.model.sample import SampleKind

MAX_SAMPLE = 2_048  # bytes kept of one payload
_SECOND_NS = 1_000_000_000

_DNS = int(SampleKind.DNS)
_TLS = int(SampleKind.TLS)
_QUIC = int(SampleKind.QUIC)
_HTTP = int(SampleKind.HTTP)
_SSH = int(SampleKind.SSH)

# First four bytes of a request line, big-endian. RFC 9110 section 9, RFC 4918.
_METHODS = tuple(
    int.from_bytes(word, "big")
    for word in (b"GET ", b"POST", b"HEAD", b"PUT ", b"DELE", b"OPTI", b"CONN", b"PATC", b"PROP")
)
_SSH_WORD = int.from_bytes(b"SSH-", "big")


@inline
def _is_quic_initial(buffer: Any, at: int) -> bool:
    """Tell whether a datagram begins like a QUIC Initial (RFC 9000 17.2.2, RFC 9369 3.2)."""
    first = byte(buffer, at)
    if first & 0xC0 != 0xC0:
        return False
    version = u32(buffer, at + 1)
    kind = first & 0x30
    if version == 0x6B3343CF:
        return kind == 0x10
    return kind == 0 and (version == 1 or version >> 8 == 0xFF0000)


@inline
def _choose_udp(ports: Any, buffer: Any, flow: Any, is_orig: bool, packet: Any) -> int:
    kind = 0
    if packet.dport < ports.shape[0]:
        kind = i64(ports[packet.dport])
    if kind == 0 and packet.sport < ports.shape[0]:
        kind = i64(ports[packet.sport])
    if kind:
        return kind
    if is_orig and flow.wanted & 15 and packet.captured >= 7:
        flow.wanted -= 1
        if _is_quic_initial(buffer, i64(packet.payload_at)):
            return _QUIC
        flow.wanted &= 0xF0
    return 0


@inline
def _choose_tcp(buffer: Any, flow: Any, is_orig: bool, packet: Any) -> int:
    unit = 1 if is_orig else 16
    if flow.wanted & (15 * unit) == 0:
        return 0
    flow.wanted -= unit
    at = i64(packet.payload_at)
    if flow.bits & FLOW_WANTS_HELLO and is_orig:
        return _TLS
    word = u32(buffer, at)
    if word >> 8 in (0x160301, 0x160302, 0x160303, 0x160300):
        if packet.captured < 6 or byte(buffer, at + 5) != 1:
            return 0
        if u16(buffer, at + 3) + 5 > packet.payload:
            flow.bits |= FLOW_WANTS_HELLO
        else:
            flow.wanted &= ~(15 * unit) & 0xFF
        return _TLS
    if word == _SSH_WORD:
        return _SSH
    if word in _METHODS:
        return _HTTP
    if packet.dport == 53 or packet.sport == 53:
        return _DNS
    return 0


@inline
def choose(ports: Any, buffer: Any, flow: Any, is_orig: bool, packet: Any) -> int:
    """Return the SampleKind of a payload, 0 if it is not wanted."""
    if packet.bits & PACKET_FRAGMENT:
        return 0
    if packet.proto == 17:
        return _choose_udp(ports, buffer, flow, is_orig, packet)
    if packet.proto == 6:
        return _choose_tcp(buffer, flow, is_orig, packet)
    return 0


@kernel
def keep(table: Any, buffer: Any, packet: Any, kind: int, flow_id: Any, is_orig: bool) -> bool:
    """Copy a payload out for metadata; False (and counted) beyond the limit of this second."""
    state = table.state[0]
    second = i64(packet.ts_ns) // _SECOND_NS
    if second != state.sample_second:
        state.sample_second = second
        state.sample_count = 0
    if state.sample_count >= table.limits[0].samples_per_s:
        state.samples_dropped += 1
        return False
    state.sample_count += 1
    header = table.sample_headers[state.samples]
    state.samples += 1
    length = min(i64(packet.captured), MAX_SAMPLE)
    header.flow_id = flow_id
    header.ts_ns = packet.ts_ns
    header.src_hi = packet.src_hi
    header.src_lo = packet.src_lo
    header.dst_hi = packet.dst_hi
    header.dst_lo = packet.dst_lo
    header.src_mac = packet.src_mac
    header.dst_mac = packet.dst_mac
    header.offset = state.sample_bytes
    header.length = length
    header.wire_length = packet.payload
    header.src_port = packet.sport
    header.dst_port = packet.dport
    header.seq = packet.seq
    header.interface = packet.interface
    header.kind = kind
    header.from_orig = 1 if is_orig else 0
    header.proto = packet.proto
    at = i64(packet.payload_at)
    to = i64(state.sample_bytes)
    for k in range(length):
        table.sample_data[to + k] = buffer[at + k]
    state.sample_bytes += length
    return True
