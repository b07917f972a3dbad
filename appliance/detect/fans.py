"""Judges the fans that are due: who tries many ports, targets or protocols, and who is tried."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from appliance.detect.fanview import FanView, Resolve, view_fan
from appliance.detect.hostsweeps import WEB_PORTS, horizontal_scan, icmp_sweep, web_fanout
from appliance.detect.lateral import lateral_movement
from appliance.detect.portscans import block_scan, protocol_scan, stealth_scan, vertical_scan
from appliance.detect.spoofedflood import spoofed_flood
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.contact import Fan


def sweep(view: FanView, weights: Weights) -> Signal | None:
    """Judge a TARGETS fan: a sweep, or else the hint of one."""
    return horizontal_scan(view, weights) or web_fanout(view, weights)


_WEB = tuple(WEB_PORTS)
_RULES = {
    Fan.PORTS: vertical_scan,
    Fan.TARGETS: sweep,
    Fan.BLOCK: block_scan,
    Fan.ECHO: icmp_sweep,
    Fan.PROTOCOLS: protocol_scan,
    Fan.STEALTH: stealth_scan,
    Fan.ADMIN: lateral_movement,
    Fan.VICTIM: spoofed_flood,
}


class FanMemory(Protocol):
    """What is asked of the memory of contacts."""

    @property
    def fans(self) -> NDArray[Any]:
        """FAN_DTYPE, all rows handed out."""


class FanJudge:
    """Turns due rows of FAN_DTYPE into signals. Reads only."""

    def __init__(self, weights: Weights, contacts: FanMemory, resolve: Resolve) -> None:
        self._weights = weights
        self._contacts = contacts
        self._resolve = resolve
        self._floors = _fewest(weights)
        self._web_floor = min(weights.web_fanout.targets, self._floors[Fan.TARGETS])

    def judge(self, rows: Iterable[int], now_s: float) -> list[Signal]:
        """Return the signals of the rows, in their order.

        now_s : packet time
        cost : 30-60 us a row
        """
        fans = self._contacts.fans
        signals: list[Signal] = []
        for row in self._big_enough(fans, np.fromiter(rows, np.intp)):
            view = view_fan(fans[row], self._resolve)
            rule = _RULES.get(view.kind) if view is not None else None
            if view is None or rule is None:
                continue
            signal = rule(view, self._weights)
            if signal is not None:
                signals.append(replace(signal, ts_s=now_s))
        return signals

    def _big_enough(self, fans: NDArray[Any], rows: NDArray[np.intp]) -> list[int]:
        """Leave out rows with fewer items than any rule asks for: most of them, all day."""
        if not len(rows):
            return []
        kinds, ports = fans["kind"][rows], fans["port"][rows]
        floor = self._floors[kinds]
        floor[(kinds == Fan.TARGETS) & np.isin(ports, _WEB)] = self._web_floor
        dead = fans["items"][rows].astype(np.int64)
        dead -= np.where(kinds == Fan.TARGETS, fans["alive"][rows], 0)
        kept: list[int] = rows[dead >= floor].tolist()
        return kept


def _fewest(weights: Weights) -> NDArray[np.float64]:
    """Return the fewest items by Fan kind that any rule can be about; 0 where it varies."""
    floors = np.zeros(256)
    vertical, sweep = weights.vertical_scan, weights.sweep
    floors[Fan.PORTS] = min(vertical.ports_300_s, vertical.ports_3600_s, vertical.ports_day)
    floors[Fan.TARGETS] = min(sweep.targets_300_s, sweep.targets_3600_s, sweep.targets_day)
    floors[Fan.BLOCK] = weights.block_scan.probes
    floors[Fan.ECHO] = weights.icmp_sweep.hosts
    return floors
