import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Solicit, DHCP6OptClientFQDN
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.l2 import ARP
from scapy.layers.netbios import NBNSHeader, NBNSRegistrationRequest

from appliance.config.schema import Metadata
from appliance.metadata.stage import MetadataStage
from appliance.model.address import parse_address
from appliance.model.flow import FLOW_DTYPE, FLOW_SAMPLED, EndReason
from appliance.model.meta import FlowMeta
from appliance.model.sample import SampleKind, Samples
from tests.support.hellos import (
    CHROME_JA4,
    build_hello,
    build_initial,
    build_records,
    chrome_extensions,
    crypto_frame,
)
from tests.support.samples import SECOND_NS, Row, make_samples

CLIENT, RESOLVER, SERVER = "10.0.0.2", "10.0.0.1", "192.0.2.80"
T0 = 1_700_000_000 * SECOND_NS


def query(name: str) -> bytes:
    return bytes(DNS(id=1, qd=[DNSQR(qname=name)]))


def response(name: str, *addresses: str, alias: str = "") -> bytes:
    records = [DNSRR(rrname=name, type="CNAME", rdata=alias)] if alias else []
    for address in addresses:
        kind = "AAAA" if ":" in address else "A"
        records.append(DNSRR(rrname=alias or name, type=kind, ttl=1, rdata=address))
    return bytes(DNS(id=1, qr=1, qd=[DNSQR(qname=name)], an=records))


def answered(payload: bytes, client: str = CLIENT, ts_ns: int = T0, flow_id: int = 1) -> Row:
    row = Row(SampleKind.DNS, payload, flow_id, ts_ns, RESOLVER, client, from_orig=0)
    return row._replace(src_port=53, dst_port=40_000)


def make_flow(
    flow_id: int = 1,
    resp: str = SERVER,
    orig: str = CLIENT,
    first_ns: int = T0 + SECOND_NS,
    bits: int = FLOW_SAMPLED,
    reason: EndReason = EndReason.CLOSED,
) -> NDArray[np.void]:
    flow = np.zeros(1, FLOW_DTYPE)
    flow["id"], flow["first_ns"], flow["bits"], flow["reason"] = flow_id, first_ns, bits, reason
    flow["orig"]["addr_hi"], flow["orig"]["addr_lo"] = parse_address(orig)
    flow["resp"]["addr_hi"], flow["resp"]["addr_lo"] = parse_address(resp)
    return flow


def make_stage(*rows: Row, **config: object) -> MetadataStage:
    stage = MetadataStage(Metadata(**config))  # type: ignore[arg-type]
    stage.absorb(make_samples(*rows))
    return stage


HELLO = build_hello(chrome_extensions())
ONE_OF_EACH = {
    SampleKind.DNS: query("a.example"),
    SampleKind.MDNS: bytes(DNS(qr=1, qd=[], an=[DNSRR(rrname="tv.local", ttl=9, rdata=CLIENT)])),
    SampleKind.LLMNR: query("printer"),
    SampleKind.NBNS: bytes(
        NBNSHeader() / NBNSRegistrationRequest(QUESTION_NAME="PC", NB_ADDRESS=CLIENT, SUFFIX=0x4141)
    ),
    SampleKind.DHCP: bytes(
        BOOTP(op=1, chaddr=b"\2\0\0\0\0\7")
        / DHCP(options=[("message-type", "discover"), ("hostname", b"laptop"), "end"])
    ),
    SampleKind.DHCPV6: bytes(DHCP6_Solicit() / DHCP6OptClientFQDN(fqdn="desk.example")),
    SampleKind.TLS: build_records(HELLO),
    SampleKind.QUIC: build_initial(crypto_frame(0, HELLO)),
    SampleKind.HTTP: b"GET /p HTTP/1.1\r\nHost: web.example\r\nUser-Agent: curl\r\n\r\n",
    SampleKind.SSH: b"SSH-2.0-OpenSSH_9.2\r\n",
    SampleKind.ARP: bytes(ARP(op=2, hwsrc="02:00:00:00:00:05", psrc="10.0.0.5")),
    SampleKind.SSDP: b"M-SEARCH * HTTP/1.1\r\nUSER-AGENT: TV/1\r\n\r\n",
}
EXPECTED = {
    SampleKind.DNS: {"service": "dns", "dns_query": "a.example", "dns_type": "A"},
    SampleKind.MDNS: {"service": "mdns"},
    SampleKind.LLMNR: {"service": "llmnr", "dns_query": "printer", "dns_type": "A"},
    SampleKind.NBNS: {"service": "nbns", "dns_query": "PC", "dns_type": "NB"},
    SampleKind.DHCP: {"service": "dhcp"},
    SampleKind.DHCPV6: {"service": "dhcp"},
    SampleKind.TLS: {
        "service": "tls", "name": "www.example.com", "sni": "www.example.com", "alpn": "h2",
        "ja4": f"t{CHROME_JA4}", "tls_version": "TLSv1.3",
    },
    SampleKind.QUIC: {
        "service": "quic", "name": "www.example.com", "sni": "www.example.com", "alpn": "h2",
        "ja4": f"q{CHROME_JA4}", "tls_version": "TLSv1.3",
    },
    SampleKind.HTTP: {
        "service": "http", "name": "web.example", "http_method": "GET", "http_host": "web.example",
        "http_path": "/p", "user_agent": "curl",
    },
    SampleKind.SSH: {"service": "ssh", "ssh_client": "OpenSSH_9.2"},
    SampleKind.SSDP: {"service": "ssdp", "user_agent": "TV/1"},
}  # fmt: skip
FACTS = {
    SampleKind.ARP: ("arp", 0x020000000005, "10.0.0.5", ""),
    SampleKind.DHCP: ("dhcp", 0x020000000007, "", "laptop"),
    SampleKind.DHCPV6: ("dhcpv6", 0x020000000002, CLIENT, "desk"),
    SampleKind.MDNS: ("mdns", 0x020000000002, CLIENT, "tv"),
    SampleKind.NBNS: ("nbns", 0x020000000002, CLIENT, "PC"),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_one_of_each_kind(kind: SampleKind) -> None:
    stage = make_stage(Row(kind, ONE_OF_EACH[kind]))
    assert stage.take(make_flow()) == [FlowMeta(**EXPECTED[kind])]
    assert stage.take(make_flow()) == [None]  # it has ended
    assert stage.statistics().samples == {kind.name.lower(): 1}
    assert stage.statistics().parsed == 1


@pytest.mark.parametrize("kind", FACTS)
def test_facts(kind: SampleKind) -> None:
    stage = make_stage(Row(kind, ONE_OF_EACH[kind], flow_id=0))
    (fact,) = stage.facts()
    source, mac, address, hostname = FACTS[kind]
    assert (fact.source, fact.mac, fact.hostname) == (source, mac, hostname)
    assert (fact.addr_hi, fact.addr_lo) == (parse_address(address) if address else (0, 0))
    assert stage.facts() == []


@pytest.mark.parametrize("kind", ONE_OF_EACH)
def test_truncated_at_every_byte(kind: SampleKind) -> None:
    payload = ONE_OF_EACH[kind]
    step = 16 if kind is SampleKind.QUIC else 1
    sizes = range(0, len(payload), step)
    rows = [Row(kind, payload[:size], flow_id=size + 1) for size in sizes]
    stage = make_stage(*rows)
    figures = stage.statistics()
    assert figures.samples == {kind.name.lower(): len(sizes)}
    assert figures.unreadable[kind.name.lower()] >= 1
    whole = EXPECTED.get(kind, {})
    for meta in stage.take(np.concatenate([make_flow(size + 1) for size in sizes])):
        if meta is not None:
            assert meta.ja4 == ""
            assert meta.sni in {"", whole.get("sni")}
            assert meta.dns_query in {"", whole.get("dns_query")}


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=80)), max_size=20))
def test_any_kind_and_any_bytes(items: list[tuple[int, bytes]]) -> None:
    stage = make_stage(*(Row(kind, data) for kind, data in items))  # type: ignore[arg-type]
    figures = stage.statistics()
    assert figures.parsed <= len(items)


def test_answer_names_later_flows() -> None:
    stage = make_stage(
        answered(response("www.example", SERVER, "2001:db8::80", alias="cdn.example"))
    )
    flows = np.concatenate([
        make_flow(7, SERVER, bits=0),
        make_flow(8, "2001:db8::80", "2001:db8::2", bits=0),
        make_flow(9, "192.0.2.81", bits=0),
    ])  # fmt: skip
    named = FlowMeta(name="www.example")
    assert stage.take(flows) == [named, named, None]
    assert stage.name_of(*parse_address(SERVER)) == "www.example"
    assert stage.name_of(*parse_address("192.0.2.81")) == ""


def test_names_prefer_the_asker_and_the_time_before_the_flow() -> None:
    other = "10.0.0.3"
    stage = make_stage(
        answered(response("first.example", SERVER), ts_ns=T0),
        answered(response("other.example", SERVER), other, T0 + 5 * SECOND_NS, 2),
        answered(response("second.example", SERVER), ts_ns=T0 + 9 * SECOND_NS, flow_id=3),
    )
    cases = [
        (CLIENT, 1, "first.example"),
        (CLIENT, 10, "second.example"),
        (other, 1, "other.example"),  # its own, though later
        ("10.0.0.4", 6, "other.example"),
        ("10.0.0.4", 1, "first.example"),
    ]
    for orig, seconds, name in cases:
        flow = make_flow(9, SERVER, orig, T0 + seconds * SECOND_NS, bits=0)
        assert stage.take(flow) == [FlowMeta(name=name)]


def test_the_flows_own_name_is_not_replaced() -> None:
    stage = make_stage(
        answered(response("dns.example", SERVER)),
        Row(SampleKind.TLS, build_records(HELLO), flow_id=2, proto=6),
        Row(SampleKind.SSH, b"SSH-2.0-x\r\n", flow_id=3, proto=6),
    )
    tls, ssh = stage.take(np.concatenate([make_flow(2), make_flow(3)]))
    assert tls is not None
    assert ssh is not None
    assert (tls.name, ssh.name) == ("www.example.com", "dns.example")


def test_records_nobody_asked_for_name_nothing() -> None:
    forged = DNS(
        qr=1, qd=[DNSQR(qname="evil.example")], an=[DNSRR(rrname="bank.example", rdata=SERVER)]
    )
    void = [response("blocked.example", a) for a in ("0.0.0.0", "127.0.0.53", "::", "::1")]
    stage = make_stage(answered(bytes(forged)), *(answered(payload) for payload in void))
    assert stage.statistics().names == 0


def test_mdns_names_addresses() -> None:
    stage = make_stage(Row(SampleKind.MDNS, ONE_OF_EACH[SampleKind.MDNS]))
    assert stage.name_of(*parse_address(CLIENT)) == "tv.local"


def test_dns_over_tcp_with_two_messages() -> None:
    messages = [query("first.example"), response("first.example", SERVER)]
    stream = b"".join(struct.pack(">H", len(m)) + m for m in messages)
    stage = make_stage(Row(SampleKind.DNS, stream, proto=6))
    (meta,) = stage.take(make_flow(resp=RESOLVER))
    assert meta is not None
    assert (meta.dns_query, meta.dns_rcode) == ("first.example", "NOERROR")
    assert meta.dns_answers == (SERVER,)
    assert stage.name_of(*parse_address(SERVER)) == "first.example"


def test_a_flow_that_goes_on_keeps_its_metadata_and_copies_are_handed_out() -> None:
    rows = [Row(SampleKind.DNS, query("a.example"))]
    stage = make_stage(*rows)
    active = make_flow(resp=RESOLVER, reason=EndReason.ACTIVE)
    (before,) = stage.take(active)
    stage.absorb(make_samples(answered(response("a.example", SERVER))))
    (after,) = stage.take(active)
    assert before is not None
    assert after is not None
    assert (before.dns_rcode, after.dns_rcode) == ("", "NOERROR")
    assert stage.statistics().flows_pending == 1
    assert stage.take(make_flow(resp=RESOLVER)) == [after]
    assert stage.statistics().flows_pending == 0


def test_end_of_a_flow_forgets_its_unfinished_hello() -> None:
    records = build_records(HELLO)
    stage = make_stage(Row(SampleKind.TLS, records[:90], proto=6))
    stage.take(make_flow())
    stage.absorb(make_samples(Row(SampleKind.TLS, records[90:], seq=90, proto=6)))
    assert stage.take(make_flow()) == [None]


def test_both_ssh_banners() -> None:
    stage = make_stage(
        Row(SampleKind.SSH, b"SSH-2.0-server\r\n", from_orig=0),
        Row(SampleKind.SSH, b"SSH-2.0-client\r\n"),
    )
    (meta,) = stage.take(make_flow())
    assert meta == FlowMeta(service="ssh", ssh_client="client", ssh_server="server")


def test_decryptions_follow_the_configured_rate() -> None:
    rows = [Row(SampleKind.QUIC, ONE_OF_EACH[SampleKind.QUIC], flow_id=i + 1) for i in range(8)]
    figures = make_stage(*rows, samples_per_s=50).statistics()
    assert (figures.parsed, figures.refused) == (5, 3)


def test_disabled() -> None:
    stage = make_stage(Row(SampleKind.DNS, query("a.example")), enabled=False)
    assert stage.take(make_flow()) == [None]
    assert stage.statistics().samples == {}


def test_nothing_at_all() -> None:
    stage = MetadataStage(Metadata())
    stage.absorb(make_samples())
    assert stage.take(np.zeros(0, FLOW_DTYPE)) == []
    assert stage.take(make_flow(bits=0)) == [None]
    assert stage.facts() == []


@pytest.mark.slow
def test_a_hundred_thousand_samples_in_one_call() -> None:
    payloads = list(ONE_OF_EACH.items())
    one = make_samples(*(Row(kind, payload, proto=6) for kind, payload in payloads))
    count = 100_000 // len(payloads) + 1
    headers = np.tile(one.headers, count)
    headers["flow_id"] = np.arange(len(headers)) + 1
    stage = MetadataStage(Metadata(names=256))
    stage.absorb(Samples(headers, one.data))
    figures = stage.statistics()
    assert sum(figures.samples.values()) == len(headers) >= 100_000
    assert figures.flows_pending <= 65_536
    assert figures.flows_evicted > 0
    assert figures.refused > 0


def test_same_samples_same_results() -> None:
    rows = [Row(kind, payload, flow_id=i) for i, (kind, payload) in enumerate(ONE_OF_EACH.items())]
    rows.append(answered(response("a.example", SERVER)))
    flows = np.concatenate([make_flow(i) for i in range(len(rows))])
    first, second = (make_stage(*rows) for _ in range(2))
    assert first.take(flows) == second.take(flows)
    assert first.facts() == second.facts()
    assert first.statistics() == second.statistics()
