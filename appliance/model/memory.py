"""What detection remembers beyond a restart."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.alert import Alert, Incident, Mute


class Habit(NamedTuple):
    """One thing known about how it usually is. Whoever makes it decides what key and value mean."""

    kind: str  # whose it is: "contact", "device" ...
    key: bytes  # unique within its kind
    value: bytes
    last_s: float  # when it was last seen to hold; the ones of longest ago are forgotten first


class OpenCases(NamedTuple):
    """What is under way."""

    alerts: list[Alert]  # not closed, oldest first
    incidents: list[Incident]  # not closed, oldest first
    mutes: list[Mute]  # by id
    last_incident: int  # the highest number an incident has, 0 none
    last_mute: int  # the highest id a mute has had, 0 none


class Windows(NamedTuple):
    """Stored fingerprints, oldest first."""

    hosts: list[str]  # addresses, (n,)
    start_s: NDArray[np.float64]  # (n,), s since the epoch
    length_s: NDArray[np.float64]  # (n,)
    values: NDArray[np.float32]  # (n, len(FEATURES)); 0 where an older version had no such feature
    scores: NDArray[np.float32]  # (n, 3): evidence, model, score as in WindowBatch
