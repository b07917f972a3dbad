"""What the sensor could not see, as the alerts of that moment shall say."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from appliance.model.alert import Visibility

SPAN_S = 600.0  # figures are of the current span and the one before
_FEWEST = 20  # pairs that talk before a share of them means something
_TCP = 6
_ACK = 0x10
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Losses(NamedTuple):
    """Counters since start."""

    seen: int = 0  # frames
    lost: int = 0  # frames and flows, all causes
    clock_steps: int = 0


class Sight:
    """Keeps count of losses and of conversations seen from one side only."""

    def __init__(self, losses: Callable[[], Losses] | None = None) -> None:
        self._losses = losses or Losses
        self._began_s = 0.0
        self._base = self._older = Losses()
        self._counts = [[0, 0], [0, 0]]  # [before, now]: pairs with payload, of one side only

    def look(self, flows: NDArray[Any], now_s: float) -> None:
        """Take flows, FLOW_DTYPE (n,), into account."""
        if not self._began_s <= now_s < self._began_s + SPAN_S:
            self._began_s = now_s
            self._older, self._base = self._base, self._losses()
            self._counts = [self._counts[1], [0, 0]]
        if not len(flows):
            return
        out, back = flows["orig"]["packets"], flows["resp"]["packets"]
        talked = (flows["proto"] == _TCP) & (
            (flows["orig"]["payload"] > 0) | (flows["resp"]["payload"] > 0)
        )
        half = talked & ((out == 0) | (back == 0))
        # who acknowledges was answered; a flood of SYNs with payload was not
        half &= (flows["orig"]["flags"] | flows["resp"]["flags"]) & _ACK != 0
        self._counts[1][0] += _count_pairs(flows[talked])
        self._counts[1][1] += _count_pairs(flows[half])

    def visibility(self) -> Visibility:
        """Return what was missed in this span and the one before."""
        now = self._losses()
        lost = max(now.lost - self._older.lost, 0)
        seen = max(now.seen - self._older.seen, 0)
        steps = max(now.clock_steps - self._older.clock_steps, 0)
        flows = self._counts[0][0] + self._counts[1][0]
        one_sided = self._counts[0][1] + self._counts[1][1]
        lost_share = lost / (lost + seen) if lost else 0.0
        share = one_sided / flows if flows >= _FEWEST else 0.0
        return Visibility(
            dropped=lost,
            lost_share=lost_share,
            one_sided_share=share,
            clock_steps=steps,
            note=_describe(lost, lost_share, share, steps),
        )


def _count_pairs(flows: NDArray[Any]) -> int:
    """Return how many pairs of addresses there are: one machine that is odd proves nothing."""
    return len(np.unique(flows["orig"]["addr_lo"] * _MIX ^ flows["resp"]["addr_lo"]))


def _describe(lost: int, lost_share: float, one_sided: float, steps: int) -> str:
    parts = []
    if lost_share > 0.001:
        parts.append(f"{lost} frames were lost ({lost_share:.1%})")
    if one_sided > 0.5:
        parts.append(f"{one_sided:.0%} of the conversations were seen from one side only")
    if steps:
        parts.append("the clock was set")
    return "In the last minutes " + ", ".join(parts) + "." if parts else ""
