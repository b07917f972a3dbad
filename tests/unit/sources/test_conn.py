"""Connections of a log become the flow records that everything behind them expects."""

from pathlib import Path

import numpy as np
import pytest

from appliance.flows.connstate import histories, states
from appliance.model.address import parse_address
from appliance.model.flow import FLOW_IPV6, Direction
from appliance.sources.conn import Addresses, find_home, parse_mac
from tests.support.logfiles import HOME, T0, conn, flows_of, jsonl, read, tsv, write

FORMS = [tsv, jsonl]


@pytest.mark.parametrize("form", FORMS)
def test_a_record_says_what_the_log_said(tmp_path: Path, form) -> None:
    ((batch, *_),), _ = read(write(tmp_path, "conn.log", form([conn(1)])))
    (flow,) = batch.flows
    orig, resp = flow["orig"], flow["resp"]
    assert (int(orig["addr_hi"]), int(orig["addr_lo"])) == parse_address("192.168.1.5")
    assert (int(resp["addr_hi"]), int(resp["addr_lo"])) == parse_address("198.51.100.9")
    assert (orig["port"], resp["port"], flow["proto"]) == (40_001, 443, 6)
    assert (orig["packets"], orig["payload"], orig["ip_bytes"]) == (8, 300, 628)
    assert (resp["packets"], resp["payload"], resp["ip_bytes"]) == (7, 4_000, 4_292)
    assert (orig["bytes"], resp["bytes"]) == (628 + 14 * 8, 4_292 + 14 * 7)
    assert flow["first_ns"] == (T0 + 1) * 1e9
    assert flow["last_ns"] - flow["first_ns"] == 1_500_000_000
    assert flow["direction"] == Direction.OUTBOUND
    assert (states(batch.flows), histories(batch.flows)) == (["SF"], ["ShADadFf"])
    assert batch.meta[0] is not None
    assert batch.meta[0].service == "tls"
    assert batch.uids == ["C0001"]


def test_both_forms_give_the_same_bytes(tmp_path: Path) -> None:
    rows = [
        conn(n, service=None if n % 3 else "dns", duration=None if n % 5 else n / 7)
        for n in range(300)
    ]
    one, other = (flows_of(write(tmp_path, "conn.log", form(rows))).tobytes() for form in FORMS)
    assert one == other


@pytest.mark.parametrize(
    ("ends", "direction"),
    [
        (("10.0.0.1", "8.8.8.8"), Direction.OUTBOUND),
        (("8.8.8.8", "10.0.0.1"), Direction.INBOUND),
        (("10.0.0.1", "192.168.0.1"), Direction.LOCAL),
        (("8.8.8.8", "9.9.9.9"), Direction.EXTERNAL),
        (("fe80::1", "ff02::fb"), Direction.LOCAL),
        (("2001:db8::1", "fd00::1"), Direction.INBOUND),
    ],
)
def test_direction(tmp_path: Path, ends: tuple[str, str], direction: Direction) -> None:
    row = conn(**{"id.orig_h": ends[0], "id.resp_h": ends[1]})
    (flow,) = flows_of(write(tmp_path, "conn.log", jsonl([row])))
    assert flow["direction"] == direction
    assert bool(flow["bits"] & FLOW_IPV6) == (":" in ends[0])


def test_icmp_has_types_for_ports_and_two_numbers(tmp_path: Path) -> None:
    four = conn(proto="icmp", conn_state="OTH", history=None, **{"id.orig_p": 8, "id.resp_p": 0})
    six = dict(four, **{"id.orig_h": "fe80::1", "id.resp_h": "fe80::2", "id.orig_p": 128})
    flows = flows_of(write(tmp_path, "conn.log", jsonl([four, six])))
    assert flows["proto"].tolist() == [1, 58]
    assert flows["orig"]["port"].tolist() == [8, 128]
    assert states(flows) == ["OTH", "OTH"]


def test_other_protocols(tmp_path: Path) -> None:
    rows = [conn(proto="unknown_transport"), conn(proto="unknown_transport", ip_proto=47),
            conn(proto="sctp"), conn(proto=None)]  # fmt: skip
    flows = flows_of(write(tmp_path, "conn.log", jsonl(rows)))
    assert flows["proto"].tolist() == [255, 47, 132, 255]


@pytest.mark.parametrize("state", ["S0", "SF", "SHR", "OTH"])
def test_udp_states(tmp_path: Path, state: str) -> None:
    packets = {"S0": (1, 0), "SF": (1, 1), "SHR": (0, 1), "OTH": (0, 0)}[state]
    row = conn(proto="udp", conn_state=state, history=None, orig_pkts=packets[0],
               resp_pkts=packets[1])  # fmt: skip
    assert states(flows_of(write(tmp_path, "conn.log", jsonl([row])))) == [state]


def test_payload_of_a_single_datagram_is_what_its_headers_leave(tmp_path: Path) -> None:
    none = {"duration": None, "orig_bytes": None, "resp_bytes": None, "resp_pkts": 0,
            "resp_ip_bytes": 0, "orig_pkts": 1, "history": None}  # fmt: skip
    rows = [
        conn(proto="udp", conn_state="S0", orig_ip_bytes=73, **none),
        conn(proto="tcp", conn_state="S0", orig_ip_bytes=60, **none),
        conn(proto="icmp", conn_state="OTH", orig_ip_bytes=84, **none),
    ]
    flows = flows_of(write(tmp_path, "conn.log", jsonl(rows)))
    assert flows["orig"]["payload"].tolist() == [45, 0, 56]


def test_logs_without_packet_counts(tmp_path: Path) -> None:
    none = {"orig_pkts": None, "resp_pkts": None, "orig_ip_bytes": None, "resp_ip_bytes": None}
    rows = [conn(**none), conn(conn_state="S0", history="S", orig_bytes=0, resp_bytes=0, **none)]
    flows = flows_of(write(tmp_path, "conn.log", jsonl(rows)))
    assert flows["orig"]["packets"].tolist() == [1, 1]
    assert flows["resp"]["packets"].tolist() == [1, 0]
    assert flows["orig"]["ip_bytes"].tolist() == [340, 40]
    assert states(flows) == ["SF", "S0"]


def test_ids_are_unique_and_near_the_start(tmp_path: Path) -> None:
    rows = [conn(0) for _ in range(5_000)] + [conn(n) for n in range(100)]
    flows = flows_of(write(tmp_path, "conn.log", jsonl(rows)))
    assert len(np.unique(flows["id"])) == len(flows)
    assert (flows["id"].astype(np.int64) - flows["first_ns"]).max() < 1_000_000


def test_moments_are_those_of_even_traffic(tmp_path: Path) -> None:
    row = conn(duration=9.0, orig_pkts=5, orig_ip_bytes=430, resp_pkts=5, resp_ip_bytes=430)
    (flow,) = flows_of(write(tmp_path, "conn.log", jsonl([row])))
    assert flow["size_min"] == flow["size_max"] == 100
    assert flow["size_sumsq"] == 10 * 100**2
    assert flow["iat_min_us"] == flow["iat_max_us"] == 1_000_000
    assert flow["iat_sumsq"] == pytest.approx(9.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ts", "never"),
        ("ts", None),
        ("id.orig_h", "host"),
        ("id.resp_h", None),
        ("id.orig_p", 70_000),
        ("orig_bytes", -4),
        ("resp_bytes", 1 << 60),
        ("orig_pkts", 1 << 40),
        ("duration", -1.0),
    ],
)
def test_a_bad_record_is_left_out_and_counted(tmp_path: Path, name: str, value) -> None:
    rows = [conn(1), dict(conn(2), **{name: value}), conn(3)]
    batches, logs = read(write(tmp_path, "conn.log", jsonl(rows)))
    assert [uid for batch in batches for uid in batch.batch.uids] == ["C0001", "C0003"]
    assert logs.statistics().damaged == {f"conn: {name}": 1}
    assert logs.statistics().flows == 2


def test_services_in_our_words(tmp_path: Path) -> None:
    rows = [conn(service="dns", **{"id.resp_p": port}) for port in (53, 5353, 5355)]
    ((batch, *_),), _ = read(
        write(tmp_path, "conn.log", jsonl([*rows, conn(service="gssapi,smb")]))
    )
    assert [meta and meta.service for meta in batch.meta] == ["dns", "mdns", "llmnr", "gssapi,smb"]


def test_hardware_addresses(tmp_path: Path) -> None:
    row = conn(orig_l2_addr="aa:bb:cc:00:11:22", vlan=7)
    (batch,), _ = read(write(tmp_path, "conn.log", jsonl([row])))
    assert batch.batch.flows["orig_mac"][0] == 0xAABBCC001122
    assert batch.batch.flows["vlan"][0] == 7


def test_addresses_are_forgotten_when_there_are_too_many(monkeypatch) -> None:
    monkeypatch.setattr("appliance.sources.conn._MAX_ADDRESSES", 10)
    addresses = Addresses()
    for n in range(100):
        words, known = addresses.resolve([f"10.0.0.{n}", "x", "::1"])
        assert known.tolist() == [True, False, True]
        assert tuple(words[0].tolist()) == parse_address(f"10.0.0.{n}")
    assert len(addresses._known) <= 14


def test_home_is_told_as_the_kernels_tell_it() -> None:
    texts = ["10.1.2.3", "172.32.0.1", "224.0.0.1", "8.8.8.8", "fe80::1", "2001:db8::1"]
    words, _ = Addresses().resolve(texts)
    assert find_home(HOME, words).tolist() == [True, False, True, False, True, False]


@pytest.mark.parametrize(
    ("text", "mac"), [("00:00:00:00:00:ff", 255), ("x", 0), (None, 0), ("00:00:00:00:00:gg", 0)]
)
def test_parse_mac(text: str | None, mac: int) -> None:
    assert parse_mac(text) == mac
