"""Stored rows as flow records again: columns.encode undone for many rows at once.

What a row does not hold is 0: the endpoint states are ones that give the stored conn_state, both
halves of the handshake's time stand in the first, troubles of both sides with the originator.
Addresses, MAC addresses, VLAN and interface stand in the dictionaries.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.flows.connstate import STATE_NAMES
from appliance.kernels.tcpstate import CLOSED, ESTABLISHED, INACTIVE, RESET, SYN_SENT
from appliance.model.flow import FLOW_DTYPE, FLOW_GSO, FLOW_PARTIAL
from appliance.store.columns import (
    COLUMNS,
    DIRECTION_MASK,
    DIRECTION_SHIFT,
    ETHERNET,
    GSO_SHIFT,
    OTHER_HEADERS,
    PARTIAL_SHIFT,
    PROTO_MASK,
    REASON_MASK,
    REASON_SHIFT,
    STATE_MASK,
    STATE_SHIFT,
    TCP_HEADERS,
    TUNNEL_MASK,
    TUNNEL_SHIFT,
)

_TCP = 6
_LARGEST = (1 << 32) - 1
_ENDPOINTS = {
    "OTH": (INACTIVE, INACTIVE),
    "S0": (SYN_SENT, INACTIVE),
    "S1": (ESTABLISHED, ESTABLISHED),
    "SF": (CLOSED, CLOSED),
    "REJ": (SYN_SENT, RESET),
    "S2": (CLOSED, ESTABLISHED),
    "S3": (ESTABLISHED, CLOSED),
    "RSTO": (RESET, ESTABLISHED),
    "RSTR": (ESTABLISHED, RESET),
    "RSTOS0": (RESET, INACTIVE),
    "RSTRH": (INACTIVE, RESET),
    "SH": (CLOSED, INACTIVE),
    "SHR": (INACTIVE, CLOSED),
}
# by code of conn_state; one more row for codes a damaged file may hold
_STATES = np.array(
    [_ENDPOINTS[name] for name in STATE_NAMES] + [_ENDPOINTS["OTH"]] * (16 - len(STATE_NAMES)),
    np.uint8,
)
_PLACE = {name: place for place, name in enumerate(COLUMNS)}


def restore(rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return FLOW_DTYPE (n,) for rows in the order of COLUMNS, (n, 28)."""
    columns = np.ascontiguousarray(rows.T)
    flows = np.zeros(len(rows), FLOW_DTYPE)

    def column(name: str) -> NDArray[np.int64]:
        found: NDArray[np.int64] = columns[_PLACE[name]]
        return found

    end = column("id") - column("lag")
    start = end - column("duration")
    flows["first_ns"] = start * 1_000
    flows["last_ns"] = end * 1_000
    flows["id"] = (start * 1_000).view(np.uint64) + column("number").view(np.uint64)
    flows["orig"]["port"] = column("ports") & 0xFFFF
    flows["resp"]["port"] = column("ports") >> 16
    _restore_bits(flows, column("bits"))
    headers = np.where(flows["proto"] == _TCP, TCP_HEADERS, OTHER_HEADERS)
    for side, name in (("orig", "out"), ("resp", "in")):
        packets, size = column(f"packets_{name}"), column(f"bytes_{name}")
        ip_bytes = size - column(f"frame_{name}") - packets * ETHERNET
        flows[side]["packets"] = packets
        flows[side]["bytes"] = size
        flows[side]["ip_bytes"] = ip_bytes
        flows[side]["payload"] = ip_bytes - column(f"head_{name}") - packets * headers
    tcp = column("tcp")
    flows["history_len"] = tcp & 31
    flows["orig"]["flags"] = tcp >> 5 & 255
    flows["resp"]["flags"] = tcp >> 13 & 255
    flows["history_lo"] = column("history_lo")
    flows["history_hi"] = column("history_hi")
    flows["syn_rtt_us"] = np.minimum(column("rtt"), _LARGEST)
    flows["orig"]["retrans"] = column("trouble") & _LARGEST
    flows["orig"]["gaps"] = column("trouble") >> 32
    _restore_moments(flows, columns)
    return flows


def _restore_bits(flows: NDArray[Any], bits: NDArray[np.int64]) -> None:
    flows["proto"] = bits & PROTO_MASK
    flows["direction"] = bits >> DIRECTION_SHIFT & DIRECTION_MASK
    flows["reason"] = bits >> REASON_SHIFT & REASON_MASK
    flows["tunnel"] = bits >> TUNNEL_SHIFT & TUNNEL_MASK
    flows["bits"] = (bits >> PARTIAL_SHIFT & 1) * FLOW_PARTIAL + (bits >> GSO_SHIFT & 1) * FLOW_GSO
    states = _STATES[bits >> STATE_SHIFT & STATE_MASK]
    states[flows["proto"] != _TCP] = INACTIVE
    flows["orig"]["state"], flows["resp"]["state"] = states[:, 0], states[:, 1]
    attempt = (states[:, 0] == RESET) & (states[:, 1] == INACTIVE)
    flows["orig"]["prev_state"] = np.where(attempt, SYN_SENT, INACTIVE)


def _restore_moments(flows: NDArray[Any], columns: NDArray[np.int64]) -> None:
    packets = columns[_PLACE["packets_out"]] + columns[_PLACE["packets_in"]]
    sizes = columns[_PLACE["sizes"]]
    smallest, largest = sizes >> 16, sizes & 0xFFFF
    flows["size_min"], flows["size_max"] = smallest, largest
    squares = columns[_PLACE["size_sumsq"]].astype(np.float64)
    flows["size_sumsq"] = squares + smallest * smallest + largest * largest * (packets > 1)
    longest = columns[_PLACE["duration"]] - columns[_PLACE["iat_max"]]
    flows["iat_max_us"] = longest
    flows["iat_min_us"] = longest - columns[_PLACE["iat_min"]]
    flows["iat_sumsq"] = columns[_PLACE["iat_sumsq"]].view(np.float64)
