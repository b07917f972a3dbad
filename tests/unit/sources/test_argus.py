"""Argus flows as text."""

from pathlib import Path

import pytest

from appliance.flows.connstate import histories, states
from appliance.sources.argus import describe, find_separator
from tests.support.logfiles import read, write

NAMES = ("StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,"
         "SrcBytes,SrcPkts,Label")  # fmt: skip


def line(**changes: object) -> str:
    fields = {
        "StartTime": "2019/04/04 16:24:47.672448", "Dur": "1.5", "Proto": "tcp",
        "SrcAddr": "10.8.0.69", "Sport": "56101", "Dir": "   ->", "DstAddr": "203.0.113.9",
        "Dport": "999", "State": "FSPA_FSPA", "sTos": "0", "dTos": "0", "TotPkts": "10",
        "TotBytes": "2000", "SrcBytes": "900", "SrcPkts": "6", "Label": "",
    } | {name: str(value) for name, value in changes.items()}  # fmt: skip
    return ",".join(fields.values())


def log(tmp_path: Path, *lines: str, names: str = NAMES):
    return read(write(tmp_path, "x.binetflow", "\n".join([names, *lines, ""])))


def test_a_flow(tmp_path: Path) -> None:
    ((batch, _, _, now_s),), _ = log(tmp_path, line())
    (flow,) = batch.flows
    orig, resp = flow["orig"], flow["resp"]
    assert now_s == 1_554_395_087.672448
    assert (orig["packets"], orig["bytes"], orig["ip_bytes"]) == (6, 900, 900 - 84)
    assert (resp["packets"], resp["bytes"], resp["ip_bytes"]) == (4, 1_100, 1_100 - 56)
    assert orig["payload"] == 900 - 84 - 6 * 52 - 8
    assert (states(batch.flows), histories(batch.flows)) == (["SF"], ["ShAaDdFf"])
    assert batch.uids == ["A1"]


@pytest.mark.parametrize(
    ("state", "conn_state", "history"),
    [
        ("S_", "S0", "S"), ("S_RA", "REJ", "SaR".replace("R", "r")), ("S_R", "REJ", "Sr"),
        ("FSPA_FSPA", "SF", "ShAaDdFf"), ("FSRPA_FSPA", "SF", "ShAaDdFfR"),
        ("SRPA_SPA", "RSTO", "ShAaDdR"), ("SPA_SRA", "RSTR", "ShAaDr"), ("SRPA_", "RSTOS0", "SADR"),
        ("SPA_SPA", "S1", "ShAaDd"), ("PA_PA", "OTH", "AaDd"), ("FSA_", "SH", "SAF"),
        ("SPA_FSPA", "S3", "ShAaDdf"), ("FSPA_SPA", "S2", "ShAaDdF"), ("_FA", "SHR", "af"),
        ("_RA", "RSTRH", "ar"), ("CON", "S1", ""), ("INT", "S0", ""), ("RST", "RSTR", ""),
        ("RSTO", "RSTO", ""), ("XYZ", "OTH", ""),
    ],
)  # fmt: skip
def test_tcp_states(state: str, conn_state: str, history: str) -> None:
    assert describe("tcp", state) == (conn_state, history)


def test_udp_and_icmp(tmp_path: Path) -> None:
    (batch, *_), *_ = log(
        tmp_path,
        line(Proto="udp", State="CON"),
        line(Proto="udp", State="INT", TotPkts=1, SrcPkts=1, SrcBytes=100, TotBytes=100),
        line(Proto="icmp", State="ECO", Sport="0x0008", Dport="0x00a5"),
    )[0]
    assert states(batch.flows) == ["SF", "S0", "OTH"]
    assert batch.flows["orig"]["port"][2] == 8
    assert batch.flows["orig"]["payload"][1] == 100 - 14 - 28


def test_a_flow_towards_its_source_is_turned_round(tmp_path: Path) -> None:
    (batch, *_), *_ = log(tmp_path, line(Dir="<-", State="SPA_FSPA"))[0]
    assert batch.flows["orig"]["port"][0] == 999
    assert batch.flows["orig"]["packets"][0] == 4
    assert states(batch.flows) == ["S2"]


def test_without_packets_of_the_source(tmp_path: Path) -> None:
    names = NAMES.replace("SrcPkts,", "")
    cut = [text.rsplit(",", 2)[0] + "," for text in (line(), line(State="INT", Proto="udp"))]
    ((batch, *_),), _ = log(tmp_path, *cut, names=names)
    assert batch.flows["orig"]["packets"].tolist() == [5, 10]
    assert states(batch.flows) == ["SF", "S0"]


def test_tabs(tmp_path: Path) -> None:
    text = "\n".join([NAMES, line()]).replace(",", "\t")
    batches, _ = read(write(tmp_path, "x", text))
    assert len(batches[0].batch) == 1


def test_what_is_no_flow_is_counted(tmp_path: Path) -> None:
    batches, logs = log(
        tmp_path,
        line(),
        line(Proto="llc", SrcAddr="00:00:00:00:00:00"),
        line(Proto="man", SrcAddr="0"),
        line(TotPkts="many"),
        line()[:50],
        line(SrcAddr="nobody"),
        line(StartTime="then"),
    )
    assert [len(batch.batch) for batch in batches] == [1]
    assert logs.statistics().damaged == {
        "argus: columns": 1, "argus: id.orig_h": 1, "argus: no IP": 2, "argus: ts": 1,
        "argus: values": 1,
    }  # fmt: skip


def test_find_separator() -> None:
    assert find_separator(NAMES) == ","
    assert find_separator("StartTime,Duration") is None
