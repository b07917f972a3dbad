"""Flow records between two hosts, for rules that judge sizes and counts."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.model.address import parse_address
from appliance.model.flow import FLOW_DTYPE, EndReason

T0_NS = 1_700_000_000_000_000_000


def make_flow(
    out: tuple[int, int],
    into: tuple[int, int],
    at_s: float = 0.0,
    *,
    port: int = 53,
    proto: int = 17,
    ends: tuple[str, str] = ("10.0.0.5", "10.0.0.1"),
    **fields: Any,
) -> NDArray[Any]:
    """Return one record; `out` and `into` are (payload bytes, packets)."""
    flow = np.zeros(1, FLOW_DTYPE)
    for side, text, (payload, packets) in (("orig", ends[0], out), ("resp", ends[1], into)):
        flow[side]["addr_hi"], flow[side]["addr_lo"] = parse_address(text)
        flow[side]["payload"], flow[side]["packets"] = payload, packets
        flow[side]["bytes"] = payload + 42 * packets
    flow["proto"] = proto
    flow["reason"] = EndReason.IDLE
    if proto == 17:
        flow["resp"]["port"] = port
    else:
        flow["orig"]["port"] = port
    flow["first_ns"] = flow["last_ns"] = T0_NS + int(at_s * 1e9)
    for name, value in fields.items():
        flow[name] = value
    return flow
