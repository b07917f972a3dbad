"""Which contacts are worth asking which judge, decided on whole arrays.

A gate lets through everything its judge could find; the judge decides.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from appliance.detect.weights import Weights
from appliance.model.flow import Direction

BEACON = 1
RETRY = 2
BURST = 4
UPLOAD = 8
GUESSING = 16
ODD = 32
FLOOD = 64

_TCP = 6


def find_passed(contacts: NDArray[Any], pairs: NDArray[Any], weights: Weights) -> NDArray[np.uint8]:
    """Return the gates each contact passes, as bits.

    contacts : CONTACT_DTYPE (n,);  pairs : PAIR_DTYPE (n,), of the same contacts
    """
    tcp = contacts["proto"] == _TCP
    direction = contacts["direction"]
    outward = (direction == Direction.OUTBOUND) | (direction == Direction.EXTERNAL)
    passed = np.zeros(len(contacts), np.uint8)
    regular = pairs["timed"] > weights.timing.gate
    passed[regular & (direction != Direction.LOCAL)] |= BEACON
    failing = contacts["failed"] >= weights.retry.failed_share * contacts["contacts"]
    passed[tcp & failing & (contacts["contacts"] >= weights.retry.contacts)] |= RETRY
    busy = contacts["contacts"] >= weights.burst.sessions
    passed[busy & outward & (contacts["answered"] > 0)] |= BURST
    much = contacts["out"] >= weights.exfil.out_bytes
    passed[outward & much & (contacts["out"] >= weights.exfil.ratio * contacts["in"])] |= UPLOAD
    least = min(weights.brute.sessions, weights.brute.any_sessions)
    passed[tcp & (pairs["recent_300"] >= least) & (pairs["talks_300"] > 0)] |= GUESSING
    spoken = tcp & outward & (contacts["answered"] > 0) & (contacts["service"] == 0)
    passed[spoken & (contacts["port"] >= 1024)] |= ODD
    passed[(contacts["failed"] >= weights.flood.failed) & (pairs["failed_300"] > 0)] |= FLOOD
    return passed
