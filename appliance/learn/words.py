"""Features in words, with values in the units people count in."""

import math
from collections.abc import Callable

import numpy as np

from appliance.learn.flowkey import column
from appliance.learn.portclass import PORT_CLASSES
from appliance.model import flowkey as k
from appliance.model.contact import SERVICES

_COUNT = {
    "burst": "flows to one rarely used address",
    "failed_peer": "failed flows to one address and port",
    "rare_odd": "flows to rare peers on unusual ports",
    "ports_of_one": "ports tried on one peer",
    "sweep": "hosts tried on one port",
    "dns": "DNS questions",
    "dns_failed": "names that do not exist",
    "admin": "machines here on administration ports",
    "icmp": "kB of echo payload",
    "dead_peer": "vain attempts so far at one rarely used address",
    "logins": "answered sessions with one login service",
}
_SHARE = {
    "failed_rate": "failed flows",
    "new_peers": "peers new to it",
    "new_to_all": "peers new to this network",
    "night": "activity at hours it is usually silent",
}
_OTHER: dict[str, tuple[str, Callable[[float], float]]] = {
    "out_ratio": ("{:,.1f} times more sent than received", math.exp),
    "out_volume": ("{:,.1f} MB sent to rare peers", lambda value: math.expm1(value) / 10),
    "request_size": (
        "{:,.0f} bytes in a usual request to rare peers",
        lambda value: math.expm1(value) * 100,
    ),
    "dns_entropy": ("{:.1f} bits a character in the names asked for", float),
    "regular": ("{:.1f} is the regularity of its most regular contact", float),
}


def describe(feature: str, value: float) -> str:
    """Return a host feature's value in words: "812 ports tried on one peer"."""
    if feature in _COUNT:
        return f"{math.expm1(value):,.0f} {_COUNT[feature]}"
    if feature in _SHARE:
        return f"{value:.0%} {_SHARE[feature]}"
    text, amount = _OTHER[feature]
    return text.format(amount(value))


def describe_flow(feature: str, key: int) -> str:
    """Return what a feature says of a flow with this key: "32 kB to 64 kB sent to DNS"."""
    keys = np.array([key], np.uint64)

    def field(which: tuple[int, int]) -> int:
        return int(column(keys, which)[0])

    port = PORT_CLASSES[min(field(k.PORT), len(PORT_CLASSES) - 1)]
    sent, answer = field(k.OUT), field(k.IN)
    service = SERVICES[min(field(k.SERVICE), len(SERVICES) - 1)] or "an unknown protocol"
    texts = {
        "out_size": f"{_bytes(sent)} sent",
        "out_over_in": f"{_bytes(sent)} sent for {_bytes(answer)} received",
        "packets": f"about {1 << max(field(k.PACKETS) - 1, 0):,} packets",
        "duration": f"{_duration(field(k.DURATION))} long",
        "rare_port": f"{port} is rarely used here",
        "rare_service": f"{service} is rare on {port}",
        "rare_outcome": f"{k.OUTCOMES[min(field(k.OUTCOME), 5)]}, which is rare on {port}",
        "rare_proto": "the protocol is rare in this direction",
        "rare_out": f"{_bytes(sent)} sent, which is rare on {port}",
        "rare_in": f"{_bytes(answer)} received, which is rare on {port}",
        "rare_duration": f"{_duration(field(k.DURATION))} long, which is rare on {port}",
    }
    return texts[feature]


def _bytes(step: int) -> str:
    size = 0 if step == 0 else 1 << (step - 1)
    for unit in ("bytes", "kB", "MB"):
        if size < 1_024:
            return f"about {size} {unit}" if size else "nothing"
        size >>= 10
    return f"about {size} GB"


def _duration(step: int) -> str:
    seconds = (0 if step == 0 else 1 << (step - 1)) / 1_000
    return f"about {seconds:,.0f} s" if seconds >= 1 else "less than a second"
