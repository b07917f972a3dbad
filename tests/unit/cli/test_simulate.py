"""`appliance simulate` writes what its suffix says, with labels and truth beside it."""

import csv
import struct
from collections import Counter
from pathlib import Path

import pytest

from appliance.capture.files import open_file
from appliance.cli.entry import main

QUICK = ("--hosts", "2", "--hours", "0.02", "--set", "flows.max_flows=1024")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(path: Path, *arguments: str) -> None:
    assert main(["simulate", "--out", str(path), *QUICK, *arguments]) == 0


@pytest.fixture(autouse=True)
def _no_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the process that compiles ahead; what is needed is compiled here."""
    monkeypatch.setattr("appliance.cli.simulate.warm_up_apart", lambda _cache: None)


def test_a_log_has_a_label_for_every_line(tmp_path: Path) -> None:
    run(tmp_path / "conn.log", "--attacks", "fin_scan")
    lines = (tmp_path / "conn.log").read_text().splitlines()
    uids = [line.split("\t")[1] for line in lines if not line.startswith("#")]
    labels = rows(tmp_path / "conn.labels.csv")
    assert [row["uid"] for row in labels] == uids
    assert Counter(row["label"] for row in labels)["fin_scan"] == 120
    (bad, good) = rows(tmp_path / "conn.truth.csv")
    assert (bad["malicious"], bad["what"], bad["source"]) == ("1", "port_scan", "fin_scan")
    assert good["malicious"] == "0"


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.ndjson", "b.ndjson"):
        run(tmp_path / name, "--attacks")
    assert (tmp_path / "a.ndjson").read_bytes() == (tmp_path / "b.ndjson").read_bytes()
    run(tmp_path / "c.ndjson", "--attacks", "--seed", "2")
    assert (tmp_path / "c.ndjson").read_bytes() != (tmp_path / "a.ndjson").read_bytes()


def test_packets_are_a_capture_in_order_of_time(tmp_path: Path) -> None:
    run(tmp_path / "day.pcap", "--attacks", "arp_spoof", "--start", "2026-01-05T09:00:00Z")
    source = open_file(str(tmp_path / "day.pcap"))
    times = [ts for block in source.blocks() for ts in block.frames["ts_ns"].tolist()]
    source.close()
    assert times == sorted(times)
    assert len(times) > 50
    assert source.statistics().damaged == 0
    assert struct.unpack("<I", (tmp_path / "day.pcap").read_bytes()[:4]) == (0xA1B23C4D,)
    assert rows(tmp_path / "day.truth.csv")[0]["start"].startswith("09:0")


def test_rows_end_the_day(tmp_path: Path) -> None:
    run(tmp_path / "conn.log", "--attacks", "fin_scan", "--rows", "25")
    assert len(rows(tmp_path / "conn.labels.csv")) == 25


@pytest.mark.slow
def test_rows_without_attacks_named_have_fixed_shares(tmp_path: Path) -> None:
    run(tmp_path / "conn.log", "--rows", "30", "--hosts", "4", "--start", "2026-01-05T10:00:00Z")
    counts = Counter(row["label"] for row in rows(tmp_path / "conn.labels.csv"))
    assert counts == {"benign": 25, "ddos": 2, "scan": 2, "brute_force": 1}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "x.log", "--attacks", "magic"), "no such attack: magic"),
        (("--out", "x.pcap", "--rows", "5"), "--rows counts flows"),
        (("--out", "/nowhere/x.log", "--hours", "0.01", "--attacks"), "cannot write"),
    ],
)
def test_what_cannot_be_done_is_said(
    arguments: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == 1
    assert said in capsys.readouterr().err
