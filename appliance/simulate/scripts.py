"""The attacks that can be played, by name: what each is called, how it goes, how long it takes."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from appliance.demo.conversation import Conversation, Endpoint
from appliance.demo.devices import ROUTER, Device
from appliance.simulate import intrusions, noise
from appliance.simulate.intrusions import Channel
from appliance.simulate.office import Worker, outside, server

_PORTS = (*range(1, 1_025), 1_433, 3_306, 3_389, 5_432, 5_900, 8_080, 8_443)


class Stage(NamedTuple):
    """What an attack may use."""

    me: Worker  # the attacker or the infected machine
    others: list[Device]  # at least one
    length_s: float  # left of the play


Play = Callable[[Stage], Iterator[Conversation]]


class Script(NamedTuple):
    """How one attack is played."""

    kind: str  # as alerts call it
    name: str
    play: Play
    length_s: float  # about; 0 = to the end of the play


def _at(text: str, port: int) -> Endpoint:
    return outside(bytes(map(int, text.split("."))), port)


def _scan(kind: str, count: int, gap_s: float) -> Play:
    def play(stage: Stage) -> Iterator[Conversation]:
        victim = stage.me.rng.choice(stage.others)
        ports = stage.me.rng.sample(_PORTS, count)
        return noise.scan_ports(stage.me, victim.at(0), ports=ports, gap_s=gap_s, kind=kind)

    return play


def _scan_protocols(stage: Stage) -> Iterator[Conversation]:
    return noise.scan_protocols(stage.me, stage.me.rng.choice(stage.others).at(0))


def _sweep(port: int, count: int, gap_s: float) -> Play:
    return lambda s: noise.sweep(s.me, ROUTER.ip[:3], port=port, count=count, gap_s=gap_s)


def _telnet(stage: Stage) -> Iterator[Conversation]:
    return noise.sweep_outside(stage.me, ports=(23, 23, 23, 2_323), count=1_500, gap_s=0.2)


def _guess(port: int, tries: int, gap_s: float) -> Play:
    return lambda s: noise.guess(s.me, s.others[0].at(port), tries=tries, gap_s=gap_s)


def _flood_outside(stage: Stage) -> Iterator[Conversation]:
    victim = _at("185.60.112.7", 443)
    return noise.flood(stage.me, victim, packets=8_000, rate=400, spoofed=False)


def _flood_inside(stage: Stage) -> Iterator[Conversation]:
    victim = stage.others[0].at(80)
    return noise.flood(stage.me, victim, packets=8_000, rate=400, spoofed=True)


def _forge_arp(stage: Stage) -> Iterator[Conversation]:
    return noise.forge_arp(stage.me, stage.others[-1], length_s=300)


def _beacon(channel: Channel, period_s: float, jitter: float) -> Play:
    return lambda s: intrusions.beacon(
        s.me, channel, period_s=period_s, jitter=jitter, length_s=s.length_s
    )


def _beacon_unevenly(stage: Stage) -> Iterator[Conversation]:
    channel = Channel(server("77.91.68.21", "77.91.68.21", 48), 8_080, "http")
    return intrusions.beacon_unevenly(
        stage.me, channel, period_s=120, deviation=0.25, length_s=stage.length_s
    )


def _beacon_by_day(stage: Stage) -> Iterator[Conversation]:
    channel = Channel(server("sync.metrics-cdn.example", "194.87.31.142", 52), 443, "tls")
    return intrusions.beacon_by_day(
        stage.me, channel, period_s=180, hours=(8, 18), length_s=stage.length_s
    )


def _beacon_dns(stage: Stage) -> Iterator[Conversation]:
    return intrusions.beacon_dns(
        stage.me, domain="c.stat-node.example", period_s=20, length_s=stage.length_s
    )


def _call_home(stage: Stage) -> Iterator[Conversation]:
    server = _at("193.56.28.103", 6_667)
    return intrusions.call_home(stage.me, server, period_s=90, length_s=stage.length_s)


def _mine(stage: Stage) -> Iterator[Conversation]:
    return intrusions.mine(stage.me, _at("51.15.65.182", 3_333), length_s=stage.length_s)


def _spread(stage: Stage) -> Iterator[Conversation]:
    victims = stage.me.rng.sample(stage.others, min(5, len(stage.others)))
    return intrusions.spread(stage.me, victims, port=5_985)


_HTTP = Channel(server("45.153.240.77", "45.153.240.77", 60), 8_081, "http")
_TLS = Channel(server("cdn.update-check.example", "91.219.236.15", 55), 443, "tls")
_DROP = server("files.share-drop.example", "141.98.6.12", 40)

SCRIPTS: dict[str, Script] = {
    script.name: script
    for script in (
        Script("port_scan", "syn_scan", _scan("syn", 400, 0.02), 10),
        Script("port_scan", "slow_scan", _scan("syn", 120, 120), 14_400),
        Script("port_scan", "fin_scan", _scan("fin", 120, 0.05), 10),
        Script("port_scan", "null_scan", _scan("null", 120, 0.05), 10),
        Script("port_scan", "xmas_scan", _scan("xmas", 120, 0.05), 10),
        Script("port_scan", "ack_scan", _scan("ack", 120, 0.05), 10),
        Script("port_scan", "udp_scan", _scan("udp", 120, 0.2), 30),
        Script("port_scan", "protocol_scan", _scan_protocols, 15),
        Script("host_sweep", "smb_sweep", _sweep(445, 120, 0.1), 20),
        Script("host_sweep", "ping_sweep", _sweep(0, 200, 0.05), 20),
        Script("host_sweep", "telnet_scan", _telnet, 400),
        Script("host_sweep", "spam_bot",
               lambda s: intrusions.send_spam(s.me, count=400, gap_s=4), 2_400),
        Script("brute_force", "ssh_guessing", _guess(22, 60, 2), 150),
        Script("brute_force", "slow_guessing", _guess(3_389, 160, 40), 7_000),
        Script("flood", "syn_flood", _flood_outside, 25),
        Script("flood", "spoofed_flood", _flood_inside, 25),
        Script("arp_spoof", "arp_spoof", _forge_arp, 320),
        Script("dhcp_flood", "dhcp_flood", lambda s: noise.flood_dhcp(s.me, count=400), 10),
        Script("beacon", "beacon_http", _beacon(_HTTP, 60, 0.1), 0),
        Script("beacon", "beacon_tls", _beacon(_TLS, 300, 0.25), 0),
        Script("beacon", "beacon_gauss", _beacon_unevenly, 0),
        Script("beacon", "beacon_hours", _beacon_by_day, 0),
        Script("dns_tunnel", "beacon_dns", _beacon_dns, 0),
        Script("call_home", "call_home", _call_home, 0),
        Script("odd_service", "miner", _mine, 0),
        Script("odd_service", "remote_control",
               lambda s: intrusions.remote_control(
                   s.me, _at("66.63.160.35", 5_888), length_s=1_800), 1_900),
        Script("exfiltration", "exfiltration",
               lambda s: intrusions.steal(s.me, _DROP, bytes_=60_000_000), 120),
        Script("dga", "dga", lambda s: intrusions.invent_names(s.me, count=200, gap_s=2), 500),
        Script("dns_tunnel", "dns_tunnel",
               lambda s: intrusions.tunnel_dns(
                   s.me, domain="t.cdn-sync.example", count=600, gap_s=0.5), 400),
        Script("icmp_tunnel", "icmp_tunnel",
               lambda s: intrusions.tunnel_icmp(s.me, _at("89.44.9.3", 0), count=400), 300),
        Script("lateral_movement", "lateral_winrm", _spread, 400),
    )
}  # fmt: skip
