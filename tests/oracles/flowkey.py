"""Keys of flows from their fields, one flow at a time, in plain Python."""

from typing import Any

from appliance.learn.portclass import ECHO, NO_PORT, port_classes

_PORTS = port_classes().tolist()
_PROTOCOLS = {6: 0, 17: 1, 1: 2, 58: 3}


def make_key(flow: Any, service: int) -> int:
    """Return the key, with its highest bit set."""
    orig, resp = flow["orig"], flow["resp"]
    proto = _PROTOCOLS.get(int(flow["proto"]), 4)
    port = _PORTS[int(resp["port"])]
    if proto in {2, 3}:
        port = ECHO if int(orig["port"]) in {8, 128} else NO_PORT
    said, heard = int(orig["payload"]), int(resp["payload"])
    if not resp["packets"]:
        outcome = 0
    elif not orig["packets"]:
        outcome = 5
    else:
        outcome = 1 + (said > 0) + 2 * (heard > 0)
    packets = int(orig["packets"]) + int(resp["packets"])
    duration = max(int(flow["last_ns"]) - int(flow["first_ns"]), 0) // 1_000_000
    parts = (
        (min(said.bit_length(), 31), 5),
        (min(heard.bit_length(), 31), 5),
        (min(packets.bit_length(), 15), 4),
        (min(duration.bit_length(), 31), 5),
        (port, 6),
        (proto, 3),
        (outcome, 3),
        (service & 31, 5),
        (int(flow["direction"]) & 3, 2),
    )
    key, shift = 0, 0
    for value, bits in parts:
        key |= value << shift
        shift += bits
    return key | 1 << 63
