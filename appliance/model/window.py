"""The fingerprint of a host over one closed window (ten minutes unless configured otherwise)."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# The seven of TracerAI, under their names: outbound flows of the host in the window.
CLASSIC = (
    "unique_dest_ips",
    "unique_dest_ports",
    "port_entropy",  # Shannon, natural logarithm, over responder ports
    "country_frequency",  # distinct countries / flows
    "flow_duration_variance",  # s^2, population
    "total_outbound_bytes",  # wire bytes sent by the host
    "total_flows",
)

# What separates attack from habit. All directional: bigger is more suspicious, habit is 0.
DIRECTIONAL = (
    "regular",  # largest pair score of the contacts used, 0 if none is regular
    "burst",  # log1p(most flows to one rare outside TCP address and port)
    "failed_peer",  # log1p(most failed flows to one address and port)
    "failed_rate",  # failed / (flows + 4)
    "rare_odd",  # log1p(flows to rare outside odd TCP ports, protocol unknown)
    "ports_of_one",  # log1p(most ports of one peer)
    "sweep",  # log1p(most probed hosts on one port)
    "out_ratio",  # max(0, ln((out + 2000) / (in + 2000))) over rare outside peers
    "out_volume",  # ln(1 + out / 100 kB) if out > 2 in, over rare outside peers
    "dns",  # log1p(DNS questions)
    "dns_failed",  # log1p(NXDOMAIN answers)
    "dns_entropy",  # bits per character of the longest labels asked for, mean; 0 below 8 names
    "admin",  # log1p(inside peers on 22, 135, 139, 445, 3389, 5985, 5986)
    "new_peers",  # outside peers new to this host / (outside peers + 5)
    "new_to_all",  # outside peers new to the whole network / (outside peers + 5)
    "icmp",  # log1p(kB of echo payload)
    "request_size",  # ln(1 + median payload out / 100 B) over TCP flows to rare outside peers
    "night",  # share of flows outside the hours in which this host was active before
)

# Known beside them, for people and baselines; not in the models.
PLAIN = (
    "flows_in",  # flows in which the host answers
    "failed",
    "outside_out_bytes",  # payload to outside peers
    "outside_in_bytes",
    "inside_peers",
    "outside_peers",
    "dns_questions",
)

FEATURES = CLASSIC + DIRECTIONAL + PLAIN
COLUMN = {name: index for index, name in enumerate(FEATURES)}


class WindowBatch(NamedTuple):
    """All hosts that were active in one window."""

    start_s: float
    length_s: float
    hosts: NDArray[Any]  # HOST_DTYPE (n,), copies
    values: NDArray[np.float32]  # (n, len(FEATURES))
    evidence: NDArray[np.float32]  # (n,) evidence score 0..1, no fit needed
    model: NDArray[
        np.float32
    ]  # (n,) rank of the forest's score among this network's windows, -1 none
    score: NDArray[np.float32]  # (n,) both together
