"""How long an attack is over on the wire before its alert is at a dashboard."""

import argparse
import os
import tempfile
import time
from pathlib import Path

from tests.oracles import frames as f
from tests.support.live import Watcher, daemon, network
from tests.support.talks import NEAR, find_mac
from tests.support.veth import Pair, ip, raw_socket

_PORTS = range(1, 41)
_ROUNDS = 20  # of a run
_SILENT = "10.99.0.250"  # nobody has it


def measure(options: argparse.Namespace) -> None:
    """Scan 40 ports from one address after the other: refused at once, and not answered at all."""
    if os.getuid():
        print("alerts: needs root, left out")
        return
    rounds = _ROUNDS * options.runs
    with tempfile.TemporaryDirectory() as folder, network() as pair:
        settings = ("--set=network.home=10.99.0.0/16", "--set=flows.linger_s=0.5")
        with (
            daemon(pair, Path(folder), *settings) as running,
            Watcher(pair, running.wait_until_ready()) as watcher,
        ):
            ip("-n", pair.near, "route", "replace", "10.99.0.0/16", "dev", pair.near_if)
            for name, target in (("refused", NEAR), ("silent", _SILENT)):
                late = [_scan_once(watcher, pair, target, at) for at in range(rounds)]
                _report(name, late)
            running.terminate()


def _scan_once(watcher: Watcher, pair: Pair, target: str, number: int) -> float:
    """Scan from a device that nobody has seen yet; its answers go nowhere."""
    source = f"10.99.{10 if target == NEAR else 20}.{number + 1}"
    # a maker's, so that it is a device of its own
    mac = b"\x3c\x5a\xb4" + b"\x01" + bytes(map(int, source.split(".")[2:]))
    near = bytes.fromhex(find_mac(pair.near, pair.near_if).replace(":", ""))
    ip("-n", pair.near, "neigh", "replace", source, "lladdr", mac.hex(":"), "dev", pair.near_if)
    with raw_socket(pair.far, pair.far_if) as sock:
        for port in _PORTS:
            body = f.tcp((40_000, port), f.SYN, 1, 0)
            sock.send(near + mac[:6] + b"\x08\x00" + f.ipv4((source, target), 6, body))
    over_s = time.time()
    return float(watcher.wait_for_alert("port_scan", source)["at"]) - over_s


def _report(name: str, late: list[float]) -> None:
    late.sort()
    middle, high = late[len(late) // 2], late[min(len(late) - 1, int(0.99 * len(late)))]
    print(
        f"alert after the last probe, {name}: median {middle:.2f} s, p99 {high:.2f} s, "
        f"worst {late[-1]:.2f} s of {len(late)}"
    )
