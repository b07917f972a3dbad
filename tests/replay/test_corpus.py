"""Every capture of tests/corpus through the real pipeline, against its row of the manifest.

A row names only what must hold of a flow; a flow or a rejected packet it does not name is a fault.
"""

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from appliance.config.schema import Config, Detect
from appliance.kernels.packet import REJECTS
from appliance.model.address import format_address, format_mac
from appliance.model.meta import DeviceFact

CORPUS = Path(__file__).parent.parent / "corpus"
ROOT = CORPUS.parent.parent
MANIFEST = json.loads((CORPUS / "manifest.json").read_text())
KEY = ("src_ip", "src_port", "dst_ip", "dst_port", "proto")
COMPRESSED = {".gz", ".zst"}  # their bytes depend on the compressor's version

Row = dict[str, Any]
ReplayFlows = Callable[[Path], tuple[list[Row], dict[str, int]]]


class FactKeeper:
    """A store that keeps nothing but what packets said about devices."""

    def __init__(self) -> None:
        self.facts: list[Row] = []

    def write(self, batch: Any) -> None:
        pass

    def write_traffic(self, seconds: Any) -> None:
        pass

    def write_facts(self, facts: list[DeviceFact], vendor: Callable[[int], str]) -> None:
        for fact in facts:
            ends = {"mac": format_mac(fact.mac), "ip": format_address(fact.addr_hi, fact.addr_lo)}
            said = {name: getattr(fact, name) for name in ("source", "hostname", "vendor_class")}
            self.facts.append(ends | said | {"fingerprint": fact.fingerprint})

    def tick(self, now_s: float) -> None:
        pass

    def flush(self) -> None:
        pass


# Both load kernels, which collecting the tests must not do.


@pytest.fixture(scope="session")
def replay_flows() -> ReplayFlows:
    from tests.support import replaying  # noqa: PLC0415

    return replaying.replay_flows


@pytest.fixture(scope="session")
def replay_facts() -> Callable[[Path], list[Row]]:
    from appliance.capture.files import open_file  # noqa: PLC0415
    from appliance.replay import Receivers, Replay  # noqa: PLC0415

    def replay(path: Path) -> list[Row]:
        keeper = FactKeeper()
        source = open_file(path)
        for _ in Replay(Config(detect=Detect(enabled=False)), source, Receivers(keeper)).run():
            pass
        source.close()
        return keeper.facts

    return replay


def by_key(flows: list[Row]) -> dict[tuple[Any, ...], list[Row]]:
    grouped = defaultdict(list)
    for flow in flows:
        grouped[tuple(flow[name] for name in KEY)].append(flow)
    return dict(grouped)


def narrowed(flow: Row, expected: Row) -> Row:
    return {name: flow[name] for name in expected}


def test_manifest_names_every_capture() -> None:
    files = {path.name for path in CORPUS.iterdir() if path.suffix not in {".py", ".json"}}
    assert {row["file"] for row in MANIFEST} == files - {"__pycache__"}
    assert len(MANIFEST) == len(files - {"__pycache__"})


@pytest.mark.parametrize("row", MANIFEST, ids=lambda row: row["file"])
def test_capture(row: Row, replay_flows: ReplayFlows) -> None:
    flows, counters = replay_flows(CORPUS / row["file"])
    assert counters["packets"] == row["packets"]
    assert counters["damaged"] == row.get("damaged", 0)
    assert {name: counters[name] for name in REJECTS if counters.get(name)} == row.get(
        "rejected", {}
    )
    found, wanted = by_key(flows), by_key(row["flows"])
    assert found.keys() == wanted.keys()
    for key, expectations in wanted.items():
        actual = sorted(found[key], key=lambda flow: flow["start"])
        assert [narrowed(f, e) for f, e in zip(actual, expectations, strict=True)] == expectations


@pytest.mark.parametrize(
    "row", [row for row in MANIFEST if "facts" in row], ids=lambda row: row["file"]
)
def test_devices_are_known_by_what_they_said(
    row: Row, replay_facts: Callable[[Path], list[Row]]
) -> None:
    facts = replay_facts(CORPUS / row["file"])
    for expected in row["facts"]:
        assert expected in [narrowed(fact, expected) for fact in facts]


@pytest.mark.slow
def test_captures_are_what_make_writes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.corpus.make", str(tmp_path)],
        check=True, cwd=ROOT, capture_output=True,
    )  # fmt: skip
    for path in tmp_path.iterdir():
        if path.suffix not in COMPRESSED:
            assert path.read_bytes() == (CORPUS / path.name).read_bytes(), path.name
    assert {path.name for path in tmp_path.iterdir()} >= {row["file"] for row in MANIFEST}
