"""The plan of a simulated day: who does what when, and which of it is an attack."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from appliance.demo.chores import join
from appliance.demo.conversation import Conversation
from appliance.demo.devices import ROUTER, Device
from appliance.simulate import intrusions, noise
from appliance.simulate.benign import HABITS
from appliance.simulate.office import Role, Worker, dice, hire, outside

BENIGN = "benign"
_PORTS = (*range(1, 1_025), 1_433, 3_306, 3_389, 5_432, 5_900, 8_080, 8_443)


class Intrusion(NamedTuple):
    """One attack of the day."""

    kind: str  # as alerts call it
    host: str  # the address whose behaviour it is
    start_s: float  # s since the start of the day
    end_s: float
    what: str


class Stage(NamedTuple):
    """What an attack may use."""

    me: Worker  # the attacker or the infected machine
    others: list[Device]
    hours: float  # left of the day


class Script(NamedTuple):
    """How one kind of attack is played."""

    kind: str
    what: str
    play: Callable[[Stage], Iterator[Conversation]]
    length_s: float  # about; 0 = to the end of the day


def _scan(kind: str, count: int, gap_s: float) -> Callable[[Stage], Iterator[Conversation]]:
    def play(stage: Stage) -> Iterator[Conversation]:
        victim = stage.me.rng.choice(stage.others)
        ports = stage.me.rng.sample(_PORTS, count)
        return noise.scan_ports(stage.me, victim.at(0), ports=ports, gap_s=gap_s, kind=kind)

    return play


def _victims(stage: Stage, count: int) -> list[Device]:
    return stage.me.rng.sample(stage.others, min(count, len(stage.others)))


SCRIPTS: dict[str, Script] = {
    script.what: script
    for script in (
        Script("port_scan", "syn_scan", _scan("syn", 400, 0.02), 60),
        Script("port_scan", "slow_scan", _scan("syn", 120, 120), 14_400),
        Script("port_scan", "fin_scan", _scan("fin", 120, 0.05), 60),
        Script("port_scan", "null_scan", _scan("null", 120, 0.05), 60),
        Script("port_scan", "xmas_scan", _scan("xmas", 120, 0.05), 60),
        Script("port_scan", "ack_scan", _scan("ack", 120, 0.05), 60),
        Script("port_scan", "udp_scan", _scan("udp", 120, 0.2), 60),
        Script(
            "port_scan",
            "protocol_scan",
            lambda s: noise.scan_protocols(s.me, s.me.rng.choice(s.others).at(0)),
            60,
        ),
        Script(
            "host_sweep",
            "smb_sweep",
            lambda s: noise.sweep(s.me, ROUTER.ip[:3], port=445, count=120, gap_s=0.1),
            60,
        ),
        Script(
            "host_sweep",
            "ping_sweep",
            lambda s: noise.sweep(s.me, ROUTER.ip[:3], port=0, count=200, gap_s=0.05),
            60,
        ),
        Script(
            "brute_force",
            "ssh_guessing",
            lambda s: noise.guess(s.me, s.others[0].at(22), tries=60, gap_s=2),
            180,
        ),
        Script(
            "flood",
            "syn_flood",
            lambda s: noise.flood(
                s.me, outside(bytes((185, 60, 112, 7)), 443), packets=8_000, rate=400, spoofed=False
            ),
            30,
        ),
        Script(
            "flood",
            "spoofed_flood",
            lambda s: noise.flood(s.me, s.others[0].at(80), packets=8_000, rate=400, spoofed=True),
            30,
        ),
        Script(
            "arp_spoof",
            "arp_spoof",
            lambda s: noise.forge_arp(s.me, s.others[1], length_s=300),
            300,
        ),
        Script("dhcp_flood", "dhcp_flood", lambda s: noise.flood_dhcp(s.me, count=400), 30),
        Script(
            "beacon",
            "beacon_http",
            lambda s: intrusions.beacon(
                s.me, outside(bytes((45, 153, 240, 77)), 8_081),
                period_s=60, jitter=0.1, length_s=s.hours * 3_600,
            ),
            0,
        ),
        Script(
            "beacon",
            "beacon_tls",
            lambda s: intrusions.beacon(
                s.me, outside(bytes((91, 219, 236, 15)), 443),
                period_s=300, jitter=0.25, length_s=s.hours * 3_600,
            ),
            0,
        ),
        Script(
            "call_home",
            "call_home",
            lambda s: intrusions.call_home(
                s.me, outside(bytes((193, 56, 28, 103)), 6_667),
                period_s=90, length_s=s.hours * 3_600,
            ),
            0,
        ),
        Script(
            "odd_service",
            "remote_control",
            lambda s: intrusions.remote_control(
                s.me, outside(bytes((66, 63, 160, 35)), 5_888), length_s=1_800
            ),
            1_800,
        ),
        Script(
            "exfiltration",
            "exfiltration",
            lambda s: intrusions.steal(
                s.me, outside(bytes((141, 98, 6, 12)), 443), bytes_=60_000_000
            ),
            300,
        ),
        Script("dga", "dga", lambda s: intrusions.invent_names(s.me, count=200, gap_s=2), 500),
        Script(
            "dns_tunnel",
            "dns_tunnel",
            lambda s: intrusions.tunnel_dns(
                s.me, domain="t.cdn-sync.example", count=600, gap_s=0.5
            ),
            400,
        ),
        Script(
            "icmp_tunnel",
            "icmp_tunnel",
            lambda s: intrusions.tunnel_icmp(s.me, outside(bytes((89, 44, 9, 3)), 0), count=400),
            400,
        ),
        Script(
            "lateral_movement",
            "lateral_winrm",
            lambda s: intrusions.spread(s.me, _victims(s, 5), port=5_985),
            400,
        ),
    )
}  # fmt: skip


class Day(NamedTuple):
    """A planned day: generators of conversations, and the truth about them."""

    talks: list[Iterator[Conversation]]
    intrusions: list[Intrusion]
    hosts: list[str]  # addresses of all devices


def plan_day(*, hosts: int, hours: float, seed: int, attacks: tuple[str, ...]) -> Day:
    """Plan a day. attacks : keys of SCRIPTS, each played once, by a desktop of its own if possible.

    Times are in s since the start. The same arguments give the same day.
    """
    cast = hire(hosts)
    talks: list[Iterator[Conversation]] = []
    for device, role in cast:
        talks.append(_labelled(join(device, dice(seed, device.hostname, "join")), BENIGN))
        for habit in HABITS[role]:
            rng = dice(seed, device.hostname, habit.__name__)
            talks.append(_labelled(_until(habit(device, rng), hours), BENIGN))
    rng = dice(seed, "attacks")
    desktops = [device for device, role in cast if role in {Role.DESKTOP, Role.PHONE}]
    if attacks and not desktops:
        desktops = [device for device, _ in cast]
    planned = []
    for number, name in enumerate(attacks):
        script = SCRIPTS[name]
        attacker = desktops[number % len(desktops)]
        begin_s = hours * 3_600 * rng.uniform(0.05, 0.35 if not script.length_s else 0.8)
        me = Worker(attacker, dice(seed, name), begin_s)
        others = [device for device, _ in cast if device is not attacker] or [ROUTER]
        stage = Stage(me, others, hours - begin_s / 3_600)
        end_s = min(begin_s + (script.length_s or hours * 3_600), hours * 3_600)
        talks.append(_labelled(_until(script.play(stage), hours), name))
        host = ".".join(map(str, attacker.ip))
        planned.append(Intrusion(script.kind, host, begin_s, end_s, name))
    return Day(talks, planned, [".".join(map(str, device.ip)) for device, _ in cast])


def _labelled(talks: Iterator[Conversation], label: str) -> Iterator[Conversation]:
    return (talk._replace(label=label) for talk in talks)


def _until(talks: Iterator[Conversation], hours: float) -> Iterator[Conversation]:
    for talk in talks:
        if talk.start_ns >= hours * 3_600e9:
            return
        yield talk
