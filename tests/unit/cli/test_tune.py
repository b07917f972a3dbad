"""`appliance tune` from the command line."""

import json
from pathlib import Path

import pytest

from appliance.cli.arguments import build_parser
from appliance.cli.entry import main
from appliance.cli.tune import load_both, split_inputs
from tests.support.logfiles import conn, jsonl, write

SCAN = [
    conn(n, ts=1_760_000_400 + n, conn_state="S0", history="S", orig_bytes=0, resp_bytes=0,
         orig_pkts=1, resp_pkts=0,
         **{"id.orig_h": "192.168.1.5", "id.resp_h": "192.168.1.9", "id.resp_p": 100 + n})
    for n in range(40)
]  # fmt: skip
DEAF = tuple(f"vertical_scan.ports_{span}=500" for span in ("300_s", "3600_s", "day"))


@pytest.fixture(autouse=True)
def _no_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the process that compiles ahead; what is needed is compiled here."""
    monkeypatch.setattr("appliance.cli.tune.warm_up_apart", lambda _cache: None)


def test_constants_and_files_are_told_apart(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.pcap"
    odd.touch()
    given = ["conn.log", "sweep.dense=4", str(odd)]
    assert split_inputs(given) == (("conn.log", str(odd)), ["sweep.dense=4"])


def test_what_is_set_is_only_tried() -> None:
    arguments = build_parser().parse_args(["tune", "--set", "alerts.low=2.5"])
    before, after = load_both(arguments, ["sweep.dense=4"])
    assert (before.alerts.low, after.alerts.low) == (2.3, 2.5)
    assert (before.detect.weights, after.detect.weights) == ((), ("sweep.dense=4",))


def test_a_log_is_judged_twice(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    path = write(tmp_path, "conn.log", jsonl(SCAN))
    assert main(["tune", path, *DEAF[:2], "--weight", DEAF[2], "-o", "json"]) == 0
    report = json.loads(capfdbinary.readouterr().out)
    assert (report["before"], report["vanished"]) == (1, 1)
    assert report["vanished_by_kind"] == {"port_scan": 1}


def test_the_table_begins_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "conn.log", jsonl(SCAN[:3]))
    assert main(["tune", path, "--set", "alerts.low=2.5"]) == 0
    assert capsys.readouterr().out.startswith("0 fewer and 0 more of 0 alerts")


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        ((), 1, "nothing is changed"),
        (("sweep.size=3",), 78, 'there is no "sweep.size"'),
        (("--set", "alerts.low=-1"), 78, "alerts.low"),
    ],
)
def test_what_cannot_be_tried_is_said(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    given: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    path = write(tmp_path, "conn.log", jsonl(SCAN[:3]))
    assert main(["tune", path, *given]) == code
    assert said in capsys.readouterr().err


def test_without_a_store_files_are_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPLIANCE_STORE_PATH", str(tmp_path / "none"))
    assert main(["tune", "sweep.dense=4"]) == 1
    assert "there is no store" in capsys.readouterr().err
