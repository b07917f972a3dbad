"""Figures about the sensor itself, and one second of traffic."""

from typing import Any

import msgspec
import numpy as np

# One second (or, in the store, one minute) of traffic of one worker, from the packets themselves.
TRAFFIC_DTYPE = np.dtype(
    [
        ("second", "<i8"),  # s since the epoch
        ("packets", "<u8", (4,)),  # by Direction
        ("bytes", "<u8", (4,)),  # wire bytes, by Direction
        ("tcp_bytes", "<u8"),
        ("udp_bytes", "<u8"),
        ("icmp_bytes", "<u8"),
        ("other_bytes", "<u8"),  # other IP protocols
        ("non_ip_bytes", "<u8"),  # ARP, LLDP, damaged ...
        ("non_ip_packets", "<u8"),
        ("new_flows", "<u8"),
    ]
)


class Tick(msgspec.Struct, kw_only=True):
    """One second as the dashboard draws it. Rates are per second."""

    ts: float  # s since the epoch, end of the second
    packets: int = 0
    bytes: int = 0
    in_bytes: int = 0
    out_bytes: int = 0
    local_bytes: int = 0
    tcp_bytes: int = 0
    udp_bytes: int = 0
    other_bytes: int = 0
    new_flows: int = 0
    dropped: int = 0  # frames lost in this second, all causes


class TableFill(msgspec.Struct, kw_only=True, frozen=True):
    """One bounded table."""

    used: int = 0
    capacity: int = 0
    evicted: int = 0  # since start


class DetectionStatistics(msgspec.Struct, kw_only=True, frozen=True):
    """How detection is; counters since start."""

    enabled: bool = False
    learning: bool = False  # nothing counts as new yet
    signals: dict[str, int] = {}  # by rule
    alerts: dict[str, int] = {}  # raised, by severity
    open: dict[str, int] = {}  # alerts that wait for somebody now, by severity
    suppressed: dict[str, int] = {}  # alerts that were not shown, by cause: muted, budget ...
    windows: int = 0  # fingerprints closed
    judged: int = 0  # rows looked at by the rules
    model: int = 0  # version of the model in use, 0 none
    tables: dict[str, TableFill] = {}  # by name: contacts, hosts, fans ...


class Health(msgspec.Struct, kw_only=True):
    """The sensor's own state; counters since start."""

    state: str = "starting"  # starting running degraded stopping
    reasons: list[str] = []  # why degraded, one sentence each
    version: str = ""
    sensor: str = ""  # host name of the sensor
    started: float = 0.0  # s since the epoch
    now: float = 0.0
    interfaces: list[dict[str, Any]] = []  # name, up, error + CaptureStatistics of each
    packets: int = 0
    bytes: int = 0
    dropped_nic: int = 0
    dropped_kernel: int = 0
    dropped_queue: int = 0  # flows lost because the pipeline was behind (should stay 0)
    samples_dropped: int = 0  # metadata samples not looked at
    rejected: dict[str, int] = {}  # packets in no flow, by reason
    flows_active: int = 0
    flows_capacity: int = 0
    flows_ended: int = 0
    flows_evicted: int = 0
    flows_stored: int = 0
    queue_fill: float = 0.0  # 0..1
    lag_s: float = 0.0  # age of the oldest packet not yet in the pipeline's output
    rss_bytes: int = 0
    cpu_s: float = 0.0
    disk_bytes: int = 0  # the store
    written_bytes: int = 0  # by this process, /proc/self/io
    clock_steps: int = 0
    home_networks: list[str] = []
    geo_sources: list[str] = []  # attribution
    detection: DetectionStatistics = msgspec.field(default_factory=DetectionStatistics)
