"""A real systemd-journald in a mount namespace of its own, and what journalctl finds in it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.notify.journald import MESSAGE_IDS

ROOT = Path(__file__).resolve().parents[2]
JOURNALD = next(
    (path for path in ("/lib/systemd/systemd-journald", "/usr/lib/systemd/systemd-journald")
     if Path(path).exists()), "",
)  # fmt: skip

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount namespace"),
    pytest.mark.skipif(
        not (JOURNALD and shutil.which("journalctl") and shutil.which("unshare")),
        reason="no systemd-journald here",
    ),
]

# In the namespace: /run is empty, journald keeps its entries there, and all is gone afterwards.
SCRIPT = r"""
set -e
mount -t tmpfs none /run
mkdir -p /run/systemd/journal /run/log/journal
{journald} >/run/journald.out 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon || true' EXIT
for try in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
{python} - <<'PY'
{writer}
PY
for try in $(seq 100); do
    journalctl --sync 2>/dev/null || true
    found=$(journalctl -D /run/log/journal -o json APPLIANCE_INCIDENT=INC-1001 2>/dev/null | wc -l)
    [ "$found" -ge 2 ] && break
    sleep 0.05
done
for filter in APPLIANCE_KIND=port_scan APPLIANCE_INCIDENT=INC-1001 MESSAGE_ID={message_id}; do
    echo "## $filter"
    journalctl -D /run/log/journal -o json --no-pager $filter
done
echo "## severe"
journalctl -D /run/log/journal -o json --no-pager -p err SYSLOG_IDENTIFIER=appliance
"""

WRITER = r"""
from appliance.model.alert import Alert, AlertChange
from appliance.notify.journald import open_journal
def alert(kind, severity, device):
    return AlertChange(what="raised", alert=Alert(
        id="A" + kind, ts=5.0, first_seen=1.0, last_seen=5.0, kind=kind, severity=severity,
        confidence=0.75, host="192.168.1.5", device=device, port=443, incident="INC-1001",
        summary=f"{device} did something."))
notifier = open_journal()
assert notifier.notify([alert("port_scan", "high", "cam\nPRIORITY=7"),
                        alert("beacon", "low", "caf\u00e9")]) == 2, notifier.statistics()
"""


@pytest.fixture(scope="module")
def found() -> dict[str, list[dict[str, str]]]:
    script = SCRIPT.format(
        journald=JOURNALD,
        python=sys.executable,
        writer=WRITER,
        message_id=MESSAGE_IDS["beacon"],
    )
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=40, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    parts: dict[str, list[dict[str, str]]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("## "):
            entries = parts[line[3:]] = []
        else:
            entries.append(json.loads(line))
    return parts


def test_journalctl_finds_alerts_by_kind(found: dict[str, list[dict[str, str]]]) -> None:
    (entry,) = found["APPLIANCE_KIND=port_scan"]
    assert entry["MESSAGE"] == "cam PRIORITY=7 did something."
    assert entry["PRIORITY"] == "3"
    assert entry["MESSAGE_ID"] == MESSAGE_IDS["port_scan"]
    assert entry["APPLIANCE_HOST"] == "192.168.1.5"
    assert entry["APPLIANCE_PORT"] == "443"
    assert entry["_TRANSPORT"] == "journal"


def test_journalctl_finds_an_incident_by_its_id(found: dict[str, list[dict[str, str]]]) -> None:
    kinds = [entry["APPLIANCE_KIND"] for entry in found["APPLIANCE_INCIDENT=INC-1001"]]
    assert kinds == ["port_scan", "beacon"]


def test_journalctl_finds_a_kind_by_its_message_id(found: dict[str, list[dict[str, str]]]) -> None:
    (entry,) = found[f"MESSAGE_ID={MESSAGE_IDS['beacon']}"]
    assert entry["MESSAGE"] == "café did something."


def test_priorities_select_what_is_severe(found: dict[str, list[dict[str, str]]]) -> None:
    assert [entry["APPLIANCE_SEVERITY"] for entry in found["severe"]] == ["high"]
