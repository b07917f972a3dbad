"""However damaged a log is: what can be read is read, the rest is counted, nothing is raised."""

import random
from pathlib import Path

import pytest

from appliance.errors import ApplianceError
from tests.support.logfiles import conn, jsonl, read, tsv, write

ARGUS = (
    "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,"
    "SrcBytes,SrcPkts,Label\n"
    + "2019/04/04 16:24:47.672448,1.5,tcp,10.8.0.69,56101,->,203.0.113.9,99,S_RA,0,0,2,130,70,1,\n"
    * 30
)
DNS = jsonl([
    {"ts": 1_700_000_000 + n, "uid": f"C{n:04d}", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2",
     "query": "a.example", "qtype_name": "A", "rcode_name": "NOERROR", "answers": ["203.0.113.1"]}
    for n in range(30)
])  # fmt: skip
ARP = jsonl([{"ts": 5.0, "operation": "reply", "src_mac": "00:00:00:00:00:01", "orig_h": "10.0.0.1",
              "resp_h": "10.0.0.2", "orig_hw": "00:00:00:00:00:01"}] * 9)  # fmt: skip
SOUND = {
    "tsv": tsv([conn(n) for n in range(30)]),
    "json": jsonl([conn(n) for n in range(30)]),
    "argus": ARGUS,
    "dns": DNS,
    "arp": ARP,
}
JUNK = (
    b"\x00", b"\xff\xfe", b"\n", b"\t", b"\t\t\t", b"#", b"#fields\n", b"#fields\tts\n", b"-", b"{",
    b'"', b"9" * 30, b"-1", b"1e400", b"nan", b"null", b"[]", b"[[1]]", b'{"a":1}', b"\\x09", b",",
    b"\r\n", b"ts\tuid\n", b"true", b":", b"::", b"#separator ,\n", b"#unset_field\t\n",
)  # fmt: skip


def damage(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(content) + 1)
        cut = at + chance.choice((0, 0, 1, 3, 40))
        content = content[:at] + chance.choice(JUNK) + content[cut:]
    return content


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_damage(kind: str, tmp_path: Path) -> None:
    chance = random.Random(kind)
    read_at_all = 0
    for number in range(60):
        content = damage(SOUND[kind].encode(), chance)
        path = write(tmp_path, f"{number}", content)
        try:
            batches, logs = read(path)
        except ApplianceError:
            continue
        read_at_all += 1
        flows = sum(len(batch.batch) for batch in batches)
        assert logs.statistics().flows == flows
        for batch in batches:
            assert len(batch.batch.uids) == len(batch.batch.meta) == len(batch.batch)
    assert read_at_all > 30


@pytest.mark.parametrize("kind", sorted(SOUND))
def test_cut_short(kind: str, tmp_path: Path) -> None:
    content = SOUND[kind].encode()
    for size in range(0, len(content), max(len(content) // 25, 1)):
        try:
            read(write(tmp_path, f"{size}", content[:size]))
        except ApplianceError:
            assert size < 600
