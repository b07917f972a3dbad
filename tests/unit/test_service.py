"""The systemd unit: what must be there, and what must not."""

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.cli.entry import BAD_CONFIGURATION

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "appliance.service"
EXPOSURE = 18  # a tenth of it is what systemd prints; the packet socket alone costs most of this


def settings() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def test_only_the_packet_socket_is_granted() -> None:
    unit = settings()
    assert unit["AmbientCapabilities"] == unit["CapabilityBoundingSet"] == ["CAP_NET_RAW"]
    assert unit["DynamicUser"] == ["yes"]


def test_what_breaks_capture_or_the_kernels_is_not_set() -> None:
    unit = settings()
    assert "MemoryDenyWriteExecute" not in unit
    assert "PrivateUsers" not in unit
    families = unit["RestrictAddressFamilies"][0].split()
    assert {"AF_PACKET", "AF_NETLINK", "AF_UNIX"} <= set(families)


def test_bad_configuration_is_not_tried_again() -> None:
    assert settings()["RestartPreventExitStatus"] == [str(BAD_CONFIGURATION)]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
def test_exposure_stays_low() -> None:
    result = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-300:] + result.stderr
