"""Flows as go-Tracer tells them: one JSON object a flow, keys and types as its back ends expect."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from appliance.model.address import format_address
from appliance.model.flow import Direction, EndReason, FlowBatch

_PROTOCOLS = {6: "TCP", 17: "UDP"}
_DIRECTIONS = {
    Direction.EXTERNAL: "unknown",
    Direction.OUTBOUND: "outbound",
    Direction.INBOUND: "inbound",
    Direction.LOCAL: "local",
}


class FlowEvent(msgspec.Struct, kw_only=True, frozen=True):
    """One flow that ended. Packets and bytes are the sums of both directions."""

    flow_id: str  # "src:sport-dst:dport-PROTO"
    timestamp: str  # RFC 3339, UTC, end of the flow
    interface: str
    hostname: str
    direction: str  # inbound outbound local unknown
    src_ip: str
    dst_ip: str
    src_port: str
    dst_port: str
    protocol: str  # TCP UDP
    flow_duration: float  # s
    packet_count: int
    byte_count: int  # frame bytes on the wire
    avg_packet_size: float  # bytes


def select_ended(batch: FlowBatch) -> NDArray[Any]:
    """Return a copy of the TCP and UDP flows that ended; updates of living flows are left out."""
    flows = batch.flows
    transport = (flows["proto"] == 6) | (flows["proto"] == 17)
    ended: NDArray[Any] = flows[transport & (flows["reason"] != EndReason.ACTIVE)]
    return ended


def make_event(flow: np.void, interfaces: tuple[str, ...], hostname: str) -> FlowEvent:
    """Return one flow (FLOW_DTYPE, TCP or UDP) as an event."""
    orig, resp = flow["orig"], flow["resp"]
    src = format_address(int(orig["addr_hi"]), int(orig["addr_lo"]))
    dst = format_address(int(resp["addr_hi"]), int(resp["addr_lo"]))
    protocol = _PROTOCOLS[int(flow["proto"])]
    packets = int(orig["packets"]) + int(resp["packets"])
    size = int(orig["bytes"]) + int(resp["bytes"])
    last_ns = int(flow["last_ns"])
    return FlowEvent(
        flow_id=f"{src}:{orig['port']}-{dst}:{resp['port']}-{protocol}",
        timestamp=format_time(last_ns),
        interface=interfaces[int(flow["interface"])],
        hostname=hostname,
        direction=_DIRECTIONS[Direction(int(flow["direction"]))],
        src_ip=src,
        dst_ip=dst,
        src_port=str(orig["port"]),
        dst_port=str(resp["port"]),
        protocol=protocol,
        flow_duration=(last_ns - int(flow["first_ns"])) / 1e9,
        packet_count=packets,
        byte_count=size,
        avg_packet_size=size / packets if packets else 0.0,
    )


def format_time(ns: int) -> str:
    """Return ns since the epoch as RFC 3339 in UTC, to the microsecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000:06d}Z"
