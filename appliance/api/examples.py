"""One example of each answer, for the OpenAPI document. Addresses are those set aside for this."""

from typing import Any

from appliance.api.live import LiveStatistics
from appliance.api.queries import QueryStatistics
from appliance.api.schemas import (
    AttributionList,
    Condition,
    CountryList,
    FlowList,
    HostDetail,
    HostList,
    Stats,
    TalkerList,
    TrafficList,
)
from appliance.model.health import Health
from appliance.model.views import (
    CountryRow,
    FlowRow,
    HostRow,
    StoreTotals,
    Talker,
    TrafficPoint,
)

NOON = 1_763_640_000.0  # s since the epoch

FLOW = FlowRow(
    id=1_763_640_000_123_456,
    flow_id="12708471293418242049",
    start=NOON,
    end=NOON + 1.25,
    duration=1.25,
    src_ip="192.168.1.20",
    src_port=52_814,
    dst_ip="203.0.113.7",
    dst_port=443,
    proto="tcp",
    direction="outbound",
    state="SF",
    history="ShADadFf",
    packets_out=12,
    packets_in=18,
    bytes_out=2_140,
    bytes_in=21_930,
    payload_out=1_348,
    payload_in=20_742,
    ip_bytes_out=1_972,
    ip_bytes_in=21_678,
    flags_out=27,
    flags_in=27,
    rtt_ms=18.4,
    retrans=0,
    gaps=0,
    size_mean=802.3,
    size_var=402_113.0,
    size_min=54,
    size_max=1_514,
    iat_mean=0.043,
    iat_var=0.011,
    iat_min=0.0,
    iat_max=0.61,
    src_country="Local",
    dst_country="DE",
    src_asn=0,
    src_org="",
    dst_asn=64_496,
    dst_org="Example Networks",
    src_mac="00:00:5e:00:53:20",
    dst_mac="00:00:5e:00:53:01",
    vlan=0,
    interface="eth0",
    tunnel="",
    reason="closed",
    partial=False,
    gso=False,
    service="tls",
    name="www.example.com",
    sni="www.example.com",
    alpn="h2",
    ja4="t13d1516h2_8daaf6152771_02713d6af862",
    dns_query="",
    dns_type="",
    dns_rcode="",
    dns_answers="",
    http_host="",
    user_agent="",
    ssh_client="",
    ssh_server="",
    community_id="1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
)
HOST = HostRow(
    ip="192.168.1.20",
    name="nas-2",
    mac="00:00:5e:00:53:20",
    vendor="ICANN, IANA Department",
    country="Local",
    asn=0,
    org="",
    city="",
    latitude=None,
    longitude=None,
    local=True,
    first_seen=NOON - 86_400,
    last_seen=NOON + 1.25,
    flows=212,
    bytes_out=48_213_000,
    bytes_in=1_502_000,
)
POINT = TrafficPoint(
    t=int(NOON),
    packets=51_204,
    bytes=48_213_004,
    in_bytes=40_100_000,
    out_bytes=8_000_000,
    local_bytes=113_004,
    tcp_bytes=47_000_000,
    udp_bytes=1_200_000,
    other_bytes=13_004,
    new_flows=212,
)
TALKER = Talker(
    ip="203.0.113.7",
    name="www.example.com",
    country="DE",
    org="Example Networks",
    local=False,
    flows=31,
    bytes_out=41_213_000,
    bytes_in=1_902_000,
)
HEALTH = Health(
    state="running",
    version="0.1.0",
    sensor="sensor-1",
    started=NOON,
    now=NOON + 3_600,
    interfaces=[{"name": "eth0", "up": True, "error": "", "frames": 3_700_000}],
    packets=3_700_000,
    bytes=2_900_000_000,
    rejected={"truncated": 3},
    flows_active=1_204,
    flows_capacity=131_072,
    flows_ended=182_000,
    flows_stored=182_000,
    lag_s=0.2,
    rss_bytes=180_000_000,
    cpu_s=61.5,
    disk_bytes=12_000_000,
    written_bytes=43_000_000,
    home_networks=["192.168.0.0/16"],
    geo_sources=["DB-IP"],
)
CONDITION = Condition(status="ok", version="0.1.0", sensor="sensor-1", reasons=[], now=NOON + 3_600)
STARTING = Condition(status="starting", version="0.1.0", sensor="sensor-1", reasons=[], now=NOON)
STATS = Stats(
    uptime_s=3_600.0,
    packets=3_700_000,
    bytes=2_900_000_000,
    dropped=0,
    flows_active=1_204,
    flows_ended=182_000,
    flows_stored=182_000,
    store=StoreTotals(
        flows=182_000, bytes=2_900_000_000, days=1, segments=1, disk_bytes=12_000_000, devices=14
    ),
    queries=QueryStatistics(answered=310, waiting=1),
    live=LiveStatistics(clients=1, published=3_600),
)
FLOWS = FlowList(count=1, data=[FLOW], next="1763640000123456")
HOSTS = HostList(count=1, data=[HOST])
HOST_DETAIL = HostDetail(host=HOST, history=[POINT])
TRAFFIC = TrafficList(count=1, data=[POINT])
TOP = TalkerList(count=1, data=[TALKER])
COUNTRIES = CountryList(count=1, data=[CountryRow(country="DE", flows=31, bytes=43_115_000)])
ATTRIBUTION = AttributionList(
    count=1,
    data=[{"name": "IP to Country by DB-IP", "link": "https://db-ip.com", "licence": "CC BY 4.0"}],
)
CONFIG = '[capture]\ninterfaces = ["eth0"]\n'
METRICS = (
    "# HELP appliance_packets_total Frames handed on by an interface.\n"
    "# TYPE appliance_packets_total counter\n"
    'appliance_packets_total{interface="eth0"} 3700000\n'
)
PROBLEMS: dict[int, dict[str, Any]] = {
    400: {
        "title": "Bad Request",
        "status": 400,
        "detail": "limit: '5000' will not do. Expected int <= 1000",
        "instance": "/api/v1/flows",
        "errors": [{"parameter": "limit", "detail": "'5000' will not do. Expected int <= 1000"}],
    },
    404: {
        "title": "Not Found",
        "status": 404,
        "detail": "The address 198.51.100.9 has not been seen.",
        "instance": "/api/v1/hosts/198.51.100.9",
    },
    415: {
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "A body must be application/json.",
        "instance": "/api/v1/mutes",
    },
    503: {
        "title": "Service Unavailable",
        "status": 503,
        "detail": "Too many queries are waiting. Try again in a second.",
        "instance": "/api/v1/flows",
    },
}
