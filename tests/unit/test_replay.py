"""Files through the whole pipeline: the same bytes every time, however damaged the files."""

import gc
import json
import logging
import os
import signal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.entry import main
from appliance.config.options import ReplayOptions
from appliance.config.schema import Config, Flows, Network
from appliance.demo.source import DemoSource
from appliance.errors import CaptureError
from appliance.model.views import FlowFilter
from appliance.replay import replay
from appliance.runtime.progress import Progress
from appliance.store.reader import StoreReader

pytestmark = pytest.mark.timeout(300)  # the first test may have to compile

CORPUS = Path(__file__).parent.parent / "corpus"
CONFIG = Config(flows=Flows(max_flows=2_048))
START_NS = 1_760_000_400_000_000_000

Row = dict[str, Any]


@pytest.fixture(autouse=True)
def _calm_again() -> Iterator[None]:
    """Undo what a replay does to the garbage collector."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return thirty seconds of the demonstration network as a file."""
    path = tmp_path_factory.mktemp("capture") / "network.pcap"
    parts = [struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 1)]
    for block in DemoSource(lambda: START_NS, paced=False, length_s=30.0).blocks():
        for frame in block.frames:
            start, size = int(frame["offset"]), int(frame["caplen"])
            seconds, ns = divmod(int(frame["ts_ns"]), 1_000_000_000)
            parts.append(struct.pack("<IIII", seconds, ns, size, int(frame["wirelen"])))
            parts.append(block.buffer[start : start + size].tobytes())
    path.write_bytes(b"".join(parts))
    return path


def run(folder: Path, *inputs: Path, name: str = "flows.ndjson", **changes: Any) -> list[Row]:
    """Replay into FOLDER/NAME and FOLDER/store; returns the rows of an NDJSON file."""
    form = "zeek" if name.endswith(".log") else "ndjson"
    folder.mkdir(exist_ok=True)
    options = ReplayOptions(flows=folder / name, flows_format=form, store=folder / "store")
    config = Config(**{"flows": CONFIG.flows} | changes)
    assert replay(config, tuple(map(str, inputs)), options) == 0
    return read_rows(folder / name) if form == "ndjson" else []


def read_rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_store(folder: Path) -> list[Row]:
    reader = StoreReader(folder / "store")
    rows = reader.flows(FlowFilter(limit=1_000)).data
    reader.close()
    return [{name: getattr(row, name) for name in row.__struct_fields__} for row in rows]


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_replay_twice_is_the_same_to_the_byte(tmp_path: Path, capture: Path) -> None:
    for name in ("flows.ndjson", "conn.log"):
        first, second = tmp_path / f"1-{name}", tmp_path / f"2-{name}"
        run(first, capture, name=name)
        run(second, capture, name=name)
        files = files_of(first)
        assert {"store/main.db", "store/flow-20251009.db", name} <= set(files)
        assert len(files[name]) > 10_000
        assert files == files_of(second)


def test_file_and_store_hold_the_same_flows(tmp_path: Path, capture: Path) -> None:
    rows = run(tmp_path, capture)
    kept = {row["flow_id"]: row for row in read_store(tmp_path)}
    assert len(rows) == len(kept) > 100
    for row in rows:
        stored = kept[row["flow_id"]]
        # the file has nanoseconds and no row number
        same = [
            name for name, value in row.items() if not isinstance(value, float) and name != "id"
        ]
        assert {name: stored[name] for name in same} == {name: row[name] for name in same}
        assert stored["start"] == pytest.approx(row["start"], abs=2e-6)


def test_conn_log_has_the_flows_of_the_other_form(tmp_path: Path, capture: Path) -> None:
    rows = run(tmp_path, capture)
    run(tmp_path / "zeek", capture, name="conn.log")
    lines = (tmp_path / "zeek" / "conn.log").read_text().splitlines()
    names = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    logged = [
        dict(zip(names, line.split("\t"), strict=True))
        for line in lines
        if not line.startswith("#")
    ]
    assert lines[-1] == "#close"
    assert [(log["id.orig_h"], log["id.orig_p"], log["conn_state"]) for log in logged] == [
        (row["src_ip"], str(row["src_port"]), row["state"]) for row in rows
    ]


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9])
def test_a_file_cut_short_keeps_what_came_before(
    tmp_path: Path, capture: Path, keep: float, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    raw = capture.read_bytes()
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(raw[: int(len(raw) * keep) | 1])
    rows = run(tmp_path / "cut", cut)
    assert rows
    assert "damaged records: 1" in caplog.text
    whole = {row["flow_id"] for row in run(tmp_path / "whole", capture)}
    assert {row["flow_id"] for row in rows} <= whole


def test_several_files_are_merged_by_time(tmp_path: Path, capture: Path) -> None:
    raw = capture.read_bytes()
    records, at = [], 24
    while at < len(raw):
        size = 16 + struct.unpack_from("<I", raw, at + 8)[0]
        records.append(raw[at : at + size])
        at += size
    parts = []
    for number in range(3):
        parts.append(tmp_path / f"part{number}.pcap")
        parts[-1].write_bytes(raw[:24] + b"".join(records[number::3]))
    whole = run(tmp_path / "whole", capture)
    merged = run(tmp_path / "merged", parts[2], parts[0], parts[1])
    unlike = {"interface", "flow_id", "id"}  # packets at one time may change places
    assert len(merged) == len(whole)
    assert sorted(tuple(str(row[k]) for k in row if k not in unlike) for row in merged) == sorted(
        tuple(str(row[k]) for k in row if k not in unlike) for row in whole
    )


def test_an_input_that_cannot_be_opened_ends_it_before_it_begins(tmp_path: Path) -> None:
    options = ReplayOptions(flows=tmp_path / "flows.ndjson")
    with pytest.raises(CaptureError, match=r"none\.pcap"):
        replay(CONFIG, (str(CORPUS / "http.pcap"), str(tmp_path / "none.pcap")), options)
    assert not (tmp_path / "flows.ndjson").exists()


def test_home_networks_change_the_direction(tmp_path: Path) -> None:
    for home, direction in (
        ((), "outbound"),
        (("198.51.100.0/24",), "inbound"),
        (("192.168.0.0/16", "198.51.100.0/24"), "local"),
        (("203.0.113.0/24",), "external"),
    ):
        (row,) = run(tmp_path, CORPUS / "http.pcap", network=Network(home=home))
        assert row["direction"] == direction


def test_sigterm_keeps_what_was_read(
    tmp_path: Path, capture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Impatient(Progress):
        def update(self, done_bytes: int, packets: int, dropped: int) -> None:
            super().update(done_bytes, packets, dropped)
            if packets > 200:
                os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr("appliance.replay.Progress", Impatient)
    before = signal.getsignal(signal.SIGTERM)
    flows = tmp_path / "flows.ndjson"
    assert replay(CONFIG, (str(capture),), ReplayOptions(flows=flows, speed=100.0)) == 0
    assert signal.getsignal(signal.SIGTERM) == before
    rows = read_rows(flows)
    assert 0 < len(rows) < 100
    assert "shutdown" in {row["reason"] for row in rows}


def test_flows_go_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    line = ["replay", str(CORPUS / "http.pcap"), "--flows", "-", "--set=flows.max_flows=2048"]
    assert main([*line, "--home-net", "198.51.100.0/24"]) == 0
    (row,) = (json.loads(text) for text in capfdbinary.readouterr().out.splitlines())
    assert (row["http_host"], row["direction"]) == ("www.example.org", "inbound")


def test_a_full_disk_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "flows.ndjson"
    target.symlink_to("/dev/full")
    assert main(["replay", str(CORPUS / "http.pcap"), "--flows", str(target)]) == 1
    expected = f"appliance: cannot write {target}: No space left on device\n"
    assert capsys.readouterr().err.endswith(expected)


def test_a_file_in_no_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "none" / "conn.log"
    assert main(["replay", str(CORPUS / "http.pcap"), "--flows", str(target)]) == 1
    assert f"cannot write {target}: No such file" in capsys.readouterr().err
