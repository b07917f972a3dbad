"""Real attacks on a wire: the alert reaches the dashboard in time, the store and the journal."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from appliance.model.views import AlertFilter
from appliance.store.reader import StoreReader
from tests.support import attacks
from tests.support.live import Row, Watcher, daemon, network, stored_flows
from tests.support.talks import FAR, NEAR
from tests.support.veth import Pair

JOURNALD = next(
    (path for path in ("/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald")
     if Path(path).exists()), "",
)  # fmt: skip

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.timeout(500),  # a machine without compiled kernels compiles them first
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
    pytest.mark.skipif(bool(attacks.missing_tools()), reason=f"no {attacks.missing_tools()}"),
    pytest.mark.skipif(
        not (JOURNALD and shutil.which("journalctl")), reason="no systemd-journald here"
    ),
]

SHOWN_AFTER_S = 2.0  # of the evidence
PATIENCE_S = 30.0
KINDS = ("port_scan", "brute_force", "flood", "dns_tunnel")

# in a mount namespace: /run is the journal's and ours, /sys is what journald looks for; our
# RUNTIME_DIRECTORY would become its own
WITH_JOURNAL = """
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/log/journal
mount --bind "$1" /run/log/journal
env -i {journald} > "$1/../journald.out" 2>&1 &
echo $! > "$1/../journald.pid"
for try in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
shift
exec "$@"
"""


class Found(NamedTuple):
    """What was told of each kind, and where else it stands."""

    told: dict[str, Row]
    stored: dict[str, list[str]]  # kind -> ids
    journal: dict[str, list[Row]]  # kind -> entries
    flows: list[Row]
    exit_code: int


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "journal").mkdir()
    script = WITH_JOURNAL.format(journald=JOURNALD)
    home = "--set=network.home=10.99.0.0/24"
    try:
        with network() as pair:
            enter = ("nsenter", f"--net=/run/netns/{pair.near}")
            apart = ("unshare", "--mount", "--propagation", "private")
            prefix = (*apart, *enter, "sh", "-c", script, "sh", str(folder / "journal"))
            with daemon(pair, folder, home, prefix=prefix) as running:
                port = running.wait_until_ready()
                with Watcher(pair, port) as watcher, attacks.file_server(pair):
                    told = attack(pair, folder, watcher)
                    code = running.terminate()
        journal = {kind: read_journal(folder, kind) for kind in KINDS}
    finally:
        end_journald(folder)
    return Found(told, read_store(folder), journal, stored_flows(folder, port=21), code)


def attack(pair: Pair, folder: Path, watcher: Watcher) -> dict[str, Row]:
    attacks.scan_ports(pair)
    told = {"port_scan": watcher.wait_for_alert("port_scan", FAR, PATIENCE_S)}
    attacks.guess(pair, folder)
    told["brute_force"] = watcher.wait_for_alert("brute_force", FAR, PATIENCE_S)
    with attacks.tunnel(pair):
        told["dns_tunnel"] = watcher.wait_for_alert("dns_tunnel", FAR, PATIENCE_S)
    attacks.flood(pair)
    told["flood"] = watcher.wait_for_alert("flood", FAR, PATIENCE_S)
    return told


def read_store(folder: Path) -> dict[str, list[str]]:
    reader = StoreReader(folder / "state")
    alerts = reader.cases.alerts(AlertFilter(limit=1_000)).data
    reader.close()
    return {kind: [alert.id for alert in alerts if alert.kind == kind] for kind in KINDS}


def read_journal(folder: Path, kind: str) -> list[Row]:
    command = ["journalctl", "-D", str(folder / "journal"), "-o", "json", "--no-pager"]
    deadline_s = time.monotonic() + 5
    while True:
        done = subprocess.run(
            [*command, f"APPLIANCE_KIND={kind}"], capture_output=True, text=True, check=False
        )
        entries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        if entries or time.monotonic() > deadline_s:
            return entries
        time.sleep(0.1)


def end_journald(folder: Path) -> None:
    path = folder / "journald.pid"
    if path.exists():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(path.read_text()), signal.SIGTERM)


def find_evidence_s(found: Found, alert: Row) -> float:
    """Return when the last packet was on the wire that the alert hangs on."""
    if alert["kind"] != "brute_force":
        return max(piece["ts"] for piece in alert["evidence"])
    # sessions count when they are over
    ends = sorted(
        row["end"]
        for row in found.flows
        if (row["src_ip"], row["dst_port"]) == (FAR, 21) and row["payload_in"]
    )
    return float(ends[alert["count"] - 1])


@pytest.mark.parametrize("kind", KINDS)
def test_an_attack_is_told_within_two_seconds(found: Found, kind: str) -> None:
    alert = found.told[kind]
    assert alert["sensor"]
    assert NEAR in alert["summary"] or alert["peer"] == NEAR or kind == "dns_tunnel"
    late_s = alert["at"] - find_evidence_s(found, alert)
    print(f"{kind}: {late_s:.2f} s after the evidence: {alert['summary']}")
    assert late_s <= SHOWN_AFTER_S


@pytest.mark.parametrize("kind", KINDS)
def test_an_alert_is_kept(found: Found, kind: str) -> None:
    assert found.told[kind]["id"] in found.stored[kind]
    assert found.exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_journal_has_it_by_its_kind(found: Found, kind: str) -> None:
    ids = {entry["APPLIANCE_ALERT"] for entry in found.journal[kind]}
    assert found.told[kind]["id"] in ids
    assert {entry["APPLIANCE_HOST"] for entry in found.journal[kind]} == {FAR}
