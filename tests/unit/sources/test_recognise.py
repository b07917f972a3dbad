"""Which log a file is, by its content; which files belong together."""

import gzip
import io
import sys
from pathlib import Path

import pytest

from appliance.errors import CaptureError, FormatError
from appliance.sources.recognise import find_logs, is_log, open_log
from tests.support.logfiles import conn, jsonl, tsv, write

DNS = {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "qtype_name": "A", "query": "x.example"}
BESIDE = {
    "dns": DNS,
    "ssl": {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "cipher": "X", "server_name": "x"},
    "http": {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "method": "GET", "uri": "/"},
    "ssh": {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "client": "x", "kex_alg": "y"},
    "quic": {"ts": 1.0, "uid": "C1", "id.orig_h": "10.0.0.1", "client_protocol": "h3"},
    "dhcp": {"ts": 1.0, "uids": ["C1"], "mac": "00:00:00:00:00:01", "msg_types": ["REQUEST"]},
    "arp": {"ts": 1.0, "operation": "reply", "src_mac": "00:00:00:00:00:01", "orig_h": "10.0.0.1"},
    "conn": conn(),
}


@pytest.mark.parametrize("kind", sorted(BESIDE))
@pytest.mark.parametrize("form", ["json", "path", "fields"])
def test_the_kind_is_told_by_the_content(tmp_path: Path, kind: str, form: str) -> None:
    row = BESIDE[kind]
    text = jsonl([row]) if form == "json" else tsv([row], tuple(row), path=kind)
    if form == "fields":
        text = text.replace(f"#path\t{kind}\n", "")
    path = write(tmp_path, "x", text)
    log = open_log(path)
    assert log.kind == kind
    assert [len(table) for table in log.records.tables(10)] == [1]
    log.file.release()
    assert is_log(path)


def test_underscores_instead_of_dots(tmp_path: Path) -> None:
    row = {name.replace("id.", "id_"): value for name, value in conn(1).items()}
    log = open_log(write(tmp_path, "x", jsonl([row])))
    assert log.kind == "conn"
    (table,) = log.records.tables(10)
    assert table.texts("id.orig_h") == ["192.168.1.5"]
    log.file.release()


def test_fields_missing_in_the_first_lines(tmp_path: Path) -> None:
    bare = {"ts": 1.0, "uid": "C1", "id.orig_h": "::1", "id.resp_h": "::1", "proto": "tcp"}
    log = open_log(write(tmp_path, "x", "noise\n{\n" + jsonl([bare, bare, conn()])))
    assert log.kind == "conn"
    log.file.release()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello\n", "x is no log"),
        (b"", "x is no log"),
        (tsv([{"ts": 1}], ("ts", "name"), path="weird").encode(), "kind 'weird'"),
        (b'{"event_type":"flow"}\n', "kind 'other'"),
        (b"\xd4\xc3\xb2\xa1" + bytes(20), "x is no log"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        open_log(write(tmp_path, "x", content))


def test_captures_are_no_logs(tmp_path: Path) -> None:
    assert not is_log(write(tmp_path, "x", b"\xd4\xc3\xb2\xa1" + bytes(20)))
    assert not is_log(write(tmp_path, "y", b"\x0a\x0d\x0d\x0a" + bytes(20)))
    assert not is_log(str(tmp_path / "none"))
    assert is_log(write(tmp_path, "z", gzip.compress(tsv([conn()]).encode())))
    assert is_log(str(tmp_path))


@pytest.mark.parametrize(("content", "log"), [(b"#separator \\x09\n", True), (b"\xd4\xc3", False)])
def test_standard_input_is_only_looked_at(monkeypatch, content: bytes, log: bool) -> None:
    stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(content)))
    monkeypatch.setattr(sys, "stdin", stream)
    assert is_log("-") == log
    assert stream.buffer.read() == content


def names(found: list[Path]) -> list[str]:
    return [path.name for path in found]


def test_what_lies_beside_comes_along(tmp_path: Path) -> None:
    for name in ("conn.log", "conn.json.log", "dns.log", "ssl.log.gz", "http.log.zst", "ssh.txt",
                 "arp.1.log"):  # fmt: skip
        write(tmp_path, name, "")
    assert names(find_logs(str(tmp_path / "conn.log"))) == [
        "conn.log", "dns.log", "ssl.log.gz", "http.log.zst",
    ]  # fmt: skip
    assert names(find_logs(str(tmp_path / "conn.json.log"))) == ["conn.json.log"]
    assert names(find_logs(str(tmp_path / "dns.log"))) == ["dns.log"]


def test_rotated_logs_belong_to_their_hour(tmp_path: Path) -> None:
    for hour in ("12:00:00-13:00:00", "13:00:00-14:00:00"):
        for kind in ("conn", "dns"):
            write(tmp_path, f"{kind}.{hour}.log.gz", "")
    assert names(find_logs(str(tmp_path / "conn.12:00:00-13:00:00.log.gz"))) == [
        "conn.12:00:00-13:00:00.log.gz",
        "dns.12:00:00-13:00:00.log.gz",
    ]


def test_of_a_folder_what_zeek_named(tmp_path: Path) -> None:
    for name in ("conn.log", "conn.json.log", "dns.log", "weird.log", "README.md", "conn.log.bak",
                 "x509.log", "arp.log.labeled", "conn.2024-01-01.log"):  # fmt: skip
        write(tmp_path, name, "")
    assert names(find_logs(str(tmp_path))) == [
        "arp.log.labeled", "conn.2024-01-01.log", "conn.log", "dns.log",
    ]  # fmt: skip


def test_a_folder_without_logs(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no log of Zeek's"):
        find_logs(str(tmp_path))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        open_log(tmp_path / "none")
