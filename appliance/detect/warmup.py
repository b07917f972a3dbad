"""Compile or load the kernels of detection before they are needed."""

import numpy as np

from appliance.config.schema import Config, Detect
from appliance.detect.stage import Detector, Surroundings
from appliance.model.address import Address
from appliance.model.contact import MARK_LOCAL
from appliance.model.flow import FLOW_DTYPE, Direction, FlowBatch

_SMALL = Config(detect=Detect(max_hosts=64, max_contacts=1_024, max_timed=256, max_fans=256))
_FLOWS = 24  # contacts enough for the rhythm of a pair to be looked at
_PERIOD_S = 300
# 192.0.2.1 and 198.51.100.2 (RFC 5737) as IPv4-mapped
_ORIG, _RESP = 0xFFFF_C000_0201, 0xFFFF_C633_6402


def warm_up() -> None:
    """Drive a regular contact through a small detector, until its windows are closed."""
    detector = Detector(_SMALL, Surroundings(_find, lambda *_: "", lambda _: ""))
    flows = _make_flows()
    for at in range(_FLOWS):
        batch = FlowBatch(flows[at : at + 1], ("",))
        batch.orig, batch.resp, batch.meta = [_find(0, _ORIG)], [_find(0, _RESP)], [None]
        detector.take(batch, float(flows["last_ns"][at]) / 1e9)
    detector.flush(float(_FLOWS * _PERIOD_S))


def _find(hi: int, lo: int) -> Address:
    address = Address(hi, lo)
    address.local = lo == _ORIG
    address.marks = MARK_LOCAL if address.local else 0
    return address


def _make_flows() -> np.ndarray:
    flows = np.zeros(_FLOWS, FLOW_DTYPE)
    flows["id"] = np.arange(1, _FLOWS + 1)
    flows["first_ns"] = np.arange(1, _FLOWS + 1) * _PERIOD_S * 1_000_000_000
    flows["last_ns"] = flows["first_ns"] + 1_000_000_000
    flows["proto"] = 6
    flows["direction"] = Direction.OUTBOUND
    flows["orig"]["addr_lo"], flows["resp"]["addr_lo"] = _ORIG, _RESP
    flows["orig"]["port"], flows["resp"]["port"] = 50_000, 4_444
    for side in ("orig", "resp"):
        flows[side]["packets"], flows[side]["payload"] = 5, 200
    return flows
