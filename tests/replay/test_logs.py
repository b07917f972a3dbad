"""Every conn.log among the developer data comes out of a replay as it went in."""

from pathlib import Path

import pytest

from appliance.config.options import ReplayOptions
from appliance.config.schema import Config

pytestmark = [pytest.mark.corpus, pytest.mark.timeout(300)]

SAME = (
    "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "orig_bytes", "resp_bytes",
    "conn_state", "history", "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes",
)  # fmt: skip
NUMBERS = ("ts", "duration")
LOGS = (
    "lan24h/conn.log", "lan24h/conn.json.log", "labelled/iot23-34-1.conn.log.labeled",
    "labelled/slips-test18-remcos/zeek-labeled/conn.log.labeled", "zeek/tridium-jace2/conn.log",
    "zeek/zat/conn.log", "zeek/zat/json/conn.log", "zeek/4sics-151020/conn.log",
    "zeek/netflowlabeler-conn.tab.log", "zeek/netflowlabeler-conn.json.log",
    "zeek/slips-test9-mixed-zeek-dir/conn.log", "zeek/slips-test10-mixed-zeek-dir/conn.log",
    "zeek/slips-port-scans/horizontal/conn.log", "zeek/slips-port-scans/vertical/conn.log",
)  # fmt: skip


@pytest.mark.parametrize("name", LOGS)
def test_round_trip(name: str, corpus: Path, tmp_path: Path) -> None:
    from appliance.replay import replay  # noqa: PLC0415 - loads kernels
    from tests.support.zeeklogs import read_records  # noqa: PLC0415

    options = ReplayOptions(flows=tmp_path / "out.log", flows_format="zeek")
    assert replay(Config(), (str(corpus / name),), options) == 0
    went_in, came_out = (list(read_records(path)) for path in (corpus / name, tmp_path / "out.log"))
    assert len(went_in) == len(came_out)
    for before, after in zip(went_in, came_out, strict=True):
        if _is_made_up(before):
            continue
        assert {field: before.get(field) or "-" for field in SAME} == {
            field: after[field] for field in SAME
        }
        for field in NUMBERS:
            assert _micros(before.get(field, "-")) == _micros(after[field])


def _is_made_up(record: dict[str, str]) -> bool:
    """Tell records that no Zeek wrote: ICMP has no state, one packet no length."""
    if record["proto"] == "icmp" and record["conn_state"] != "OTH":
        return True
    return record["uid"].startswith("Cscan")


def _micros(text: str) -> str:
    return text if text == "-" else f"{float(text):.6f}"
