"""A simulated morning through the real replay: who is accused of what, by packets and by log.

What is missed, and who is accused wrongly, is listed with its reason. The lists are exact: a test
fails when detection gets worse, and when it gets better.
"""

import csv
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.entry import main

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),  # a machine without compiled kernels compiles them first
    pytest.mark.skipif(
        os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="hundreds of thousands of packets"
    ),
]

Alert = dict[str, Any]
START = "2026-01-05T10:00:00Z"
GRACE_S = 600.0
NOBODY = "0.0.0.0"
OFFICE = ("--hosts", "20", "--hours", "1.5", "--start", START, "--seed", "11")

# Other kinds that are as right, by script.
ALSO = {
    "beacon_dns": {"beacon"},
    "beacon_http": {"odd_service"},
    "call_home": {"beacon"},
    "dns_tunnel": {"dga"},
    "miner": {"beacon"},
    "remote_control": {"beacon", "exfiltration"},
}
# Attacks that get no alert, and why.
MISSED = {
    "beacon_dns": "short names of a common length, 180 an hour: nothing in them is unusual yet",
    "beacon_hours": "TLS to a named server with 15 % jitter: an hour is too short to tell",
}
# Honest machines that are accused at high severity, with the kind, and why.
ACCUSED: dict[tuple[str, str], str] = {}
# What a conn.log without dns.log cannot show.
ONLY_PACKETS = {
    "arp_spoof": "ARP",
    "dga": "what names were asked for",
    "dhcp_flood": "who asked for addresses",
    "miner": "that what is spoken on the port is nothing known",
    "protocol_scan": "protocols have no numbers there",
}


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a morning as packets, as a log, and as a log in JSON."""
    folder = tmp_path_factory.mktemp("day")
    for name in ("day.pcap", "conn.log"):
        assert main(["simulate", "--out", str(folder / name), *OFFICE]) == 0
    _write_json(folder / "conn.log", folder / "conn.json.log")
    return folder


@pytest.fixture(scope="module")
def judge(day: Path) -> Callable[[str], list[Alert]]:
    """Return a function that replays a file, once."""
    known: dict[str, list[Alert]] = {}

    def replay(name: str) -> list[Alert]:
        if name not in known:
            out = day / f"{name}.alerts"
            assert main(["replay", str(day / name), "--alerts", str(out)]) == 0
            known[name] = [json.loads(line) for line in out.read_text().splitlines()]
        return known[name]

    return replay


def test_every_attack_is_seen_for_what_it_is(
    day: Path, judge: Callable[[str], list[Alert]]
) -> None:
    found = find_attacks(day, judge("day.pcap"))
    assert {name for name, seen in found.items() if not seen} == set(MISSED)


def test_nobody_honest_is_accused(day: Path, judge: Callable[[str], list[Alert]]) -> None:
    guilty = {row["host"] for row in truth(day) if row["malicious"] == "1"} | {NOBODY}
    accused = {
        (alert["host"], alert["kind"])
        for alert in judge("day.pcap")
        if alert["severity"] in {"high", "critical"} and alert["host"] not in guilty
    }
    assert accused == set(ACCUSED)


def test_the_same_packets_give_the_same_bytes(
    day: Path, judge: Callable[[str], list[Alert]]
) -> None:
    judge("day.pcap")
    again = day / "again.alerts"
    assert main(["replay", str(day / "day.pcap"), "--alerts", str(again)]) == 0
    assert again.read_bytes() == (day / "day.pcap.alerts").read_bytes()


def test_both_forms_of_a_log_give_the_same_bytes(
    day: Path, judge: Callable[[str], list[Alert]]
) -> None:
    assert judge("conn.json.log") == judge("conn.log")
    written = [(day / f"{name}.alerts").read_bytes() for name in ("conn.log", "conn.json.log")]
    assert written[0] == written[1]


def test_a_log_shows_what_packets_show(day: Path, judge: Callable[[str], list[Alert]]) -> None:
    by_packets = find_attacks(day, judge("day.pcap"))
    by_log = find_attacks(day, judge("conn.log"))
    only = {name for name, seen in by_packets.items() if seen and not by_log[name]}
    assert only == set(ONLY_PACKETS)


def find_attacks(day: Path, alerts: list[Alert]) -> dict[str, bool]:
    """Tell of each attack whether an alert of a right kind names its machine in its time."""
    return {
        row["source"]: any(_explains(row, alert) for alert in alerts)
        for row in truth(day)
        if row["malicious"] == "1"
    }


def truth(day: Path) -> list[dict[str, str]]:
    with (day / "day.truth.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _explains(row: dict[str, str], alert: Alert) -> bool:
    start_s, end_s = _moment(row["start"]) - GRACE_S, _moment(row["end"]) + GRACE_S
    if not start_s <= alert["ts"] <= end_s:
        return False
    if row["source"] == "spoofed_flood":  # the sources are invented: the target is named
        return alert["kind"] == "flood" and alert["port"] == 80
    if row["source"] == "dhcp_flood":  # so are the cards
        return alert["kind"] == "dhcp_flood" and alert["host"] == NOBODY
    kinds = {row["what"]} | ALSO.get(row["source"], set())
    return alert["kind"] in kinds and alert["host"] == row["host"]


def _moment(clock: str) -> float:
    midnight = datetime.fromisoformat(START).astimezone(UTC).replace(hour=0).timestamp()
    return midnight + int(clock[:2]) * 3_600 + int(clock[3:]) * 60


def _write_json(tsv: Path, path: Path) -> None:
    """Write a conn.log as Zeek writes it in JSON: numbers as such, what is unset left out."""
    names: list[str] = []
    kinds: list[str] = []
    with tsv.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as out:
        for line in lines:
            cells = line.rstrip("\n").split("\t")
            if cells[0] == "#fields":
                names = cells[1:]
            elif cells[0] == "#types":
                kinds = cells[1:]
            elif not line.startswith("#"):
                row = {
                    name: _value(kind, cell)
                    for name, kind, cell in zip(names, kinds, cells, strict=True)
                    if cell != "-"
                }
                out.write(json.dumps(row) + "\n")


def _value(kind: str, cell: str) -> object:
    if kind in {"time", "interval"}:
        return float(cell)
    if kind in {"count", "port", "int"}:
        return int(cell)
    return cell == "T" if kind == "bool" else cell
