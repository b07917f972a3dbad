"""The flow record: one bidirectional conversation, 256 bytes, four cache lines.

The same layout is the slot of the kernel's table and the record that leaves it, so that ending a
flow is one copy. Addresses are 128 bits in two words; IPv4 is mapped (hi 0, lo 0x0000ffffaabbccdd).
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.address import Address
from appliance.model.meta import FlowMeta

# One direction. Exactly one cache line: everything a packet in this direction changes.
SIDE_DTYPE = np.dtype(
    [
        ("addr_hi", "<u8"),
        ("addr_lo", "<u8"),
        ("bytes", "<u8"),  # wire bytes of the frames, link header included, FCS not
        (
            "payload",
            "<u8",
        ),  # transport payload, from the lengths in the headers; counts retransmissions
        ("ip_bytes", "<u8"),  # IP header and what follows, from the IP length
        ("packets", "<u4"),  # packets on the wire; a GSO frame counts as its segments where known
        ("seq_next", "<u4"),  # TCP: one past the highest sequence number seen
        ("retrans", "<u4"),  # TCP: segments with payload that bring nothing new
        ("gaps", "<u4"),  # TCP: times the peer acknowledged bytes we never saw
        ("port", "<u2"),  # ICMP: type (originator) and code or counter-type (responder), as in Zeek
        ("flags", "u1"),  # TCP: OR of all flags
        ("ttl", "u1"),  # of the first packet
        ("state", "u1"),  # TCP endpoint state, kernels/tcpstate.py
        ("prev_state", "u1"),
        ("seen", "u1"),  # history letters already given
        ("zero_windows", "u1"),  # saturates
    ]
)

FLOW_DTYPE = np.dtype(
    [
        ("orig", SIDE_DTYPE),  # whoever began the conversation, as far as can be told
        ("resp", SIDE_DTYPE),
        # third line: what every packet changes
        ("last_ns", "<i8"),
        ("size_sumsq", "<f8"),  # bytes^2, frames of both directions
        (
            "iat_sumsq",
            "<f8",
        ),  # s^2, gaps between packets of either direction; their sum is last - first
        ("iat_min_us", "<u4"),  # 0 until there are two packets
        ("iat_max_us", "<u4"),  # saturates at 71 min
        ("history_lo", "<u8"),  # 12 letters of 5 bits, oldest lowest; see flows/connstate.py
        ("history_hi", "<u8"),  # 12 more
        ("size_min", "<u2"),  # frame bytes, saturating
        ("size_max", "<u2"),
        ("proto", "u1"),  # IP protocol number
        ("history_len", "u1"),  # letters given, at most 24
        ("bits", "<u2"),  # FLOW_* below
        ("tag", "<u4"),  # kernel use: where the record is filed
        ("hole", "<u4"),  # kernel use: where the latest hole in a side's TCP data ends
        # fourth line: set once
        ("id", "<u8"),  # about first_ns; unique within a worker, stable over updates
        ("first_ns", "<i8"),
        ("report_ns", "<i8"),  # when the next active-timeout update is due
        ("orig_mac", "<u8"),  # 48 bits, of the first packet each way; 0 unknown
        ("resp_mac", "<u8"),
        ("syn_rtt_us", "<u4"),  # SYN to SYN/ACK; 0 unknown
        ("ack_rtt_us", "<u4"),  # SYN/ACK to ACK; 0 unknown
        ("vlan", "<u2"),  # outer VLAN id of the first packet; 0 none
        ("inner_vlan", "<u2"),  # QinQ
        ("interface", "<u2"),
        ("updates", "<u2"),  # how often this flow was reported before; saturates
        ("gso_frames", "<u4"),  # frames that stood for several packets, or looked like it
        ("direction", "u1"),  # Direction
        ("reason", "u1"),  # EndReason, why the record was written
        ("tunnel", "u1"),  # Tunnel, innermost
        ("wanted", "u1"),  # payload segments still wanted for metadata; kernel use
    ]
)

FLOW_IPV6 = 1
FLOW_FLIPPED = 2  # the first packet seen came from the responder
FLOW_FRAGMENTS = 4  # contains IP fragments
FLOW_SAMPLED = 8  # a payload was handed to metadata
FLOW_PARTIAL = 16  # TCP: the beginning was not seen
FLOW_GSO = 32  # see gso_frames
FLOW_ORIG_IS_LOW = 64  # kernel use
FLOW_HISTORY_CUT = 128  # more letters than the record holds
FLOW_CLOSING = 256  # TCP: over, lingering for stragglers
FLOW_WANTS_HELLO = 512  # kernel use: a ClientHello goes on in the next segments
FLOW_ATTEMPTED = 4096  # nobody had answered after a second, and that was reported
DIRECTION_SHIFT = 10  # kernel use: two bits, the direction again, in a line every packet reads


class Direction(IntEnum):
    """Relative to the home networks."""

    EXTERNAL = 0  # neither end is at home (transit, or the home networks are not configured right)
    OUTBOUND = 1
    INBOUND = 2
    LOCAL = 3


class EndReason(IntEnum):
    """Why a flow record was written."""

    ACTIVE = 0  # still going; an update, not an end
    IDLE = 1
    CLOSED = 2  # TCP FIN both ways, or RST, and the linger passed
    REUSED = 3  # the same 5-tuple began again
    EVICTED = 4  # the table was full
    SHUTDOWN = 5  # the source ended
    ATTEMPT = 6  # nobody has answered for a second; still open, told to detection only


class Tunnel(IntEnum):
    """What the innermost packet was carried in."""

    NONE = 0
    GRE = 1
    VXLAN = 2
    SIXINFOUR = 3
    IPIP = 4
    GENEVE = 5
    TEREDO = 6
    GTP = 7


class FlowBatch:
    """Flows that ended or are due for an update, with what is known about them.

    `flows` alone comes from the kernel; metadata and enrichment fill the lists, one entry a flow.
    Whatever the source (wire, file, log, another appliance), this is what crosses every boundary.
    """

    __slots__ = ("flows", "ids", "interfaces", "meta", "orig", "resp", "uids")

    def __init__(self, flows: NDArray[Any], interfaces: tuple[str, ...]) -> None:
        self.flows = flows  # FLOW_DTYPE, (n,)
        self.interfaces = interfaces  # names behind flows["interface"]
        self.meta: list[FlowMeta | None] = [None] * len(flows)
        self.orig: list[Address] = []  # who flows["orig"] is; filled by enrich
        self.resp: list[Address] = []
        self.ids: list[int] = []  # the store's row of each flow; filled when it has taken them
        self.uids: list[str] = []  # what the log that told of the flows calls them; else empty

    def __len__(self) -> int:
        return len(self.flows)

    def part(self, begin: int, end: int) -> "FlowBatch":
        """Return some of the flows; the records are shared."""
        if begin == 0 and end >= len(self):
            return self
        part = FlowBatch(self.flows[begin:end], self.interfaces)
        part.meta = self.meta[begin:end]
        part.orig, part.resp = self.orig[begin:end], self.resp[begin:end]
        part.ids, part.uids = self.ids[begin:end], self.uids[begin:end]
        return part
