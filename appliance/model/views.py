"""What the store answers and the API sends. Wire structs: field names are the public API."""

from typing import Any

import msgspec

from appliance.model.alert import Alert, Mute


class FlowRow(msgspec.Struct, kw_only=True):
    """One stored flow, names resolved. Times in s since the epoch, durations in s."""

    id: int  # rowid in its day: the cursor; grows with the time of storing
    flow_id: str  # the kernel's id, stable over updates (decimal text: exceeds 2^53)
    start: float
    end: float
    duration: float
    src_ip: str  # originator
    src_port: int
    dst_ip: str  # responder
    dst_port: int
    proto: str  # "tcp" "udp" "icmp" "ipv6-icmp" "sctp" ... or the number as text
    direction: str  # inbound outbound local external
    state: str  # Zeek conn_state
    history: str
    packets_out: int  # originator to responder
    packets_in: int
    bytes_out: int  # wire
    bytes_in: int
    payload_out: int
    payload_in: int
    ip_bytes_out: int
    ip_bytes_in: int
    flags_out: int
    flags_in: int
    rtt_ms: float | None
    retrans: int
    gaps: int
    size_mean: float
    size_var: float
    size_min: int
    size_max: int
    iat_mean: float
    iat_var: float
    iat_min: float
    iat_max: float
    src_country: str  # "DE", "Local", "Unknown"
    dst_country: str
    src_asn: int
    src_org: str
    dst_asn: int
    dst_org: str
    src_mac: str
    dst_mac: str
    vlan: int
    interface: str
    tunnel: str  # "" none
    reason: str  # active idle closed reused evicted shutdown
    partial: bool
    gso: bool
    service: str
    name: str
    sni: str
    alpn: str
    ja4: str
    dns_query: str
    dns_type: str
    dns_rcode: str
    dns_answers: str  # blank-separated
    http_host: str
    user_agent: str
    ssh_client: str
    ssh_server: str
    community_id: str


class FlowFilter(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which flows; every field narrows. Times in s since the epoch."""

    address: str = ""  # either end: an address or a CIDR prefix
    src: str = ""
    dst: str = ""
    port: int | None = None  # either end
    proto: str = ""  # name or number
    country: str = ""  # either end, ISO code
    asn: int | None = None
    name: str = ""  # part of a name, case-insensitive
    state: str = ""  # conn_state
    direction: str = ""
    since: float | None = None
    until: float | None = None
    cursor: str = ""  # opaque, from the previous page
    limit: int = 50  # 1..1000


class Page(msgspec.Struct, kw_only=True):
    """A page of something, newest first."""

    count: int
    data: list[Any]
    next: str = ""  # cursor of the next page; "" at the end


class AlertFilter(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which alerts, or incidents; every field narrows. Times in s since the epoch."""

    since: float | None = None  # its evidence reaches beyond this
    until: float | None = None  # it was raised before this
    kind: str = ""  # incidents: one of their kinds
    severity: str = ""  # at least
    state: str = ""
    host: str = ""  # an address or a CIDR prefix
    device: str = ""  # name or MAC, whole, any case
    incident: str = ""  # alerts only
    text: str = ""  # part of what an alert says, any case
    cursor: str = ""  # opaque, from the previous page
    limit: int = 50  # 1..1000


class AlertCount(msgspec.Struct, kw_only=True, frozen=True):
    """Alerts of one kind and severity raised in one step of time."""

    t: int  # s since the epoch, start
    kind: str
    severity: str
    count: int


class OpenAlerts(msgspec.Struct, kw_only=True, frozen=True):
    """What waits for somebody."""

    counts: dict[str, int]  # open alerts by severity, every severity named
    newest: list[Alert]


class Decision(msgspec.Struct, kw_only=True, frozen=True):
    """What somebody says when they acknowledge, close or reopen an alert."""

    by: str = ""
    comment: str = ""
    verdict: str = ""  # "real", "false", "" not said


class MutePreview(msgspec.Struct, kw_only=True, frozen=True):
    """What a mute would have held back of the alerts that are stored."""

    matched: int = 0
    by_severity: dict[str, int] = {}
    real: int = 0  # of them alerts that somebody has called real
    alerts: tuple[str, ...] = ()  # ids of some, the newest first


class MuteProposal(msgspec.Struct, kw_only=True, frozen=True):
    """A mute that would silence an alert, and what else it would have."""

    mute: Mute
    preview: MutePreview


class ModelRow(msgspec.Struct, kw_only=True, frozen=True):
    """One version of what was learnt. Times in s since the epoch."""

    version: int
    name: str  # "hosts", "flows"
    created: float
    active: bool  # it judges now
    promoted: bool = False  # it has judged at some time; a candidate has not
    since: float = 0.0  # of what it was trained on
    until: float = 0.0
    rows: int = 0
    threshold: float = 0.0
    note: str = ""  # why it was promoted, or was not
    figures: dict[str, float] = {}  # measured when it was trained


class TrainingStatus(msgspec.Struct, kw_only=True, frozen=True):
    """What training is doing. Times in s since the epoch, 0 never."""

    state: str = "off"  # off idle waiting running
    started: float = 0.0
    finished: float = 0.0
    outcome: str = ""  # of the last one, one sentence
    next: float = 0.0  # when the schedule asks for it again


class HostWindow(msgspec.Struct, kw_only=True, frozen=True):
    """The stored fingerprint of one host over one window; model/window.py says what is in it."""

    start: float  # s since the epoch
    length: float  # s
    evidence: float
    model: float  # -1 not scored
    score: float
    values: dict[str, float]  # by feature


class Talker(msgspec.Struct, kw_only=True):
    """One address in a top list."""

    ip: str
    name: str
    country: str
    org: str
    local: bool
    flows: int
    bytes_out: int  # sent by this address
    bytes_in: int


class TrafficPoint(msgspec.Struct, kw_only=True):
    """One minute (or `step` minutes) of traffic, from packets."""

    t: int  # s since the epoch, start
    packets: int
    bytes: int
    in_bytes: int
    out_bytes: int
    local_bytes: int
    tcp_bytes: int
    udp_bytes: int
    other_bytes: int
    new_flows: int


class HostRow(msgspec.Struct, kw_only=True):
    """One address with what is known about it."""

    ip: str
    name: str  # best: DHCP, then mDNS, NBNS, passive DNS
    mac: str
    vendor: str
    country: str
    asn: int
    org: str
    city: str
    latitude: float | None
    longitude: float | None
    local: bool
    first_seen: float
    last_seen: float
    flows: int  # in the range asked for
    bytes_out: int
    bytes_in: int


class CountryRow(msgspec.Struct, kw_only=True):
    """One country in a share list."""

    country: str
    flows: int
    bytes: int


class StoreTotals(msgspec.Struct, kw_only=True, frozen=True):
    """What the store holds."""

    flows: int = 0  # kept, each counted once
    bytes: int = 0  # of those flows
    days: int = 0
    segments: int = 0  # files
    oldest: float = 0.0  # end of the oldest flow, s since the epoch
    newest: float = 0.0
    disk_bytes: int = 0
    devices: int = 0  # MAC addresses seen


class StoreStatistics(msgspec.Struct, kw_only=True, frozen=True):
    """The store's counters."""

    flows: int = 0  # rows written since start
    commits: int = 0
    bytes_on_disk: int = 0
    days: int = 0
    oldest: float = 0.0  # start of the oldest day kept, s since the epoch
    damaged: tuple[str, ...] = ()  # files set aside at start
    refused: int = 0  # rows that could not be stored
    alerts: int = 0  # alerts written since start, each change counted
    windows: int = 0  # fingerprints written since start
    windows_left_out: int = 0  # fingerprints beyond what one window may have
