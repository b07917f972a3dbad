"""Closed windows of a small network, as they are stored and as models learn from them."""

import numpy as np

from appliance.model.address import parse_address
from appliance.model.contact import HOST_DTYPE
from appliance.model.window import COLUMN, DIRECTIONAL, FEATURES, WindowBatch

LENGTH_S = 600.0
HOSTS = tuple(f"192.168.1.{octet}" for octet in range(1, 7))


def window(start_s: float, *, seed: int = 1, strange: int = -1, outside: str = "") -> WindowBatch:
    """Return a window of HOSTS, and of one more host that is not ours.

    strange : number of a host that behaves like none
    """
    rng = np.random.default_rng([seed, int(start_s)])
    names = [*HOSTS, *([outside] if outside else [])]
    hosts = np.zeros(len(names), HOST_DTYPE)
    for row, name in zip(hosts, names, strict=True):
        row["hi"], row["lo"] = parse_address(name)
        row["inside"] = name in HOSTS
    values = np.zeros((len(names), len(FEATURES)), np.float32)
    values[:, COLUMN["total_flows"]] = rng.integers(20, 60, len(names))
    values[:, COLUMN["unique_dest_ips"]] = rng.integers(3, 12, len(names))
    values[:, COLUMN["total_outbound_bytes"]] = rng.integers(20_000, 90_000, len(names))
    for name in DIRECTIONAL:
        values[:, COLUMN[name]] = rng.uniform(0, 0.5, len(names))
    if strange >= 0:
        values[strange, [COLUMN[name] for name in DIRECTIONAL]] = 6.0
    evidence = np.full(len(names), 0.05, np.float32)
    evidence[strange] = 0.9 if strange >= 0 else evidence[strange]
    none = np.full(len(names), -1, np.float32)
    return WindowBatch(start_s, LENGTH_S, hosts, values, evidence, none, evidence.copy())
