"""The configuration: one frozen struct per section, with defaults, bounds and units.

Unknown keys, wrong types and values out of range are refused by name. config.toml shows every key.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every section: immutable, strict."""


class Sensor(Section, frozen=True, kw_only=True):
    """Who this appliance is."""

    name: str = ""  # "" = host name


class Capture(Section, frozen=True, kw_only=True):
    """What is listened to."""

    interfaces: tuple[str, ...] = ("auto",)  # "auto" = the interface of the default route
    bpf_filter: str = ""  # tcpdump syntax; "" = everything
    snaplen: Annotated[int, Meta(ge=96, le=65_535)] = 2_048  # bytes kept of each frame
    promiscuous: bool = True
    threads: Annotated[int, Meta(ge=1, le=8)] = 1  # per interface, fanout by flow hash
    ring_mib: Annotated[int, Meta(ge=1, le=1_024)] = 16  # per thread
    retry_s: Seconds = 5.0  # wait before a missing interface is tried again


class Flows(Section, frozen=True, kw_only=True):
    """When a flow ends, and how many are kept."""

    max_flows: Annotated[int, Meta(ge=1_024, le=16_777_216)] = 131_072  # per thread; 264 bytes each
    tcp_idle_s: Seconds = 60.0
    udp_idle_s: Seconds = 30.0
    icmp_idle_s: Seconds = 30.0
    other_idle_s: Seconds = 60.0
    linger_s: Seconds = 0.5  # after FIN both ways or RST, for stragglers
    active_s: Seconds = 300.0  # a flow still going is reported this often


class Network(Section, frozen=True, kw_only=True):
    """Which addresses are ours."""

    home: tuple[str, ...] = ()  # CIDR; () = RFC 1918, RFC 4193, link-local + the interface's own


class Metadata(Section, frozen=True, kw_only=True):
    """Names and fingerprints from sampled packets."""

    enabled: bool = True
    samples_per_s: Annotated[int, Meta(ge=1, le=100_000)] = 200  # packet time, per thread
    names: Annotated[int, Meta(ge=256, le=1_000_000)] = 32_768  # passive DNS entries kept in memory


class GeoIP(Section, frozen=True, kw_only=True):
    """Where addresses are. "" = the database in the package."""

    country_db: str = ""  # .mmdb, MaxMind's nested or the flat schema
    asn_db: str = ""
    city_db: str = ""  # none in the package; gives city and coordinates


class Store(Section, frozen=True, kw_only=True):
    """What is kept on disk."""

    path: str = ""  # "" = the state directory
    budget_mib: Annotated[int, Meta(ge=16, le=1_048_576)] = 4_096
    retain_days: Annotated[int, Meta(ge=1, le=3_650)] = 30
    commit_s: Annotated[float, Meta(ge=0.1, le=300)] = 5.0  # most that a power cut takes


class Detect(Section, frozen=True, kw_only=True):
    """What is looked for. The thresholds of the rules stand in detect/weights.py, with origins."""

    enabled: bool = True
    sensitivity: Annotated[float, Meta(ge=0.25, le=4)] = 1.0  # 2 = half the evidence is enough
    window_s: Annotated[int, Meta(ge=60, le=3_600)] = 600  # fingerprints of hosts
    warm_start: bool = True  # judge again, silently, the last day's stored flows at start
    max_hosts: Annotated[int, Meta(ge=64, le=262_144)] = 16_384
    max_contacts: Annotated[int, Meta(ge=1_024, le=4_194_304)] = 131_072
    max_timed: Annotated[int, Meta(ge=256, le=262_144)] = 8_192  # contacts whose rhythm is kept
    max_fans: Annotated[int, Meta(ge=256, le=1_048_576)] = 16_384  # sources and targets counted
    off: tuple[str, ...] = ()  # rules that say nothing
    weights: tuple[str, ...] = ()  # "NAME=VALUE": other values for constants of detect/weights.py


class Intel(Section, frozen=True, kw_only=True):
    """Lists of known bad addresses and names, read again when they change."""

    lists: tuple[str, ...] = ()  # files: one address, CIDR or name a line, or CSV with one first
    allow: tuple[str, ...] = ()  # files of what is never reported, the same forms


class Learn(Section, frozen=True, kw_only=True):
    """Baselines and models."""

    enabled: bool = True
    learning_s: Annotated[float, Meta(ge=0, le=2_592_000)] = 86_400.0  # nothing is "new" before
    every_s: Annotated[float, Meta(ge=600, le=604_800)] = 21_600.0  # training
    keep: Annotated[int, Meta(ge=1, le=50)] = 5  # model versions
    memory_mib: Annotated[int, Meta(ge=128, le=16_384)] = 512  # of the training process
    anomalies_per_day: Annotated[float, Meta(gt=0, le=1_000)] = (
        1.0  # budget the threshold is set to
    )


class Alerts(Section, frozen=True, kw_only=True):
    """From evidence to alerts."""

    low: Annotated[float, Meta(gt=0, le=50)] = 2.3  # half decisions
    medium: Annotated[float, Meta(gt=0, le=50)] = 3.0
    high: Annotated[float, Meta(gt=0, le=50)] = 3.6
    critical: Annotated[float, Meta(gt=0, le=50)] = 6.0
    beacons_per_day: Annotated[int, Meta(ge=0, le=1_000)] = 2  # low ones, best first
    per_day: Annotated[int, Meta(ge=1, le=100_000)] = 200  # all, then only high ones
    outsiders_per_day: Annotated[int, Meta(ge=0, le=1_000)] = 2  # named, per kind; the rest counted
    journald: bool = True
    retain_days: Annotated[int, Meta(ge=1, le=3_650)] = 365


class Api(Section, frozen=True, kw_only=True):
    """The dashboard and its API. Loopback only until authentication exists."""

    host: Literal["127.0.0.1", "::1", "localhost"] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8_480  # 0 = any free port


class Forward(Section, frozen=True, kw_only=True):
    """Flow events for a TracerAI back end, as go-Tracer sends them."""

    endpoint_url: str = ""  # "" = off
    queue: Annotated[int, Meta(ge=16, le=1_000_000)] = 10_000  # events; the oldest give way
    timeout_s: Seconds = 5.0


class Log(Section, frozen=True, kw_only=True):
    """What is said on the journal."""

    level: Literal["debug", "info", "warning", "error"] = "info"


class Config(Section, frozen=True, kw_only=True):
    """The whole configuration."""

    schema_version: Literal[1] = 1
    sensor: Sensor = Sensor()
    capture: Capture = Capture()
    flows: Flows = Flows()
    network: Network = Network()
    metadata: Metadata = Metadata()
    geoip: GeoIP = GeoIP()
    store: Store = Store()
    detect: Detect = Detect()
    intel: Intel = Intel()
    learn: Learn = Learn()
    alerts: Alerts = Alerts()
    api: Api = Api()
    forward: Forward = Forward()
    log: Log = Log()
