"""Which log a file is, by its content; and which files of a folder belong together."""

import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from appliance.errors import CaptureError, FormatError
from appliance.sources import argus
from appliance.sources.companions import Records
from appliance.sources.conn import FIELDS
from appliance.sources.entries import READERS
from appliance.sources.lines import STDIN, LineFile
from appliance.sources.zeekjson import ZeekJson
from appliance.sources.zeektsv import ZeekTsv, find_header

CONN, ARGUS, OTHER = "conn", "argus", "other"
_UNDERSCORED = "id_orig_h"
_LOOKED_AT = 50  # JSON lines: fields that are not set are missing in a line
# kind -> fields of which all, fields of which one must be there; the first kind that fits
_MARKS: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    ("dns", frozenset({"id.orig_h"}), frozenset({"qtype", "qtype_name", "query"})),
    ("ssl", frozenset({"id.orig_h"}), frozenset({"cipher", "established", "resumed", "curve"})),
    ("quic", frozenset({"id.orig_h"}), frozenset({"client_initial_dcid", "client_protocol"})),
    ("http", frozenset({"id.orig_h"}), frozenset({"method", "trans_depth", "uri"})),
    ("ssh", frozenset({"id.orig_h"}), frozenset({"auth_attempts", "kex_alg", "hassh"})),
    ("dhcp", frozenset({"mac"}), frozenset({"msg_types", "lease_time", "assigned_ip"})),
    ("arp", frozenset({"operation", "src_mac"}), frozenset({"orig_hw", "orig_h"})),
    (
        CONN,
        frozenset({"ts", "id.orig_h", "id.resp_h", "proto"}),
        frozenset({"conn_state", "history", "orig_pkts", "orig_bytes", "missed_bytes"}),
    ),
)
_KINDS = (CONN, *READERS)
# As Zeek names them, also when it rotates: conn.log, conn.12:00:00-13:00:00.log.gz
_NAME = re.compile(rf"({'|'.join(_KINDS)})([._-][0-9][0-9_:T.-]*)?\.log(\.labeled)?(\.gz|\.zst)?$")
_TEXT_STARTS = frozenset({b"#", b"{", b"\t", b" ", b"t", b"S", b"\xef"})


class Log(NamedTuple):
    """One open log."""

    kind: str  # conn, argus, or a kind of READERS
    file: LineFile
    records: Records


def is_log(path: str) -> bool:
    """Tell whether an input is a folder or a log, and no capture.

    CaptureError if it cannot be opened. Standard input is only looked at: a log there has to be
    plain text. A pipe is taken for a capture.
    """
    if path == STDIN:
        first: bytes = sys.stdin.buffer.peek(1)[:1]  # type: ignore[union-attr]
        return first in _TEXT_STARTS
    if not Path(path).is_file():
        return Path(path).is_dir()
    file = LineFile(path)
    file.release()
    return _find_kind(file.opening()) is not None


def open_log(path: Path | str, wanted: frozenset[str] | None = None) -> Log:
    """Open a log. CaptureError if that fails, FormatError if it is none that can be read.

    wanted : other fields than those that flows are made of
    """
    file = LineFile(path)
    try:
        return _open(file, wanted)
    except FormatError:
        file.release()
        raise


def _open(file: LineFile, wanted: frozenset[str] | None) -> Log:
    opening = file.opening()
    kind = _find_kind(opening)
    if kind not in {*_KINDS, ARGUS}:
        what = f"a log of kind {kind!r}" if kind else "no log"
        known = ", ".join(_KINDS)
        raise FormatError(f"{file.name} is {what}: Zeek's {known} and Argus flows can be read")
    separator = argus.find_separator(opening)
    if separator is not None:
        return Log(ARGUS, file, argus.ArgusRecords(file, separator))
    wanted = wanted or (FIELDS if kind == CONN else READERS[str(kind)][0])
    header = find_header(opening)
    if header is not None:
        return Log(str(kind), file, ZeekTsv(file, header, wanted))
    underscores = _UNDERSCORED in (_json_fields(opening) or ())
    return Log(str(kind), file, ZeekJson(file, wanted, underscores=underscores))


def find_logs(path: str) -> list[Path]:
    """Return the files an input stands for: those of a folder, or a log and what lies beside it.

    FormatError for a folder without logs. Of a folder, files are taken that are called as Zeek
    calls them; others may be the same again in another form.
    """
    folder = Path(path)
    if folder.is_dir():
        found = sorted(entry for entry in _entries(folder) if _NAME.match(entry.name))
        if not found:
            raise FormatError(f"no log of Zeek's ({', '.join(_KINDS)}) in {path}")
        return found
    match = _NAME.match(folder.name)
    if path == STDIN or match is None or match.group(1) != CONN:
        return [folder]
    return [folder, *_beside(folder)]


def _entries(folder: Path) -> list[Path]:
    try:
        return [entry for entry in folder.iterdir() if entry.is_file()]
    except OSError as error:
        raise CaptureError(f"cannot read {folder}: {error.strerror or error}") from error


def _beside(conn: Path) -> list[Path]:
    """Return the companions of one conn.log: the same name but for the kind, also compressed."""
    plain = conn.name.removesuffix(".gz").removesuffix(".zst")
    found = []
    for kind in READERS:
        name = kind + plain.removeprefix(CONN)
        for suffix in ("", ".gz", ".zst"):
            path = conn.with_name(name + suffix)
            if path.is_file():
                found.append(path)
                break
    return found


def _find_kind(opening: str) -> str | None:
    """Return the kind of log; another word if it is a log of unknown kind, None if it is none."""
    if argus.find_separator(opening) is not None:
        return ARGUS
    header = find_header(opening)
    if header is not None:
        fields = frozenset(name for text in header.fields for name in text.split())
        return header.path if header.path in _KINDS else _match(fields) or header.path or OTHER
    keys = _json_fields(opening)
    if keys is None:
        return None
    if _UNDERSCORED in keys:
        keys = frozenset(key.replace("id_", "id.", 1) for key in keys)
    return _match(keys) or OTHER


def _match(fields: frozenset[str]) -> str | None:
    for kind, needed, one_of in _MARKS:
        if needed <= fields and one_of & fields:
            return kind
    return None


def _json_fields(opening: str) -> frozenset[str] | None:
    """Return the keys of the first objects; None if these are no JSON lines."""
    fields: set[str] = set()
    lines = [line for line in opening.split("\n") if line.strip()][:_LOOKED_AT]
    for line in lines:
        if not line.lstrip().startswith("{"):
            continue
        try:
            record: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError:
            continue
        fields |= record.keys()
    return frozenset(fields) if fields else None
