"""Logs through the whole pipeline: what goes in comes out, in files and in the store."""

import json
from pathlib import Path
from typing import Any

import pytest

from appliance.config.options import ReplayOptions
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.model.views import FlowFilter
from appliance.replay import replay
from appliance.store.reader import StoreReader
from tests.support.logfiles import CONN_FIELDS, conn, jsonl, tsv, write

ROWS = [
    conn(1),
    conn(2, conn_state="S0", history="S", duration=None, orig_bytes=None, resp_bytes=None,
         resp_pkts=0, resp_ip_bytes=0, service=None),
    conn(3, proto="udp", conn_state="SF", history="Dd", service="dns"),
]  # fmt: skip
SAME = [name for name in CONN_FIELDS if not name.startswith("local_")]


@pytest.fixture(autouse=True)
def _calm_again() -> Any:
    """Undo what a replay does to the garbage collector."""
    import gc  # noqa: PLC0415

    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def records(path: Path) -> list[dict[str, str]]:
    lines = path.read_text().splitlines()
    names = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.mark.parametrize("form", [tsv, jsonl])
def test_a_conn_log_comes_out_as_it_went_in(tmp_path: Path, form: Any) -> None:
    path = write(tmp_path, "conn.log", form(ROWS))
    options = ReplayOptions(flows=tmp_path / "out.log", flows_format="zeek")
    assert replay(Config(), (path,), options) == 0
    went_in = records(Path(write(tmp_path, "in.log", tsv(ROWS))))
    assert [{name: row[name] for name in SAME} for row in records(options.flows)] == [
        {name: row[name] for name in SAME} for row in went_in
    ]


def test_the_store_keeps_flows_and_names_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "zeek"
    folder.mkdir()
    write(folder, "conn.log", jsonl(ROWS))
    write(folder, "ssl.log", jsonl([{"ts": ROWS[0]["ts"], "uid": "C0001", "cipher": "x",
                                     "id.orig_h": "x", "server_name": "s.example"}]))  # fmt: skip
    assert replay(Config(), (str(folder),), ReplayOptions(store=tmp_path / "store")) == 0
    reader = StoreReader(tmp_path / "store")
    kept = sorted(reader.flows(FlowFilter(limit=10)).data, key=lambda row: row.start)
    reader.close()
    assert [(row.state, row.history, row.sni) for row in kept] == [
        ("SF", "ShADadFf", "s.example"), ("S0", "S", ""), ("SF", "Dd", ""),
    ]  # fmt: skip


def test_the_same_log_twice_is_the_same_to_the_byte(tmp_path: Path) -> None:
    path = write(tmp_path, "conn.log", jsonl([conn(n) for n in range(3_000)]))
    outputs = []
    for name in "ab":
        options = ReplayOptions(flows=tmp_path / f"{name}.ndjson")
        replay(Config(), (path,), options)
        outputs.append((tmp_path / f"{name}.ndjson").read_bytes())
    assert outputs[0] == outputs[1]
    assert len(outputs[0].splitlines()) == 3_000
    assert json.loads(outputs[0].splitlines()[0])["reason"] == "closed"


def test_logs_and_captures_do_not_mix(tmp_path: Path) -> None:
    log = write(tmp_path, "conn.log", jsonl(ROWS))
    capture = str(Path(__file__).parent.parent / "corpus" / "arp.pcap")
    with pytest.raises(ApplianceError, match="cannot be mixed"):
        replay(Config(), (log, capture), ReplayOptions())


def test_a_log_has_no_speed(tmp_path: Path) -> None:
    log = write(tmp_path, "conn.log", jsonl(ROWS))
    with pytest.raises(ApplianceError, match="--speed"):
        replay(Config(), (log,), ReplayOptions(speed=1.0))


def test_damage_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    replay(Config(), (write(tmp_path, "conn.log", jsonl(ROWS) + "{broken\n"),), ReplayOptions())
    assert "3 flows from 1 logs" in caplog.text
    assert "left out: conn: json 1" in caplog.text
