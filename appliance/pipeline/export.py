"""Flows written to a file as they end: NDJSON rows, or Zeek's conn.log."""

import string
from typing import BinaryIO

import msgspec
import numpy as np

from appliance.model.flow import EndReason, FlowBatch
from appliance.model.views import FlowRow
from appliance.pipeline.rows import make_rows

_ACTIVE = int(EndReason.ACTIVE)

# Field order and types of Zeek's conn.log, with its community-id extension.
_CONN_FIELDS = (
    ("ts", "time"), ("uid", "string"), ("id.orig_h", "addr"), ("id.orig_p", "port"),
    ("id.resp_h", "addr"), ("id.resp_p", "port"), ("proto", "enum"), ("service", "string"),
    ("duration", "interval"), ("orig_bytes", "count"), ("resp_bytes", "count"),
    ("conn_state", "string"), ("local_orig", "bool"), ("local_resp", "bool"),
    ("missed_bytes", "count"), ("history", "string"), ("orig_pkts", "count"),
    ("orig_ip_bytes", "count"), ("resp_pkts", "count"), ("resp_ip_bytes", "count"),
    ("tunnel_parents", "set[string]"), ("community_id", "string"),
)  # fmt: skip
_BASE62 = string.digits + string.ascii_letters
_ZEEK_PROTOCOLS = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "ipv6-icmp": "icmp"}
_ZEEK_SERVICES = {"tls": "ssl", "mdns": "dns", "llmnr": "dns"}


def _ended(batch: FlowBatch) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Leave out updates of flows that go on: the record at their end says all of it."""
    return np.flatnonzero(batch.flows["reason"] != _ACTIVE)


class NdjsonWriter:
    """One FlowRow as a JSON object per line."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._encoder = msgspec.json.Encoder()

    def __call__(self, batch: FlowBatch) -> None:
        """Write the ended flows of an enriched batch."""
        self._stream.write(self._encoder.encode_lines(make_rows(batch, _ended(batch))))

    def close(self) -> None:
        """Nothing is left to write."""


class ZeekWriter:
    """Zeek's conn.log in its tab-separated form."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        names = "\t".join(name for name, _ in _CONN_FIELDS)
        types = "\t".join(kind for _, kind in _CONN_FIELDS)
        header = (
            "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
            f"#path\tconn\n#fields\t{names}\n#types\t{types}\n"
        )
        stream.write(header.encode("ascii"))

    def __call__(self, batch: FlowBatch) -> None:
        """Write the ended flows of an enriched batch."""
        chosen = _ended(batch)
        uids = [batch.uids[i] for i in chosen.tolist()] if batch.uids else [""] * len(chosen)
        rows = zip(make_rows(batch, chosen), uids, strict=True)
        lines = [_zeek_line(row, uid or zeek_uid(row.flow_id)) for row, uid in rows]
        self._stream.write("".join(lines).encode("utf-8"))

    def close(self) -> None:
        """End the log as Zeek does."""
        self._stream.write(b"#close\n")


def zeek_uid(flow_id: str) -> str:
    """Return an id in the form of Zeek's: C and base 62."""
    rest, letters = int(flow_id), ""
    while rest:
        rest, digit = divmod(rest, 62)
        letters = _BASE62[digit] + letters
    return "C" + letters


def _zeek_line(row: FlowRow, uid: str) -> str:
    timeless = row.duration <= 0  # one packet, or all at once
    counted = row.proto in {"tcp", "udp", "icmp", "ipv6-icmp"} and not timeless
    values = (
        f"{row.start:.6f}",
        uid,
        row.src_ip,
        str(row.src_port),
        row.dst_ip,
        str(row.dst_port),
        _ZEEK_PROTOCOLS.get(row.proto, "unknown_transport"),
        _ZEEK_SERVICES.get(row.service, row.service) or "-",
        "-" if timeless else f"{row.duration:.6f}",
        str(row.payload_out) if counted else "-",
        str(row.payload_in) if counted else "-",
        row.state,
        "T" if row.direction in {"outbound", "local"} else "F",
        "T" if row.direction in {"inbound", "local"} else "F",
        "0",
        row.history or "-",
        str(row.packets_out),
        str(row.ip_bytes_out),
        str(row.packets_in),
        str(row.ip_bytes_in),
        "-",
        row.community_id,
    )
    return "\t".join(values) + "\n"
