"""What the logs beside conn.log say."""

import pytest

from appliance.model.address import parse_address
from appliance.model.meta import DeviceFact, FlowMeta
from appliance.model.observation import ArpSeen, DhcpSeen, DnsSeen
from appliance.sources.entries import READERS, Entry, Lookup
from appliance.sources.table import Table
from tests.support.logfiles import T0

T0_NS = int(T0) * 1_000_000_000
CLIENT, SERVER = parse_address("192.168.1.5"), parse_address("192.168.1.1")
ENDS = {"id.orig_h": "192.168.1.5", "id.resp_h": "192.168.1.1", "id.resp_p": 53}


def entries(kind: str, *rows: dict) -> list[Entry]:
    fields, read = READERS[kind]
    columns = {name: [row.get(name) for row in rows] for name in fields}
    return list(read(Table(columns, len(rows)), ","))


def dns(**changes) -> dict:
    return {
        "ts": T0, "uid": "C1", **ENDS, "query": "WWW.Example.org", "qtype_name": "A",
        "rcode_name": "NOERROR", "rtt": 0.25, "answers": ["cdn.example.net", "203.0.113.7"],
    } | changes  # fmt: skip


def test_a_question_and_its_answer() -> None:
    (entry,) = entries("dns", dns())
    question, answer = entry.observations
    assert question == DnsSeen(T0_NS, *CLIENT, *SERVER, "www.example.org", "A", "", 33)
    assert answer == question._replace(
        ts_ns=T0_NS + 250_000_000, rcode="NOERROR", payload_bytes=33 + 2 * 12 + 15 + 11
    )
    assert entry.lookup == Lookup(CLIENT, "www.example.org", (parse_address("203.0.113.7"),))
    assert entry.uid == "C1"
    assert entry.meta == FlowMeta(
        dns_query="www.example.org", dns_type="A", dns_rcode="NOERROR",
        dns_answers=("cdn.example.net", "203.0.113.7"),
    )  # fmt: skip


def test_a_question_without_answer() -> None:
    (entry,) = entries("dns", dns(rcode_name=None, answers=None, rtt=None))
    assert [seen.rcode for seen in entry.observations] == [""]
    assert entry.lookup is None


def test_a_refusal_leads_nowhere() -> None:
    refused, blocked = entries(
        "dns", dns(rcode_name="NXDOMAIN", answers=[]), dns(answers=["0.0.0.0", "127.0.0.1", "::"])
    )
    assert [seen.rcode for seen in refused.observations] == ["", "NXDOMAIN"]
    assert refused.lookup is blocked.lookup is None


@pytest.mark.parametrize("port", [5353, 5355, 137])
def test_announcements_are_no_questions(port: int) -> None:
    (entry,) = entries("dns", dns(**{"id.resp_p": port}))
    assert entry.observations == ()
    assert entry.meta is not None


def test_tls() -> None:
    row = {"ts": T0, "uid": "C1", "server_name": "example.org", "version": "TLSv12",
           "next_protocol": "h2", "ja4": "t13d"}  # fmt: skip
    (entry,) = entries("ssl", row)
    assert entry.meta == FlowMeta(
        service="tls", sni="example.org", alpn="h2", ja4="t13d", tls_version="TLSv1.2"
    )


def test_quic_http_ssh() -> None:
    (quic,) = entries("quic", {"ts": T0, "uid": "C1", "server_name": "q.example"})
    assert quic.meta == FlowMeta(service="quic", sni="q.example")
    row = {"ts": T0, "uid": "C1", "method": "GET", "host": "h.example", "uri": "/" + "x" * 999,
           "user_agent": "curl"}  # fmt: skip
    (http,) = entries("http", row)
    assert http.meta is not None
    assert (http.meta.http_host, http.meta.user_agent, http.meta.http_method) == (
        "h.example", "curl", "GET",
    )  # fmt: skip
    assert len(http.meta.http_path) == 256
    (ssh,) = entries("ssh", {"ts": T0, "uid": "C1", "client": "SSH-2.0-a", "server": "SSH-2.0-b"})
    assert ssh.meta == FlowMeta(service="ssh", ssh_client="SSH-2.0-a", ssh_server="SSH-2.0-b")


def test_dhcp() -> None:
    row = {
        "ts": T0, "uids": ["C1", "C2"], "mac": "08:00:27:7f:09:e1", "host_name": "John-PC",
        "assigned_addr": "10.0.2.15", "msg_types": ["DISCOVER", "OFFER", "REQUEST", "ACK"],
    }  # fmt: skip
    (entry,) = entries("dhcp", row)
    mac = 0x0800277F09E1
    assert [seen.message for seen in entry.observations] == ["discover", "request"]
    assert isinstance(entry.observations[0], DhcpSeen)
    assert entry.observations[0].client_mac == mac
    hi, lo = parse_address("10.0.2.15")
    assert entry.facts == (
        DeviceFact(ts_ns=T0_NS, mac=mac, addr_hi=hi, addr_lo=lo, source="dhcp", hostname="John-PC"),
    )
    assert entry.uid == "C1"


def test_dhcp_of_old_versions() -> None:
    row = {"ts": T0, "uid": "C1", "mac": "00:20:18:eb:ca:21", "assigned_ip": "192.168.33.10",
           "trans_id": 7}  # fmt: skip
    (entry,) = entries("dhcp", row)
    assert [(seen.message, seen.transaction) for seen in entry.observations] == [("request", 7)]
    assert len(entry.facts) == 1


def test_arp() -> None:
    row = {"ts": T0, "operation": "reply", "src_mac": "50:5b:c2:db:c3:17", "orig_h": "192.168.1.15",
           "resp_h": "192.168.1.1", "orig_hw": "50:50:50:50:50:50"}  # fmt: skip
    reply, six = entries("arp", row, dict(row, operation="request", orig_hw=None))
    assert reply.observations == (
        ArpSeen(T0_NS, 0x505050505050, 0xC0A8010F, 0xC0A80101, True),
    )  # fmt: skip
    assert six.observations[0].mac == 0x505BC2DBC317
    assert not six.observations[0].reply


@pytest.mark.parametrize("kind", sorted(READERS))
def test_nothing_known_is_no_error(kind: str) -> None:
    for entry in entries(kind, {"ts": T0}, {}, {"ts": T0, "uid": "C1"}):
        assert entry.ts_ns == T0_NS
        assert entry.facts == ()
