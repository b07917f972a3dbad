"""A small synthetic network, the same every time: what the page under test is shown."""

import asyncio
import math
import random
from dataclasses import dataclass, field

from appliance.model.health import Health, Tick
from appliance.model.views import CountryRow, FlowRow, HostRow, Talker, TrafficPoint

HISTORY_S = 300
GIB = 1 << 30


@dataclass(frozen=True)
class Peer:
    """One address of the world."""

    ip: str
    name: str = ""
    country: str = "Local"
    asn: int = 0
    org: str = ""
    mac: str = ""
    vendor: str = ""


DEVICES = (
    Peer("192.168.1.20", "NAS-2", mac="00:11:32:aa:bb:20", vendor="Synology"),
    Peer("192.168.1.31", "TV-lounge", mac="a4:77:33:01:02:31", vendor="Google"),
    Peer("192.168.1.44", "Laptop-A", mac="3c:06:30:11:22:44", vendor="Apple"),
    Peer("192.168.1.52", "<script>window.hacked=1</script>", mac="02:00:00:00:00:52"),
    Peer("192.168.1.60", "טלפון של נועה", mac="02:00:00:00:00:60"),
    Peer("192.168.1.61", "🖨️ Printer office", mac="02:00:00:00:00:61"),
    Peer("192.168.1.77", "", mac="24:0a:c4:4f:21:77", vendor="Espressif"),
    Peer("2001:db8:1::44", "Laptop-A", mac="3c:06:30:11:22:44"),
)
ROUTER = Peer("192.168.1.1", "router.lan", mac="02:00:00:00:00:01", vendor="AVM")
REMOTES = (
    Peer("203.0.113.7", "backup.example.net", "NL", 64500, "Example Hosting B.V."),
    Peer("198.51.100.24", "cdn.video.example", "US", 64501, "Video CDN Inc."),
    Peer("198.51.100.80", "www.example.org", "DE", 64502, "Beispiel Netz GmbH"),
    Peer("203.0.113.99", "", "BR", 64503, "Rede Exemplo S.A."),
    Peer("192.0.2.53", "dns.example", "US", 64504, "Public Resolver"),
    Peer("2001:db8:ff::80", "updates.example.com", "IE", 64505, "Updates Ltd."),
    Peer("203.0.113.200", "<img src=x onerror=window.hacked=2>", "FR", 64506, "Réseau Exemple"),
    Peer("198.51.100.200", "", "Unknown"),
)
# service, proto, port, state, weight of bytes
KINDS = (
    ("tls", "tcp", 443, "SF", 60_000),
    ("quic", "udp", 443, "SF", 240_000),
    ("dns", "udp", 53, "SF", 180),
    ("http", "tcp", 80, "SF", 9_000),
    ("ssh", "tcp", 22, "RSTO", 5_000),
    ("", "tcp", 8080, "S0", 60),
    ("", "tcp", 23, "REJ", 60),
    ("", "icmp", 0, "SF", 84),
    ("", "tcp", 5222, "S1", 2_000),
)
HISTORIES = {"SF": "ShADadFf", "S0": "S", "REJ": "Sr", "RSTO": "ShADadR", "S1": "ShADad"}


def flow(number: int, end: float) -> FlowRow:
    """Return the flow of that number; only its times depend on `end`."""
    dice = random.Random(number * 7_919)
    service, proto, port, state, weight = dice.choice(KINDS)
    device, remote = dice.choice(DEVICES), dice.choice(REMOTES)
    direction = dice.choices(("outbound", "inbound", "local"), (8, 1, 2))[0]
    if direction == "local":
        remote = ROUTER
    elif ":" in device.ip:
        remote = REMOTES[5]
    source, target = (remote, device) if direction == "inbound" else (device, remote)
    answered = state not in ("S0",)
    size = dice.lognormvariate(0, 1.3) * weight
    back = int(size * dice.uniform(0.2, 6)) if answered else 0
    out = max(60, int(size))
    packets_out, packets_in = max(1, out // 700), back // 900 + answered
    duration = 0.0 if state in ("S0", "REJ") else round(dice.expovariate(1 / 20), 3)
    tls, dns, tcp = service in ("tls", "quic"), service == "dns", proto == "tcp"
    return FlowRow(
        id=number, flow_id=str(2**60 + number), start=end - duration, end=end, duration=duration,
        src_ip=source.ip, src_port=8 if proto == "icmp" else dice.randrange(32_768, 60_999),
        dst_ip=target.ip, dst_port=port, proto=proto, direction=direction, state=state,
        history=HISTORIES[state] if tcp else "Dd", packets_out=packets_out, packets_in=packets_in,
        bytes_out=out, bytes_in=back, payload_out=out * 9 // 10, payload_in=back * 9 // 10,
        ip_bytes_out=out - 14 * packets_out, ip_bytes_in=max(0, back - 14 * packets_in),
        flags_out=0x1B if tcp else 0, flags_in=0x1B if answered and tcp else 0,
        rtt_ms=round(dice.uniform(2, 90), 2) if answered and tcp else None,
        retrans=dice.choice((0, 0, 0, 2)), gaps=0, size_mean=620.5, size_var=90_000.0,
        size_min=60, size_max=1_514, iat_mean=0.031, iat_var=0.01, iat_min=0.0001, iat_max=1.2,
        src_country=source.country, dst_country=target.country, src_asn=source.asn,
        src_org=source.org, dst_asn=target.asn, dst_org=target.org, src_mac=source.mac,
        dst_mac=target.mac or ROUTER.mac,
        vlan=0, interface="eth0", tunnel="", reason="active" if state == "S1" else "closed",
        partial=False, gso=False, service=service, name=target.name if target.asn else "",
        sni=target.name if tls else "", alpn="h2" if tls else "",
        ja4="t13d1516h2_8daaf6152771_b186095e22b6" if tls else "",
        dns_query="www.example.org" if dns else "", dns_type="A" if dns else "",
        dns_rcode="NOERROR" if dns else "",
        dns_answers="198.51.100.80 198.51.100.81" if dns else "", http_host="", user_agent="",
        ssh_client="", ssh_server="", community_id="1:wCb3OG7yAFWelaUydu0D+125CLM=",
    )  # fmt: skip


def tick(second: int, dropped: int = 0) -> Tick:
    """Return the traffic of one second."""
    dice = random.Random(second % 9_973)
    wave = 0.55 + 0.3 * math.sin(second / 41) + 0.12 * math.sin(second / 7)
    burst = 3.0 if second % 97 < 6 else 1.0
    down = int(10_500_000 * wave * dice.uniform(0.9, 1.1))
    up = int(1_500_000 * wave * burst * dice.uniform(0.7, 1.3))
    local = int(600_000 * dice.uniform(0.5, 1.5))
    total = down + up + local + 4_000
    return Tick(
        ts=float(second), packets=total // 820, bytes=total, in_bytes=down, out_bytes=up,
        local_bytes=local, tcp_bytes=total * 7 // 10, udp_bytes=total * 3 // 10, other_bytes=4_000,
        new_flows=dice.randrange(8, 40), dropped=dropped,
    )  # fmt: skip


def traffic(minutes: int, step: int, now: int) -> list[TrafficPoint]:
    """Return stored minutes, with one stretch missing where the range is long."""
    end = now // step * step
    times = [end - step * at for at in range(minutes * 60 // step)][::-1]
    if minutes > 60:
        times = times[:60] + times[66:]
    points = []
    for at in times:
        one = tick(at // step * 11)
        values = {
            name: getattr(one, name) * step
            for name in one.__struct_fields__
            if name not in ("ts", "dropped")
        }
        points.append(TrafficPoint(t=at, **values))
    return points


@dataclass
class World:
    """What the fake sensor tells, and the switches a test may turn."""

    started: float
    empty: bool = False
    dropping: int = 0  # frames lost a second
    down: bool = False
    second: int = 0
    flows: list[FlowRow] = field(default_factory=list)  # oldest first
    lost: int = 0
    passed: asyncio.Event = field(default_factory=asyncio.Event)  # a second passed

    def __post_init__(self) -> None:
        self.second = int(self.started)
        for number in range(1, 401):
            self.flows.append(flow(number, self.started - (400 - number) * 0.9))

    def step(self, now: float) -> list[FlowRow]:
        """Let one second pass; return its flows, newest first."""
        self.second = int(now)
        self.lost += self.dropping
        amount = 0 if self.empty else 2 + self.second % 4
        fresh = [flow(len(self.flows) + 1 + at, now - 0.2 + at / 50) for at in range(amount)]
        self.flows += fresh
        return fresh[::-1]

    def newest(self, amount: int) -> list[FlowRow]:
        """Return the last flows, newest first."""
        return [] if self.empty else self.flows[: -amount - 1 : -1]

    def tick(self) -> Tick:
        """Return the newest second."""
        return Tick(ts=float(self.second)) if self.empty else tick(self.second, self.dropping)

    def history(self) -> list[Tick]:
        """Return the seconds before this one."""
        return [tick(at) for at in range(self.second - HISTORY_S + 1, self.second + 1)]

    def health(self) -> Health:
        """Return the sensor's state of this second."""
        age = self.second - int(self.started)
        packets = 12_403_118 + 9_000 * age
        card = {"name": "eth0", "up": not self.down, "error": "link is down" if self.down else ""}
        counters = {
            "frames": packets,
            "bytes": packets * 820,
            "nic_dropped": 0,
            "kernel_dropped": self.lost,
            "outages": int(self.down),
        }
        return Health(
            state="degraded" if self.down else "running", version="0.1.0", sensor="homelab",
            started=self.started - 17_520, now=float(self.second), interfaces=[card | counters],
            packets=packets, bytes=packets * 820, dropped_kernel=self.lost,
            rejected={"truncated": 12, "not_ip": 5_310}, flows_active=1_204 + age % 50,
            flows_capacity=131_072, flows_ended=182_404 + 3 * age, flows_stored=182_398 + 3 * age,
            queue_fill=0.01, lag_s=0.21, rss_bytes=182_000_000, cpu_s=120.0 + 0.06 * age,
            disk_bytes=int(1.2 * GIB), written_bytes=44_000_000,
            home_networks=["192.168.1.0/24", "2001:db8:1::/48"],
        )  # fmt: skip

    def hosts(self) -> list[HostRow]:
        """Return what is known about every device."""
        return [
            HostRow(
                ip=one.ip, name=one.name, mac=one.mac, vendor=one.vendor, country=one.country,
                asn=one.asn, org=one.org, city="", latitude=None, longitude=None,
                local=one.asn == 0, first_seen=self.started - 86_400, last_seen=float(self.second),
                flows=10, bytes_out=1, bytes_in=1,
            )
            for one in (*DEVICES, ROUTER)
        ]  # fmt: skip

    def talkers(self) -> list[Talker]:
        """Return the top list."""
        if self.empty:
            return []
        shares = (
            (0, 48.0, 4.1),
            (1, 0.3, 21.1),
            (2, 1.2, 8.6),
            (3, 0.4, 3.3),
            (4, 0.2, 1.9),
            (6, 0.01, 0.002),
        )
        top = [
            Talker(ip=DEVICES[at].ip, name=DEVICES[at].name, country="Local", org="", local=True,
                   flows=4_210 // (at + 1), bytes_out=int(out * GIB), bytes_in=int(back * GIB))
            for at, out, back in shares
        ]  # fmt: skip
        far = REMOTES[0]
        top.insert(
            1,
            Talker(
                ip=far.ip,
                name=far.name,
                country=far.country,
                org=far.org,
                local=False,
                flows=3,
                bytes_out=GIB,
                bytes_in=47 * GIB,
            ),
        )
        return top

    def countries(self) -> list[CountryRow]:
        """Return the shares of countries."""
        if self.empty:
            return []
        shares = (
            ("NL", 48.2),
            ("US", 20.1),
            ("DE", 9.4),
            ("IE", 1.7),
            ("FR", 0.6),
            ("BR", 0.21),
            ("Unknown", 0.02),
            ("JP", 0.003),
            ("Local", 6.3),
        )
        return [
            CountryRow(country=code, flows=int(share * 90) + 1, bytes=int(share * GIB))
            for code, share in shares
        ]
