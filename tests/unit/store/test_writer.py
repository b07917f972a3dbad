"""The writer: commits, days, updates of long flows, restarts."""

import shutil

import apsw
import msgspec
import numpy as np
import pytest

from appliance.config.schema import Store
from appliance.errors import StoreError
from appliance.model.flow import EndReason
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.model.views import FlowFilter
from appliance.store import writer as module
from appliance.store.files import list_segments, segment_path
from appliance.store.reader import StoreReader
from appliance.store.segment import Segment
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, Network, address, batch, flow, seconds

EVER = (0.0, 4e9)
DAY = 86_400


def rows(reader, **where):
    return reader.flows(FlowFilter(limit=1_000, **where)).data


def everything(reader):
    """What a reader answers, in a form that can be compared."""
    return msgspec.to_builtins(
        (
            rows(reader),
            reader.hosts(*EVER, 1_000, "", "").data,
            reader.countries(*EVER, 50),
            reader.traffic(T0_S - 600, T0_S + 3_600, 60),
            reader.host_history("10.0.0.1", *EVER),
            msgspec.structs.replace(reader.stats(), disk_bytes=0),
        )
    )


def test_rows_are_there_after_the_commit_and_not_before(bench):
    writer = bench.writer(commit_s=5.0)
    reader = bench.reader()
    writer.tick(T0_S)
    writer.write(batch([flow()]))
    writer.tick(T0_S + 4.9)
    assert rows(reader) == []
    writer.tick(T0_S + 5)
    assert len(rows(reader)) == 1
    assert writer.statistics().flows == 1
    assert writer.statistics().commits == 1


def test_a_clock_set_back_does_not_delay_the_commit(bench):
    writer = bench.writer()
    writer.tick(T0_S)
    writer.write(batch([flow()]))
    writer.tick(T0_S - 3_600)
    assert writer.statistics().flows == 1


def test_many_rows_are_committed_without_waiting(bench, monkeypatch):
    monkeypatch.setattr(module, "COMMIT_ROWS", 10)
    writer = bench.writer()
    writer.write(batch([flow() for _ in range(9)]))
    assert writer.statistics().flows == 0
    writer.write(batch([flow()]))
    assert writer.statistics().flows == 10


def test_every_field_is_shown(bench):
    """One flow with something in every column, compared with what a person would write."""
    src = address("192.168.1.7")
    dst = address("2001:db8::1", "DE", asn=64_500, org="Example Org", city="Bonn")
    meta = FlowMeta(
        service="tls", name="www.example.org", sni="sni.example.org", alpn="h2", ja4="t13d",
        dns_query="q.example", dns_type="A", dns_rcode="NOERROR", dns_answers=("192.0.2.1", "x."),
        http_host="h.example", user_agent="curl/8", ssh_client="OpenSSH_9", ssh_server="drop",
    )  # fmt: skip
    made = flow(
        src, dst, start_s=T0_S + 0.25, duration_s=2.5, sport=50_123, dport=443, meta=meta,
        id=2**63 + 5, direction=2, reason=2, tunnel=2, bits=16 | 32, vlan=42, interface=1,
        orig_mac=0x0200000000AA, resp_mac=0x0200000000BB, syn_rtt_us=1_500, ack_rtt_us=250,
        orig_packets=3, orig_bytes=500, orig_ip_bytes=458, orig_payload=300, orig_flags=0x1B,
        resp_packets=1, resp_bytes=100, resp_ip_bytes=86, resp_payload=40, resp_flags=0x12,
        orig_retrans=2, resp_retrans=1, orig_gaps=4, resp_gaps=5, orig_state=6, resp_state=6,
        size_min=60, size_max=240, size_sumsq=120_000.0, iat_min_us=10, iat_max_us=2_000_000,
        iat_sumsq=4.25, history_lo=0, history_len=0,
    )  # fmt: skip
    writer = bench.writer()
    writer.write(batch([made], ("lo", "eth7")))
    writer.flush()
    (row,) = msgspec.to_builtins(rows(bench.reader()))
    state, community = row.pop("state"), row.pop("community_id")
    assert state
    assert community.startswith("1:")
    assert row == {
        "id": (T0_S * 4 + 11) * 250_000, "flow_id": str(2**63 + 5), "start": T0_S + 0.25,
        "end": T0_S + 2.75, "duration": 2.5, "src_ip": "192.168.1.7", "src_port": 50_123,
        "dst_ip": "2001:db8::1", "dst_port": 443, "proto": "tcp", "direction": "inbound",
        "history": "", "packets_out": 3, "packets_in": 1, "bytes_out": 500, "bytes_in": 100,
        "payload_out": 300, "payload_in": 40, "ip_bytes_out": 458, "ip_bytes_in": 86,
        "flags_out": 0x1B, "flags_in": 0x12, "rtt_ms": 1.75, "retrans": 3, "gaps": 9,
        "size_mean": 150.0, "size_var": 7_500.0, "size_min": 60, "size_max": 240,
        "iat_mean": pytest.approx(2.5 / 3), "iat_var": pytest.approx(4.25 / 3 - (2.5 / 3) ** 2),
        "iat_min": 0.00001, "iat_max": 2.0, "src_country": "Local", "dst_country": "DE",
        "src_asn": 0, "src_org": "", "dst_asn": 64_500, "dst_org": "Example Org",
        "src_mac": "02:00:00:00:00:aa", "dst_mac": "02:00:00:00:00:bb", "vlan": 42,
        "interface": "eth7", "tunnel": "vxlan", "reason": "closed", "partial": True, "gso": True,
        "service": "tls", "name": "www.example.org", "sni": "sni.example.org", "alpn": "h2",
        "ja4": "t13d", "dns_query": "q.example", "dns_type": "A", "dns_rcode": "NOERROR",
        "dns_answers": "192.0.2.1 x.", "http_host": "h.example", "user_agent": "curl/8",
        "ssh_client": "OpenSSH_9", "ssh_server": "drop",
    }  # fmt: skip


def test_flows_go_to_the_day_of_their_end(bench):
    """A replay that runs over midnight, back, and years away."""
    writer = bench.writer()
    midnight = T0_S // DAY * DAY + DAY
    ends = [midnight - 1, midnight + 1, midnight - 2, midnight + 400 * DAY, -5, midnight - 3]
    made = batch([flow(start_s=end - 10, duration_s=10, sport=n) for n, end in enumerate(ends)])
    writer.write(made)
    writer.write(batch([flow(start_s=midnight - 9, duration_s=1, sport=6)]))
    writer.flush()
    assert [segment_path(bench.path, key).name for key in list_segments(bench.path)] == [
        "flow-19691231.db", "flow-20251009.db", "flow-20251010.db", "flow-20261114.db",
    ]  # fmt: skip
    found = rows(bench.reader())
    assert [row.src_port for row in found] == [3, 1, 6, 5, 2, 0, 4]
    assert [row.end for row in found] == [(*ends, midnight - 8)[row.src_port] for row in found]
    assert len({row.id for row in found}) == 7
    assert sorted((row.id for row in found), reverse=True) == [row.id for row in found]


def test_more_days_than_may_be_open(bench):
    writer = bench.writer()
    for turn in range(2):
        for day in range(6):
            writer.write(batch([flow(start_s=T0_S + day * DAY, sport=turn)]))
    writer.flush()
    assert len(writer._pool.newest_first()) <= 4
    assert len(rows(bench.reader())) == 12
    assert bench.reader().stats().flows == 12


def long_flow(start_s, step, last=2, **fields):
    """Report number `step` of a flow that is reported every five minutes."""
    return flow(
        start_s=start_s, duration_s=300 * step, id=99, updates=step - 1,
        reason=EndReason.IDLE if step == last else EndReason.ACTIVE,
        orig_bytes=1_000 * step, resp_bytes=10 * step, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    "start", [T0_S, T0_S + 200, T0_S // DAY * DAY + DAY - 400, T0_S // DAY * DAY + DAY - 1]
)
@pytest.mark.parametrize("commit", [True, False])
def test_a_long_flow_is_kept_once_and_counted_once(bench, start, commit):
    """Within ten minutes, over several, over midnight; committed between reports or not."""
    writer = bench.writer()
    for step in range(1, 7):
        writer.write(batch([flow(start_s=start + 300 * step - 2), long_flow(start, step, last=6)]))
        if commit:
            writer.tick(start + 300 * step)
    writer.flush()
    reader = bench.reader(writer)
    long = [row for row in rows(reader) if row.flow_id == "99"]
    assert [(row.bytes_out, row.bytes_in, row.duration) for row in long] == [(6_000, 60, 1_800)]
    assert len(rows(reader)) == 7
    totals = reader.stats()
    assert (totals.flows, totals.bytes) == (7, 6 * 200 + 6_060)
    host = reader.host("10.0.0.1", *EVER)
    assert (host.flows, host.bytes_out, host.bytes_in) == (7, 6_600, 660)
    history = reader.host_history("10.0.0.1", *EVER)
    assert sum(point["bytes_out"] for point in history) == 6_600
    assert len(history) >= 3


@pytest.mark.parametrize("steps", range(1, 8))
def test_a_crash_loses_no_sum(bench, steps, tmp_path):
    """The files as they are at any commit, opened elsewhere: the rollup in memory is remade."""
    writer = bench.writer()
    start = T0_S + 250
    for step in range(1, steps + 1):
        others = [flow(f"10.0.0.{n}", start_s=start + 300 * step - n) for n in range(1, 9)]
        writer.write(batch([*others, long_flow(start, step, last=6)]))
        writer.write_traffic(seconds((start + 300 * step, 5, 500)))
        writer.flush()
    expected = everything(bench.reader(writer))
    copy = tmp_path / "copy"
    shutil.copytree(bench.path, copy)
    other = StoreReader(copy)
    assert everything(other) == expected
    other.close()
    restarted = StoreWriter(copy, Store())
    restarted.close()
    other = StoreReader(copy)
    assert everything(other) == expected
    other.close()


def test_after_a_clean_end_one_can_go_on(bench):
    writer = bench.writer()
    writer.write(batch([flow(sport=1)]))
    writer.write_traffic(seconds((T0_S, 1, 100)))
    bench.close(writer)
    assert not list(bench.path.glob("*-wal"))
    writer = bench.writer()
    writer.write(batch([flow(sport=2)]))
    writer.write_traffic(seconds((T0_S, 1, 100)))
    writer.flush()
    reader = bench.reader(writer)
    first, second = rows(reader)
    assert (first.src_port, second.src_port) == (2, 1)
    assert first.id == second.id + 1
    assert reader.host("10.0.0.1", *EVER).flows == 2
    assert [point.bytes for point in reader.traffic(T0_S, T0_S + 60, 60)] == [200]


def test_the_same_input_gives_the_same_bytes(bench, tmp_path):
    contents = []
    for name in ("a", "b"):
        network = Network(seed=5, remotes=300)
        writer = StoreWriter(tmp_path / name, Store())
        for second in range(0, 300, 60):
            writer.write(network.flows(30, T0_S + second, T0_S + second + 60))
            writer.tick(T0_S + second)
        writer.close()
        contents.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert contents[0] == contents[1]


def test_an_idle_day_is_closed_and_its_rollup_written(bench):
    writer = bench.writer()
    midnight = T0_S // DAY * DAY + DAY
    writer.tick(midnight - 5)
    writer.write(batch([flow(start_s=midnight - 9)]))
    writer.tick(midnight + 5)
    writer.write(batch([flow(start_s=midnight)]))
    writer.tick(midnight + 100)
    assert len(writer._pool.newest_first()) == 2
    writer.write(batch([flow(start_s=midnight + 200)]))
    writer.tick(midnight + 205)
    (segment,) = writer._pool.newest_first()
    assert segment.key.day == midnight // DAY
    assert bench.reader().stats().flows == 3


def test_only_one_process_writes(bench):
    bench.writer()
    with pytest.raises(StoreError, match="another process writes"):
        bench.writer()


def test_the_lock_goes_with_the_writer(bench):
    bench.close(bench.writer())
    bench.writer()


@pytest.mark.parametrize("name", ["main.db", "flow-20251009.db"])
def test_a_newer_version_is_refused(bench, name):
    writer = bench.writer()
    writer.write(batch([flow()]))
    bench.close(writer)
    connection = apsw.Connection(str(bench.path / name))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(StoreError, match=f"{name} was written by a newer version.*99"):
        bench.writer()
    # and the lock is free for the newer version
    connection = apsw.Connection(str(bench.path / name))
    connection.pragma("user_version", 1)
    connection.close()
    bench.writer()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        StoreWriter(tmp_path / "file" / "store", Store())


def test_facts_become_names(bench):
    writer = bench.writer()
    writer.write(batch([flow()]))
    fact = DeviceFact(
        ts_ns=T0_S * 10**9, mac=5, addr_lo=0xFFFF0A000001, source="dhcp", hostname="laptop"
    )
    writer.write_facts([fact], lambda mac: f"maker {mac}")
    writer.flush()
    reader = bench.reader(writer)
    host = reader.host("10.0.0.1", *EVER)
    assert (host.name, host.vendor, host.mac) == ("laptop", "maker 5", "00:00:00:00:00:05")
    assert reader.top(*EVER, 5, True)[0].name == "laptop"
    assert reader.stats().devices == 1


def test_nothing_is_no_problem(bench):
    writer = bench.writer()
    writer.write(batch([]))
    writer.write_traffic(seconds())
    writer.write_facts([], str)
    for second in range(100):
        writer.tick(T0_S + second)
    assert writer.statistics().commits == 0
    assert everything(bench.reader(writer))[:5] == ([], [], [], [], [])


def test_statistics_cannot_be_changed(bench):
    with pytest.raises(AttributeError):
        bench.writer().statistics().flows = 1


def test_a_batch_may_be_used_again_after_write(bench):
    """The kernel writes the next flows into the same memory."""
    writer = bench.writer()
    made = batch([flow(orig_bytes=777)])
    writer.write(made)
    made.flows[:] = np.zeros(1, made.flows.dtype)
    writer.flush()
    assert rows(bench.reader())[0].bytes_out == 777


def test_a_segment_can_be_opened_in_the_middle(bench):
    """A segment made from its rows alone goes on where the writer was."""
    writer = bench.writer()
    network = Network(remotes=300)
    writer.write(network.flows(300, T0_S, T0_S + 300))
    writer.flush()
    (segment,) = writer._pool.newest_first()
    again = Segment(bench.path, segment.key)
    assert again.last_id == segment.last_id
    assert again.open_part.part.span == segment.open_part.part.span
    assert np.array_equal(again.open_part.part.addr, segment.open_part.part.addr)
    assert np.array_equal(again.open_part.part.sums, segment.open_part.part.sums)
    again.close()
