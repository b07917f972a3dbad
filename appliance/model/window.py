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
    "regular",  # largest pair score of the contacts used, as known when it closed; 0 if none is
    "burst",  # log1p(most flows to one rare outside TCP address and port)
    "failed_peer",  # log1p(most failed flows to one address and port)
    "failed_rate",  # failed / (flows + 4), but for UDP to ports that are polled by nature
    "rare_odd",  # log1p(flows to rare outside odd TCP ports, protocol unknown)
    "ports_of_one",  # log1p(most ports of one peer that gave no payload)
    "sweep",  # log1p(most hosts probed on one port, or asked for an echo)
    "out_ratio",  # max(0, ln((out + 2000) / (in + 2000))) over rare outside peers
    "out_volume",  # ln(1 + out / 100 kB) if out > 2 in, over rare outside peers
    "dns",  # log1p(DNS questions), 0 for a host that answers such questions itself
    "dns_failed",  # log1p(NXDOMAIN answers)
    "dns_entropy",  # bits per character of the longest labels asked for, mean; 0 below 8 names
    "admin",  # log1p(inside peers on 22, 135, 139, 445, 3389, 5985, 5986)
    "new_peers",  # outside peers new to this host / (outside peers + 5)
    "new_to_all",  # outside peers new to the whole network / (outside peers + 5)
    "icmp",  # log1p(kB of echo payload)
    "request_size",  # ln(1 + median payload out / 100 B) over TCP flows to rare outside peers
    "night",  # 1 if it was never active at this hour on an earlier day; 0 without earlier days
    "dead_peer",  # log1p(failed so far to one rare outside TCP address and port, most of them)
    "logins",  # log1p(most answered sessions with one address on a port one logs in to)
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
    "signal",  # weight of the strongest signal on this host in the window, 0 none
    "entry_loss",  # share of its flows whose contact was not kept: distinct counts are too low
)

FEATURES = CLASSIC + DIRECTIONAL + PLAIN
COLUMN = {name: index for index, name in enumerate(FEATURES)}


class WindowBatch(NamedTuple):
    """All hosts that were active in one window."""

    start_s: float
    length_s: float
    hosts: NDArray[Any]  # HOST_DTYPE (n,), copies
    values: NDArray[np.float32]  # (n, len(FEATURES))
    evidence: NDArray[np.float32]  # (n,) of this window alone, 0..1, no fit needed
    # (n,) rank of the forest's score among this network's windows, -1 none
    model: NDArray[np.float32]
    # (n,) both, and what is left of the host's earlier evidence; without it until a model ranks
    score: NDArray[np.float32]
