"""Judges the fans that are due: who tries many ports, targets or protocols, and who is tried."""

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec.structs import replace
from numpy.typing import NDArray

from appliance.detect.fanview import FanView, Resolve, view_fan
from appliance.detect.hostsweeps import horizontal_scan, icmp_sweep, web_fanout
from appliance.detect.lateral import lateral_movement
from appliance.detect.portscans import block_scan, protocol_scan, stealth_scan, vertical_scan
from appliance.detect.spoofedflood import spoofed_flood
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.contact import Fan


def sweep(view: FanView, weights: Weights) -> Signal | None:
    """Judge a TARGETS fan: a sweep, or else the hint of one."""
    return horizontal_scan(view, weights) or web_fanout(view, weights)


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

    def judge(self, rows: Iterable[int], now_s: float) -> list[Signal]:
        """Return the signals of the rows, in their order.

        now_s : packet time
        cost : 30-60 us a row
        """
        fans = self._contacts.fans
        signals: list[Signal] = []
        for row in rows:
            view = view_fan(fans[row], self._resolve)
            rule = _RULES.get(view.kind) if view is not None else None
            if view is None or rule is None:
                continue
            signal = rule(view, self._weights)
            if signal is not None:
                signals.append(replace(signal, ts_s=now_s))
        return signals
