"""Flows and tables for the tests of fingerprints, made by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from appliance.config.schema import Detect
from appliance.detect.windows import Windows
from appliance.model.contact import CONTACT_DTYPE, HOST_DTYPE
from appliance.model.flow import FLOW_DTYPE, EndReason
from appliance.model.window import COLUMN, FEATURES, WindowBatch
from tests.oracles.windows import INBOUND, LOCAL, Said

V4 = 0xFFFF << 32
START_S = 1_700_000_400  # begins a window of 600 s
SMALL = {"max_hosts": 64, "max_contacts": 1_024}


class Tables:
    """Rows of contacts and hosts, by address."""

    def __init__(self, hosts: int = 64, contacts: int = 1_024) -> None:
        self.contacts = np.zeros(contacts, CONTACT_DTYPE)
        self.contacts["score"] = -9.0
        self.hosts = np.zeros(hosts, HOST_DTYPE)
        self.rows: dict[int, int] = {}

    def host(self, address: int) -> int:
        row = self.rows.setdefault(address, len(self.rows))
        self.hosts[row]["lo"] = V4 | address
        self.hosts[row]["inside"] = 1
        return row

    def fill(self, said: Said) -> None:
        """Write the row of a flow's contact."""
        row = self.contacts[said.contact]
        row["resp_lo"] = V4 | said.resp
        row["live"] = 1
        row["host"] = self.host(said.resp if said.direction == INBOUND else said.orig)


def make_flows(said: list[Said]) -> Any:
    flows = np.zeros(len(said), FLOW_DTYPE)
    for flow, one in zip(flows, said, strict=True):
        flow["orig"]["addr_lo"] = V4 | one.orig
        flow["resp"]["addr_lo"] = V4 | one.resp
        flow["orig"]["port"] = one.orig_port
        flow["resp"]["port"] = one.port
        flow["orig"]["bytes"] = one.wire
        flow["orig"]["packets"] = one.packets
        flow["proto"] = one.proto
        flow["direction"] = one.direction
        flow["first_ns"] = one.start_s * 10**9
        flow["last_ns"] = flow["first_ns"] + round(one.duration_s * 1e9)
        flow["reason"] = EndReason.IDLE
    return flows


def tell(tables: Tables, said: list[Said]) -> Any:
    """Return what the tables of contacts would say."""
    for one in said:
        if one.contact >= 0:
            tables.fill(one)
    return SimpleNamespace(
        classes=np.array([s.classes for s in said], np.uint8),
        contact=np.array([s.contact for s in said], np.int32),
        host=np.array(
            [tables.host(s.resp if s.direction == INBOUND else s.orig) for s in said], np.int32
        ),
        server=np.array(
            [tables.host(s.resp) if s.direction == LOCAL else -1 for s in said], np.int32
        ),
        out=np.array([s.out for s in said], np.float64),
        into=np.array([s.into for s in said], np.float64),
        novel=np.array([s.novel for s in said], np.uint8),
    )


def make_windows(tables: Tables, **options: Any) -> Windows:
    return Windows(Detect(**SMALL), tables, **options)


def absorb(windows: Windows, tables: Tables, said: list[Said], now_s: float | None = None) -> None:
    marks = np.array([s.marks for s in said], np.uint32)
    now_s = max(s.start_s for s in said) if now_s is None else now_s
    windows.absorb(make_flows(said), tell(tables, said), marks, now_s)


def flow(**changes: Any) -> Said:
    """Return an answered outbound TCP flow to port 443 of a shared peer."""
    plain = Said(
        start_s=START_S, duration_s=1.0, orig=0x0A000001, resp=0xC6336401, port=443,
        orig_port=40_000, proto=6, direction=1, classes=8, contact=0, out=500, into=5_000,
        wire=900, packets=5, novel=0, marks=0,
    )  # fmt: skip
    return plain._replace(**changes)


def make_batch(
    hosts: list[int], start_s: float = START_S, evidence: float = 0.0, **features: Any
) -> WindowBatch:
    """Return a batch of inside hosts; a feature is a number or one for each host."""
    rows = np.zeros(len(hosts), HOST_DTYPE)
    rows["lo"] = [V4 | host for host in hosts]
    rows["inside"] = 1
    values = np.zeros((len(hosts), len(FEATURES)), np.float32)
    for name, value in features.items():
        values[:, COLUMN[name]] = value
    scores = np.full(len(hosts), evidence, np.float32)
    return WindowBatch(start_s, 600.0, rows, values, scores, scores - scores - 1, scores)
