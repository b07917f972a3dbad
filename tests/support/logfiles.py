"""Small logs written by hand: Zeek's in both forms."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from appliance.enrich.networks import HomeNetworks
from appliance.sources.stage import LogBatch, Logs, open_logs

CONN_FIELDS = (
    "ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service",
    "duration", "orig_bytes", "resp_bytes", "conn_state", "local_orig", "local_resp",
    "missed_bytes", "history", "orig_pkts", "orig_ip_bytes", "resp_pkts", "resp_ip_bytes",
    "tunnel_parents",
)  # fmt: skip
T0 = 1_700_000_000.0
HOME = HomeNetworks(()).array()


def conn(number: int = 0, **changes: Any) -> dict[str, Any]:
    """Return one connection; a change to None leaves a field unset."""
    made: dict[str, Any] = {
        "ts": T0 + number, "uid": f"C{number:04d}", "id.orig_h": "192.168.1.5",
        "id.orig_p": 40_000 + number, "id.resp_h": "198.51.100.9", "id.resp_p": 443,
        "proto": "tcp", "service": "ssl", "duration": 1.5, "orig_bytes": 300, "resp_bytes": 4_000,
        "conn_state": "SF", "missed_bytes": 0, "history": "ShADadFf", "orig_pkts": 8,
        "orig_ip_bytes": 628, "resp_pkts": 7, "resp_ip_bytes": 4_292,
    }  # fmt: skip
    made |= changes
    return {name: value for name, value in made.items() if value is not None}


def tsv(
    rows: Sequence[dict[str, Any]],
    fields: Sequence[str] = CONN_FIELDS,
    *,
    path: str = "conn",
    separator: str = "\t",
    unset: str = "-",
) -> str:
    """Return a log with a header."""
    escaped = "".join(f"\\x{ord(letter):02x}" for letter in separator)
    lines = [
        f"#separator {escaped}",
        separator.join(("#set_separator", ",")),
        separator.join(("#empty_field", "(empty)")),
        separator.join(("#unset_field", unset)),
        separator.join(("#path", path)),
        separator.join(("#fields", *fields)),
    ]
    lines += [separator.join(_cell(row.get(name), unset) for name in fields) for row in rows]
    return "\n".join([*lines, "#close\t2024-01-01-00-00-00", ""])


def _cell(value: Any, unset: str) -> str:
    if value is None:
        return unset
    if isinstance(value, float):
        return f"{value:.6f}"
    if isinstance(value, list):
        return ",".join(map(str, value)) or "(empty)"
    return str(value)


def jsonl(rows: Sequence[dict[str, Any]]) -> str:
    """Return a log of JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(folder: Path, name: str, content: str | bytes) -> str:
    """Return the path of a new file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def read(*inputs: str, names: Any = None) -> tuple[list[LogBatch], Logs]:
    """Return everything a source of logs delivers."""
    logs = open_logs(inputs, HOME, names)
    return list(logs.batches()), logs


def flows_of(*inputs: str) -> np.ndarray:
    """Return the flow records of logs."""
    return np.concatenate([batch.batch.flows for batch in read(*inputs)[0]])
