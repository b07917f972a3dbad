"""The flow row: FLOW_DTYPE to a row of small integers and back, without loss of what is shown.

Numbers that follow from others are stored as the (mostly zero) difference, and rarely used small
ones share a column, because each column costs a byte even when it is empty. Times are us.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.flows.connstate import state_codes
from appliance.model.flow import FLOW_GSO, FLOW_PARTIAL

COLUMNS = (
    "id",  # max(previous + 1, end): the time of storing, not of the flow's start
    "lag",  # id - end
    "duration",
    "src",  # addr.id
    "dst",
    "ports",  # responder << 16 | originator
    "bits",  # see pack_bits
    "meta",  # meta.id, 0 none
    "link",  # link.id
    "packets_out",
    "packets_in",
    "bytes_out",
    "bytes_in",
    "frame_out",  # bytes - ip_bytes, less what an Ethernet header is
    "frame_in",
    "head_out",  # ip_bytes - payload, less what the headers usually are
    "head_in",
    "tcp",  # history length | flags_out << 5 | flags_in << 13
    "history_lo",
    "history_hi",
    "sizes",  # largest | smallest << 16, bytes
    "size_sumsq",  # less the squares of smallest and largest
    "iat_max",  # duration - largest gap
    "iat_min",  # largest - smallest gap
    "iat_sumsq",  # bits of the double; 0 where two packets or fewer leave no variance
    "number",  # the kernel's id - start in ns, modulo 2^64
    "rtt",  # us, both halves of the handshake
    "trouble",  # retransmissions | gaps << 32
)

PROTO_MASK = 0xFF
DIRECTION_SHIFT, DIRECTION_MASK = 8, 3
STATE_SHIFT, STATE_MASK = 10, 15
REASON_SHIFT, REASON_MASK = 14, 7
TUNNEL_SHIFT, TUNNEL_MASK = 17, 15
PARTIAL_SHIFT, GSO_SHIFT = 21, 22
_U64 = (1 << 64) - 1
ETHERNET = 14  # bytes of a frame before its IP header
TCP_HEADERS, OTHER_HEADERS = 52, 28  # of a packet: IPv4 and TCP with timestamps; IPv4 and UDP
_MAX_SUMSQ = float(1 << 62)  # beyond it only files that lie about frame sizes come


class References(NamedTuple):
    """Dictionary ids of some flows, int64 (n,) each."""

    src: NDArray[np.int64]
    dst: NDArray[np.int64]
    meta: NDArray[np.int64]
    link: NDArray[np.int64]


def assign_ids(end_us: NDArray[np.int64], last_id: int) -> NDArray[np.int64]:
    """Return strictly growing ids above last_id, each the end time or as little more as possible.

    end_us : int64 (n,)
    """
    order = np.arange(len(end_us), dtype=np.int64)
    return np.maximum.accumulate(np.maximum(end_us - order, last_id + 1)) + order


def pack_bits(flows: NDArray[Any]) -> NDArray[np.int64]:
    """Return protocol, direction, state, reason, tunnel and two marks in 23 bits."""
    bits = flows["bits"].astype(np.int64)
    packed = flows["proto"].astype(np.int64)
    packed |= (flows["direction"].astype(np.int64) & DIRECTION_MASK) << DIRECTION_SHIFT
    packed |= (state_codes(flows).astype(np.int64) & STATE_MASK) << STATE_SHIFT
    packed |= (flows["reason"].astype(np.int64) & REASON_MASK) << REASON_SHIFT
    packed |= (flows["tunnel"].astype(np.int64) & TUNNEL_MASK) << TUNNEL_SHIFT
    packed |= ((bits & FLOW_PARTIAL) != 0).astype(np.int64) << PARTIAL_SHIFT
    packed |= ((bits & FLOW_GSO) != 0).astype(np.int64) << GSO_SHIFT
    return packed


def encode(
    flows: NDArray[Any], ids: NDArray[np.int64], references: References
) -> NDArray[np.int64]:
    """Return rows in the order of COLUMNS, int64 (n, 28)."""
    rows = np.empty((len(COLUMNS), len(flows)), np.int64)
    end = flows["last_ns"] // 1_000
    start = flows["first_ns"] // 1_000
    duration = end - start
    rows[0] = ids
    rows[1] = ids - end
    rows[2] = duration
    rows[3] = references.src
    rows[4] = references.dst
    orig, resp = flows["orig"], flows["resp"]
    rows[5] = resp["port"]
    rows[5] <<= 16
    rows[5] |= orig["port"]
    rows[6] = pack_bits(flows)
    rows[7] = references.meta
    rows[8] = references.link
    headers = np.where(flows["proto"] == 6, TCP_HEADERS, OTHER_HEADERS)
    for side, row in ((orig, 9), (resp, 10)):
        rows[row] = packets = side["packets"].astype(np.int64)
        rows[row + 2] = side["bytes"]
        ip_bytes = side["ip_bytes"].astype(np.int64)
        rows[row + 4] = rows[row + 2] - ip_bytes - packets * ETHERNET
        rows[row + 6] = ip_bytes - side["payload"].astype(np.int64) - packets * headers
    rows[17] = flows["history_len"] & 31
    rows[17] |= orig["flags"].astype(np.int64) << 5
    rows[17] |= resp["flags"].astype(np.int64) << 13
    rows[18] = flows["history_lo"]
    rows[19] = flows["history_hi"]
    _encode_moments(flows, rows, duration)
    rows[25] = (flows["id"] - (start * 1_000).view(np.uint64)).view(np.int64)
    rows[26] = flows["syn_rtt_us"]
    rows[26] += flows["ack_rtt_us"]
    rows[27] = orig["gaps"]
    rows[27] += resp["gaps"]
    rows[27] <<= 32
    rows[27] += orig["retrans"]
    rows[27] += resp["retrans"]
    return rows.T


def _encode_moments(
    flows: NDArray[Any], rows: NDArray[np.int64], duration: NDArray[np.int64]
) -> None:
    packets = rows[9] + rows[10]
    smallest = flows["size_min"].astype(np.int64)
    largest = flows["size_max"].astype(np.int64)
    rows[20] = largest | smallest << 16
    rows[21] = np.minimum(flows["size_sumsq"], _MAX_SUMSQ)
    rows[21] -= smallest * smallest + largest * largest * (packets > 1)
    longest = flows["iat_max_us"].astype(np.int64)
    rows[22] = duration - longest
    rows[23] = longest - flows["iat_min_us"]
    sumsq = np.where(packets > 2, flows["iat_sumsq"], 0.0)
    rows[24] = sumsq.view(np.int64)


class Numbers(NamedTuple):
    """What a row says without its dictionaries. Times in us since the epoch."""

    start: int
    end: int
    flow_id: int
    proto: int
    src_port: int
    dst_port: int
    direction: int
    state: int
    reason: int
    tunnel: int
    partial: bool
    gso: bool
    payload_out: int
    payload_in: int
    ip_bytes_out: int
    ip_bytes_in: int
    flags_out: int
    flags_in: int
    history_len: int
    rtt_ms: float | None
    retrans: int
    gaps: int
    size_mean: float  # bytes
    size_var: float
    size_min: int
    size_max: int
    iat_mean: float  # s
    iat_var: float
    iat_min: float
    iat_max: float


def decode(row: dict[str, int]) -> Numbers:
    """Undo encode for one row, given as {column: value}."""
    end = row["id"] - row["lag"]
    start = end - row["duration"]
    bits, tcp = row["bits"], row["tcp"]
    out, back = row["packets_out"], row["packets_in"]
    headers = TCP_HEADERS if bits & PROTO_MASK == 6 else OTHER_HEADERS
    ip_bytes_out = row["bytes_out"] - row["frame_out"] - out * ETHERNET
    ip_bytes_in = row["bytes_in"] - row["frame_in"] - back * ETHERNET
    longest = row["duration"] - row["iat_max"]
    size_mean, size_var = _decode_sizes(row)
    iat_mean, iat_var = _decode_gaps(row)
    return Numbers(
        start=start,
        end=end,
        flow_id=(start * 1_000 + row["number"]) & _U64,
        proto=bits & PROTO_MASK,
        src_port=row["ports"] & 0xFFFF,
        dst_port=row["ports"] >> 16,
        direction=bits >> DIRECTION_SHIFT & DIRECTION_MASK,
        state=bits >> STATE_SHIFT & STATE_MASK,
        reason=bits >> REASON_SHIFT & REASON_MASK,
        tunnel=bits >> TUNNEL_SHIFT & TUNNEL_MASK,
        partial=bool(bits >> PARTIAL_SHIFT & 1),
        gso=bool(bits >> GSO_SHIFT & 1),
        payload_out=ip_bytes_out - row["head_out"] - out * headers,
        payload_in=ip_bytes_in - row["head_in"] - back * headers,
        ip_bytes_out=ip_bytes_out,
        ip_bytes_in=ip_bytes_in,
        flags_out=tcp >> 5 & 255,
        flags_in=tcp >> 13 & 255,
        history_len=tcp & 31,
        rtt_ms=row["rtt"] / 1_000 if row["rtt"] else None,
        retrans=row["trouble"] & 0xFFFFFFFF,
        gaps=row["trouble"] >> 32,
        size_mean=size_mean,
        size_var=size_var,
        size_min=row["sizes"] >> 16,
        size_max=row["sizes"] & 0xFFFF,
        iat_mean=iat_mean,
        iat_var=iat_var,
        iat_min=(longest - row["iat_min"]) / 1e6,
        iat_max=longest / 1e6,
    )


def _decode_sizes(row: dict[str, int]) -> tuple[float, float]:
    packets = row["packets_out"] + row["packets_in"]
    if packets == 0:
        return 0.0, 0.0
    smallest, largest = row["sizes"] >> 16, row["sizes"] & 0xFFFF
    squares = row["size_sumsq"] + smallest**2 + (largest**2 if packets > 1 else 0)
    total = row["bytes_out"] + row["bytes_in"]
    mean = total / packets
    return mean, max(0, squares * packets - total**2) / packets**2


def _decode_gaps(row: dict[str, int]) -> tuple[float, float]:
    gaps = row["packets_out"] + row["packets_in"] - 1
    if gaps < 1:
        return 0.0, 0.0
    mean = row["duration"] / 1e6 / gaps
    squares = float(np.int64(row["iat_sumsq"]).view(np.float64))
    return mean, max(0.0, squares / gaps - mean * mean) if gaps > 1 else 0.0
