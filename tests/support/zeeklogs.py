"""Zeek's conn.log, as it lies about in all its forms; and packets made from a history."""

import json
from collections.abc import Iterator
from pathlib import Path

from tests.oracles import frames as f
from tests.oracles.flowtable import SECOND, Arrival

ORIG, RESP = ("10.0.0.1", 40_000), ("192.0.2.7", 80)
FLAGS = {
    "S": f.SYN, "H": f.SYN | f.ACK, "A": f.ACK, "D": f.ACK | f.PSH, "T": f.ACK | f.PSH,
    "F": f.FIN | f.ACK, "R": f.RST,
}  # fmt: skip


def read_records(path: Path) -> Iterator[dict[str, str]]:
    """Yield the records of a log, tab-separated or JSON lines; what cannot be read is left out."""
    names: list[str] = []
    for line in path.read_text("utf-8", "replace").splitlines():
        if line.lstrip().startswith("#fields"):
            names = line.strip().split("\t")[1:]
        elif line.startswith("{"):
            yield {name: str(value) for name, value in json.loads(line).items()}
        elif names and line and not line.lstrip().startswith("#"):
            yield dict(zip(names, line.split("\t"), strict=False))


def packets_of(history: str) -> list[Arrival]:
    """Return a conversation with one packet for each letter; T repeats the last data."""
    numbers = {
        True: 1_000,
        False: 5_000,
    }  # next sequence number of the originator and the responder
    arrivals: list[Arrival] = []
    for letter in history.replace("^", ""):
        is_orig, kind = letter.isupper(), letter.upper()
        body = bytes(10) if kind in "DT" else b""
        seq = numbers[is_orig] - (10 if kind == "T" else 0)
        ack = numbers[not is_orig] if FLAGS[kind] & f.ACK else 0
        (source, sport), (target, dport) = (ORIG, RESP) if is_orig else (RESP, ORIG)
        segment = f.tcp((sport, dport), FLAGS[kind], seq, ack, body)
        frame = f.ethernet(0x0800, f.ipv4((source, target), 6, segment))
        arrivals.append(Arrival(1_700_000_000 * SECOND + len(arrivals) * 1_000_000, frame))
        numbers[is_orig] = seq + len(body) + (kind in "SHF")
    return arrivals
