"""What of the developer data is judged, and what is true of it."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from appliance.evaluate.truth import Machine, Truth, read_truth
from appliance.model.address import parse_address

DAYS: dict[str, tuple[int, tuple[str, ...]]] = {
    "quiet day": (21, ("beacon_tls", "beacon_http", "call_home", "exfiltration", "remote_control")),
    "benign day": (11, ()),
}
_START_S = 1_767_571_200.0  # when a simulated day begins
_LAN_S = 1_714_953_600.0  # 2024-05-06, the day of lan24h
_BENIGN = 60  # captures, the largest ones

# Who did what in the captures: words of which one stands in "peer kind" of the alert.
_CAPTURES: dict[str, tuple[str, ...]] = {
    "esnet-tcp_0_1000_20190821.pcap": ("172.31.15.102", "port_scan"),
    "esnet-udp_0_1000_20190821.pcap": ("172.31.15.102", "port_scan"),
    "ncsa-backscatter.pcap": (),
    "ndpi-bot.pcap": (),
    "ndpi-dns-tunnel-iodine.pcap": ("10.0.2.30", "dns_tunnel"),
    "ndpi-dns2tcp_tunnel.pcap": ("192.168.20.211", "dns_tunnel"),
    "ndpi-dns_exfiltration.pcap": ("192.168.220.56", "dns_tunnel"),
    "ndpi-icmp-tunnel.pcap": ("192.168.154.131", "icmp_tunnel"),
    "ndpi-synscan.pcap": ("172.16.0.8", "port_scan"),
    "ndpi-tcp_scan.pcapng": ("192.168.1.178", "port_scan"),
    "sanders-arppoison.pcapng": ("172.16.0.105", "arp_spoof"),
    "slips-cc-jitter-2-3s.pcap": ("147.32.80.37", "beacon"),
    "slips-cc-periodic-2s.pcap": ("147.32.80.37", "beacon"),
    "slips-icmp-sweep.pcap": ("192.168.1.109", "host_sweep"),
    "slips-ssh-bruteforce.pcap": ("147.32.80.40", "brute_force"),
    "slips-test7-iot-malware.pcap": ("192.168.2.16", "host_sweep"),
    "slips-test8-arp-scan.pcap": ("192.168.1.247", "host_sweep"),
    "sv-dhcp-request-flood.pcap": ("0.0.0.0", "dhcp_flood"),
    "sv-syn-flood.pcap": ("192.0.2.10", "flood"),
    "zeek-ftp-bruteforce.pcap": ("192.168.56.1", "brute_force"),
    "zeek-sshguess.pcap": ("192.168.56.1", "brute_force"),
}
_LOGS: dict[str, tuple[str, ...]] = {
    "zeek/slips-port-scans/horizontal": ("10.0.2.112",),
    "zeek/slips-port-scans/vertical": ("192.168.1.9",),
    "binetflow/test11-portscan.binetflow": ("10.8.0.69",),
    "binetflow/test2-malicious.binetflow": (),
    "binetflow/test3-mixed.binetflow": ("46.166.151.160",),
    "binetflow/test4-malicious.binetflow": ("192.168.2.12",),
    "binetflow/test5-mixed.binetflow": (),
    "labelled/iot23-sample-60-40.conn.tsv": ("192.168.1.195", "192.168.1.196"),
    "labelled/iot23-sample-90-10.conn.tsv": tuple(
        f"192.168.1.{last}" for last in (194, 195, 197, 198, 199)
    ),
    "labelled/slips-test18-remcos/zeek-labeled": ("192.168.1.107",),
}
# The same traffic as attack captures, under other names.
_ATTACKS_TOO = ("dns-tunnel-iodine", "dns_exfiltration", "icmp-tunnel", "dns2tcp", "emotet")


class DataCase(NamedTuple):
    """One input and the truth about its machines; those not named in it are benign."""

    group: str  # "lan24h", "attacks", "benign", or the name of a simulated day
    name: str
    path: Path
    truth: Truth


def find_cases(data: Path, days: Path) -> list[DataCase]:
    """Return the cases that are there. days : folder of simulated days, made if absent."""
    cases = []
    truth: Truth
    for name, (seed, attacks) in DAYS.items():
        path = _simulate(days / f"{name.replace(' ', '-')}.log", seed, attacks)
        truth = read_truth(str(path.with_suffix(".truth.csv")), _START_S)
        cases.append(DataCase(name, name, path, truth))
    lan = data / "lan24h"
    if lan.is_dir():
        truth = read_truth(str(lan / "truth.csv"), _LAN_S)
        cases.append(DataCase("lan24h", "lan24h", lan / "conn.log", truth))
    for log, hosts in _LOGS.items():
        cases.append(DataCase("attacks", Path(log).name, data / log, _accuse(hosts)))
    for capture, told in _CAPTURES.items():
        accused = _accuse(told[:1], told[1:])
        cases.append(DataCase("attacks", capture, data / "pcap/attack" / capture, accused))
    benign = _find_benign(data / "pcap/ndpi")
    cases += [DataCase("benign", path.name, path, {}) for path in benign]
    return [case for case in cases if case.path.exists()]


def _accuse(hosts: Iterable[str], words: tuple[str, ...] = ()) -> Truth:
    return {parse_address(host): Machine(host, bad=True, words=words) for host in hosts}


def _find_benign(folder: Path) -> list[Path]:
    paths = [path for path in folder.glob("*.pcap*") if not path.stem.startswith(_ATTACKS_TOO)]
    return sorted(sorted(paths, key=lambda path: (-path.stat().st_size, path.name))[:_BENIGN])


def _simulate(path: Path, seed: int, attacks: tuple[str, ...]) -> Path:
    if not path.exists():
        command = [sys.executable, "-m", "appliance", "simulate", "--hosts", "17"]
        command += ["--seed", str(seed), "--out", str(path), "--attacks", *attacks]
        subprocess.run(command, check=True)
    return path
