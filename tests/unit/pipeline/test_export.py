"""Flows in files: what other tools read must be what they expect."""

import io
import json

import pytest

from appliance.model.flow import EndReason, FlowBatch
from appliance.model.meta import FlowMeta
from appliance.pipeline.export import NdjsonWriter, ZeekWriter
from tests.support.flowbatches import T0_S, address, batch, flow


def both_kinds() -> FlowBatch:
    """Return an ended flow and an update of another."""
    answered = flow(
        "10.0.0.1", address("192.0.2.7", "DE"), duration_s=1.25, orig_packets=3, orig_payload=10,
        orig_ip_bytes=150, resp_packets=2, resp_payload=20, resp_ip_bytes=120, orig_state=5,
        resp_state=5, meta=FlowMeta(service="tls", sni="example.net"),
    )  # fmt: skip
    return batch([answered, flow(reason=int(EndReason.ACTIVE))])


def zeek(made: FlowBatch) -> tuple[list[str], list[dict[str, str]]]:
    """Return the header lines and the records of a conn.log."""
    stream = io.BytesIO()
    writer = ZeekWriter(stream)
    writer(made)
    writer.close()
    lines = stream.getvalue().decode().splitlines()
    header = [line for line in lines if line.startswith("#")]
    names = next(line for line in header if line.startswith("#fields")).split("\t")[1:]
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return header, [dict(zip(names, row, strict=True)) for row in rows]


def test_ndjson_has_an_object_a_line_and_no_updates() -> None:
    stream = io.BytesIO()
    writer = NdjsonWriter(stream)
    writer(both_kinds())
    writer.close()
    (line,) = stream.getvalue().splitlines()
    row = json.loads(line)
    assert (row["src_ip"], row["dst_port"], row["state"], row["sni"]) == (
        "10.0.0.1", 443, "SF", "example.net",
    )  # fmt: skip
    assert stream.getvalue().endswith(b"\n")


def test_nothing_ended_writes_nothing() -> None:
    stream = io.BytesIO()
    NdjsonWriter(stream)(batch([flow(reason=int(EndReason.ACTIVE))]))
    NdjsonWriter(stream)(batch([]))
    assert stream.getvalue() == b""


def test_zeek_log_has_the_header_its_readers_need() -> None:
    header, rows = zeek(both_kinds())
    assert header[0] == "#separator \\x09"
    assert header[-1].startswith("#close")
    names = next(line for line in header if line.startswith("#fields")).split("\t")
    types = next(line for line in header if line.startswith("#types")).split("\t")
    assert len(names) == len(types)
    assert len(rows) == 1


def test_zeek_record_is_in_zeeks_words() -> None:
    _, (row,) = zeek(both_kinds())
    expected = {
        "ts": f"{T0_S}.000000", "id.orig_h": "10.0.0.1", "id.orig_p": "40000",
        "id.resp_h": "192.0.2.7", "id.resp_p": "443", "proto": "tcp", "service": "ssl",
        "duration": "1.250000", "orig_bytes": "10", "resp_bytes": "20", "conn_state": "SF",
        "local_orig": "T", "local_resp": "F", "history": "-", "orig_pkts": "3",
        "orig_ip_bytes": "150", "resp_pkts": "2", "resp_ip_bytes": "120", "tunnel_parents": "-",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert row["uid"].startswith("C")
    assert row["uid"].isalnum()
    assert row["community_id"].startswith("1:")


@pytest.mark.parametrize(
    ("proto", "name"),
    [(6, "tcp"), (17, "udp"), (1, "icmp"), (58, "icmp"), (47, "unknown_transport")],
)
def test_zeek_knows_four_protocols(proto: int, name: str) -> None:
    _, (row,) = zeek(batch([flow(proto=proto, orig_packets=2)]))
    assert row["proto"] == name


def test_a_single_packet_has_no_duration_and_no_bytes() -> None:
    _, (row,) = zeek(batch([flow(duration_s=0.0, proto=17, resp_packets=0)]))
    assert (row["duration"], row["orig_bytes"], row["resp_bytes"]) == ("-", "-", "-")


def test_every_flow_has_a_uid_of_its_own() -> None:
    _, rows = zeek(batch([flow(id=T0_S * 10**9 + 16 * n) for n in range(500)]))
    assert len({row["uid"] for row in rows}) == 500


def test_flows_of_a_log_keep_the_names_it_gave_them() -> None:
    made = batch([flow(), flow(reason=int(EndReason.ACTIVE)), flow()])
    made.uids = ["CwBR9S17gSfdlxZyu2", "CwAAAA", ""]
    _, rows = zeek(made)
    assert rows[0]["uid"] == "CwBR9S17gSfdlxZyu2"
    assert len(rows) == 2
    assert rows[1]["uid"] == "C" + rows[1]["uid"][1:] != "C"
