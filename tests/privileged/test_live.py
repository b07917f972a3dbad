"""The whole appliance on a wire: real programs talk, and the dashboard's feed shows it in time."""

import os
import socket
import time
from typing import NamedTuple

import communityid
import pytest

from tests.support import talks
from tests.support.daemon import ask
from tests.support.live import (
    IDLE_S,
    LINGER_S,
    Row,
    Watcher,
    daemon,
    dial,
    key_of,
    network,
    stored_flows,
)
from tests.support.veth import PATIENCE_S, Pair, inside

pytestmark = [
    pytest.mark.privileged,
    pytest.mark.timeout(400),  # a machine without compiled kernels compiles them first
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces and a packet ring"),
    pytest.mark.skipif(bool(talks.missing_tools()), reason=f"missing: {talks.missing_tools()}"),
]

SHOWN_AFTER_S = 2.0  # of a flow's end


class Recording(NamedTuple):
    """What was said on the wire, and what the appliance said about it."""

    expected: dict[str, Row]  # by conversation
    macs: tuple[str, str]  # near, far
    found: dict[str, tuple[float, Row]]
    watcher: Watcher
    health: Row
    exit_code: int
    exit_s: float
    open_port: int  # of the connection that was still open at the end
    stored: list[Row]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    folder = tmp_path_factory.mktemp("live")
    (folder / "page.html").write_text("x" * 20_000)
    with network() as pair, talks.servers(pair, folder) as names, daemon(pair, folder) as running:
        port = running.wait_until_ready()
        with Watcher(pair, port) as watcher:
            expected = talk(pair, names)
            found = {name: watcher.wait_for(**key_of(row)) for name, row in expected.items()}
            health = ask(dial(pair, port), "/api/v1/health")
            macs = (talks.find_mac(pair.near, "near0"), talks.find_mac(pair.far, "far0"))
            with inside(pair.far):
                left_open = socket.create_connection((talks.NEAR, 80), PATIENCE_S)
            with left_open:
                began_s = time.monotonic()
                exit_code = running.terminate()
                exit_s = time.monotonic() - began_s
                open_port = left_open.getsockname()[1]
    stored = stored_flows(folder)
    return Recording(expected, macs, found, watcher, health, exit_code, exit_s, open_port, stored)


def talk(pair: Pair, names: talks.NameServer) -> dict[str, Row]:
    return {
        "http": talks.talk_http(pair),
        "dns": talks.talk_dns(pair, names),
        "ssh": talks.talk_ssh(pair),
        "iperf3": talks.talk_throughput(pair),
        "ping": talks.talk_ping(pair),
        "ping6": talks.talk_ping6(pair),
    }


CONVERSATIONS = ("http", "dns", "ssh", "iperf3", "ping", "ping6")


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_described(recording: Recording, name: str) -> None:
    expected = dict(recording.expected[name])
    _, row = recording.found[name]
    if name == "iperf3":
        del expected["payload_out"]  # see below
    assert {field: row[field] for field in expected} == expected
    macs = recording.macs[:: -1 if expected["direction"] == "inbound" else 1]
    assert (row["src_mac"], row["dst_mac"]) == macs
    assert row["interface"] == "near0"
    assert row["vlan"] == 0
    assert not row["partial"]


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_a_conversation_is_shown_in_time(recording: Recording, name: str) -> None:
    at_s, row = recording.found[name]
    patience_s = LINGER_S if row["proto"] == "tcp" else IDLE_S
    assert -0.1 <= at_s - (row["end"] + patience_s) <= SHOWN_AFTER_S


@pytest.mark.parametrize("name", ["http", "ssh", "iperf3"])
def test_tcp_is_followed_from_handshake_to_end(recording: Recording, name: str) -> None:
    _, row = recording.found[name]
    assert row["history"].startswith("ShA")
    assert {"D", "F", "f"} <= set(row["history"])
    assert 0 < row["rtt_ms"] < 1_000
    assert row["gaps"] == 0
    assert row["reason"] == "closed"


def test_a_transfer_is_counted_to_the_byte(recording: Recording) -> None:
    _, row = recording.found["iperf3"]
    sent = recording.expected["iperf3"]["payload_out"]
    # a probe for a lost tail is sent again on the best of wires
    assert sent <= row["payload_out"] <= sent + row["retrans"] * 65_536
    assert row["packets_out"] * 1_448 >= sent


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_community_id_is_the_reference_librarys(recording: Recording, name: str) -> None:
    _, row = recording.found[name]
    make = {
        "tcp": communityid.FlowTuple.make_tcp,
        "udp": communityid.FlowTuple.make_udp,
        "icmp": communityid.FlowTuple.make_icmp,
        "ipv6-icmp": communityid.FlowTuple.make_icmp6,
    }[row["proto"]]
    ports = row["src_port"], row["dst_port"]
    if name == "ping6":
        ports = (128, 0)  # the library is given type and code
    wanted = communityid.CommunityID().calc(make(row["src_ip"], row["dst_ip"], *ports))
    assert row["community_id"] == wanted


def test_nothing_is_lost(recording: Recording) -> None:
    health = recording.health
    lost = ("dropped_nic", "dropped_kernel", "dropped_queue", "samples_dropped", "flows_evicted")
    assert {name: health[name] for name in lost} == dict.fromkeys(lost, 0)
    assert (health["state"], health["reasons"]) == ("running", [])
    (interface,) = health["interfaces"]
    assert (interface["name"], interface["up"], interface["frames"]) == (
        "near0", True, health["packets"],
    )  # fmt: skip
    assert health["flows_ended"] >= len(CONVERSATIONS)
    assert sum(recording.watcher.totals) == len(recording.watcher.flows)


def test_sigterm_ends_in_order_and_keeps_every_flow(recording: Recording) -> None:
    assert recording.exit_code == 0
    assert recording.exit_s < 10
    stored = {row["flow_id"]: row for row in recording.stored}
    for _, row in recording.watcher.flows:
        kept = stored[row["flow_id"]]
        measured = [name for name, value in row.items() if isinstance(value, float)]
        for name in measured:  # the store keeps microseconds and single precision
            assert kept[name] == pytest.approx(row[name], rel=1e-6, abs=1e-6)
        assert kept == row | {name: kept[name] for name in measured}
    (still_open,) = [row for row in recording.stored if row["src_port"] == recording.open_port]
    assert (still_open["reason"], still_open["state"]) == ("shutdown", "S1")
