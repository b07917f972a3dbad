"""A flow table fed by hand: arrivals in, what it said as plain records out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_network
from typing import Any, NamedTuple

import numpy as np

from appliance.config.schema import Flows
from appliance.flows.connstate import histories
from appliance.flows.ports import port_table
from appliance.flows.table import FlowTable, TableOutput, TableStatistics
from appliance.model import flow as fields
from appliance.model.address import MAPPED, is_ipv4
from appliance.model.frame import FRAME_DTYPE, FrameBlock
from tests.oracles.flowtable import Arrival, Limits, Network

HOME: list[Network] = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]
SERVICES = {int(port) for port in np.flatnonzero(port_table() & 1)}
ONES = (1 << 64) - 1
BITS = {
    "ipv6": fields.FLOW_IPV6,
    "flipped": fields.FLOW_FLIPPED,
    "fragments": fields.FLOW_FRAGMENTS,
    "partial": fields.FLOW_PARTIAL,
    "gso": fields.FLOW_GSO,
    "history_cut": fields.FLOW_HISTORY_CUT,
    "closing": fields.FLOW_CLOSING,
}
PLAIN = (
    "id", "first_ns", "last_ns", "proto", "reason", "direction", "tunnel", "vlan", "inner_vlan",
    "interface", "updates", "gso_frames", "syn_rtt_us", "ack_rtt_us", "size_min", "size_max",
    "size_sumsq", "iat_min_us", "iat_max_us", "iat_sumsq",
)  # fmt: skip
SIDE = (
    "packets", "bytes", "ip_bytes", "payload", "ttl", "port", "flags", "state", "retrans", "gaps",
    "zero_windows",
)  # fmt: skip


class Said(NamedTuple):
    """Everything a table had to say until its end."""

    ended: list[dict[str, Any]]
    updates: list[dict[str, Any]]
    traffic: dict[int, Counter[str]]
    samples: list[tuple[Any, bytes]]  # header record, payload
    statistics: TableStatistics


def make_table(limits: Limits, **options: Any) -> FlowTable:
    """Return a table with the oracle's limits; its capacity may be far below the configurable."""
    capacity = 4_096 if limits.flows == Limits.flows else limits.flows
    config = Flows(
        max_flows=capacity, tcp_idle_s=limits.tcp / 1e9,
        udp_idle_s=limits.udp / 1e9, icmp_idle_s=limits.icmp / 1e9, other_idle_s=limits.other / 1e9,
        linger_s=limits.linger / 1e9, active_s=limits.active / 1e9,
    )  # fmt: skip
    return FlowTable(config, home_rows(HOME), worker=limits.worker, **options)


def home_rows(networks: Iterable[Network]) -> Any:
    """Return uint64 (n, 4): masks and values of the two words of an address."""
    rows = []
    for network in networks:
        mask, value = int(network.netmask), int(network.network_address)
        if network.version == 4:
            mask, value = (ONES << 64) | (ONES >> 32 << 32) | mask, MAPPED | value
        rows.append((mask >> 64, mask & ONES, value >> 64, value & ONES))
    return np.array(rows, np.uint64)


def make_block(arrivals: Sequence[Arrival]) -> FrameBlock:
    """Lay frames into a buffer, one directly behind the other."""
    made = np.zeros(len(arrivals), FRAME_DTYPE)
    at = 0
    for frame, arrival in zip(made, arrivals, strict=True):
        for name in ("ts_ns", "linktype", "segments", "interface"):
            frame[name] = getattr(arrival, name)
        frame["offset"], frame["caplen"], frame["wirelen"] = at, len(arrival.data), arrival.size
        at += len(arrival.data)
    data = b"".join(arrival.data for arrival in arrivals)
    return FrameBlock(np.frombuffer(data or b"\0", np.uint8), made)


def feed_table(
    table: FlowTable, arrivals: Sequence[Arrival], per_block: int = 1 << 20
) -> list[TableOutput]:
    """Feed a table, so many frames in each block; return what it had to say meanwhile."""
    outputs: list[TableOutput] = []
    with np.errstate(over="ignore"):  # the hash of plain Python wraps, and numpy says so
        for start in range(0, len(arrivals), per_block):
            outputs += table.absorb(make_block(arrivals[start : start + per_block]))
    return outputs


def run_table(table: FlowTable, arrivals: Sequence[Arrival], per_block: int = 1) -> Said:
    """Feed a table to the end, so many frames in each block."""
    outputs = feed_table(table, arrivals, per_block)
    outputs += table.flush()
    records = [read_flow(flow) for output in outputs for flow in output.flows]
    return Said(
        [record for record in records if record["reason"]],
        [record for record in records if not record["reason"]],
        sum_traffic(output.traffic for output in outputs),
        [sample for output in outputs for sample in read_samples(output)],
        table.statistics(),
    )


def read_flow(flow: Any) -> dict[str, Any]:
    """Return a kernel record in the oracle's terms."""
    record = {name: flow[name].item() for name in PLAIN}
    record |= {name: bool(flow["bits"] & bit) for name, bit in BITS.items()}
    record["history"] = histories(flow.reshape(1) if flow.shape else np.array([flow]))[0]
    for name in ("orig", "resp"):
        side = flow[name]
        record[name] = {field: side[field].item() for field in SIDE} | {
            "mac": int(flow[f"{name}_mac"]),
            "address": read_address(int(side["addr_hi"]), int(side["addr_lo"])),
            "edge": int(side["seq_next"]) if side["state"] not in {0, 6} else 0,
        }
    return record


def read_address(hi: int, lo: int) -> IPv4Address | IPv6Address:
    """Return an address from its words."""
    return IPv4Address(lo & 0xFFFFFFFF) if is_ipv4(hi, lo) else IPv6Address(hi << 64 | lo)


def read_samples(output: TableOutput) -> list[tuple[Any, bytes]]:
    """Return (header, payload) of every sample."""
    headers, data = output.samples
    return [
        (header, data[header["offset"] : header["offset"] + header["length"]].tobytes())
        for header in headers
    ]


def sum_traffic(tables: Iterable[Any]) -> dict[int, Counter[str]]:
    """Return what each second held, without zeros."""
    seconds: dict[int, Counter[str]] = {}
    for row in (row for rows in tables for row in rows):
        sums = seconds.setdefault(int(row["second"]), Counter())
        for name in ("packets", "bytes"):
            sums.update({f"{name}{k}": int(row[name][k]) for k in range(4) if row[name][k]})
        names = [n for n in row.dtype.names if n not in {"second", "packets", "bytes"}]
        sums.update({name: int(row[name]) for name in names if row[name]})
    return seconds
