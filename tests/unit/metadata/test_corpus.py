"""Real captures: what we read against what tshark reads, and published JA4 values."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from appliance.config.schema import Metadata
from appliance.metadata.dns import AAAA, CNAME, PTR, A, parse_message
from appliance.metadata.stage import MetadataStage
from appliance.model.flow import FLOW_DTYPE, FLOW_SAMPLED
from appliance.model.meta import FlowMeta
from appliance.model.sample import SampleKind
from tests.support.samples import make_samples, read_rows

FRAMES = 1_000

pytestmark = [pytest.mark.corpus, pytest.mark.slow]
needs_tshark = pytest.mark.skipif(not shutil.which("tshark"), reason="no tshark")


def read_metas(path: Path) -> list[FlowMeta]:
    rows, keys = read_rows(path, FRAMES)
    stage = MetadataStage(Metadata(samples_per_s=100_000))
    stage.absorb(make_samples(*rows))
    flows = np.zeros(len(keys.ids), FLOW_DTYPE)
    flows["id"] = list(keys.ids.values())
    flows["bits"] = FLOW_SAMPLED
    flows["reason"] = 1
    return [meta for meta in stage.take(flows) if meta is not None]


def ask_tshark(path: Path, display_filter: str, *fields: str) -> list[set[str]]:
    """Return the different values of each field in the first FRAMES frames."""
    command = ["tshark", "-r", str(path), "-c", str(FRAMES), "-Y", display_filter, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    columns: list[set[str]] = [set() for _ in fields]
    for line in out.splitlines():
        for column, cell in zip(columns, line.split("\t"), strict=False):
            column.update(value.lower() for value in cell.split(",") if value)
    return columns


DNS_FILES = [
    "ndpi/dns_ambiguous_names.pcap",
    "ndpi/dns_long_domainname.pcap",
    "ndpi/dns_exfiltration.pcap",
    "zeek/dns-https.pcap",
    "zeek/dns-two-responses.pcap",
    "zeek/dns__max-compression-depth.pcap",
    "zeek/dns__long-connection.pcap",
    "zeek/dns__dns_extended_rcode.pcap",
    "suricata-verify/dns__dns-udp-eve-log-srv__input.pcap",
    "suricata-verify/dns__dns-tcp-www-google-com__dns.pcap",
    "ndpi/dns.pcap",
]


@needs_tshark
@pytest.mark.parametrize("name", DNS_FILES)
def test_dns_agrees_with_tshark(name: str, corpus: Path) -> None:
    path = corpus / "pcap" / name
    ours: list[set[str]] = [set() for _ in range(5)]
    columns = {A: 1, AAAA: 2, CNAME: 3, PTR: 4}
    for row in read_rows(path, FRAMES)[0]:
        if row.kind is SampleKind.DNS:
            message = parse_message(row.payload[2:] if row.proto == 6 else row.payload)
            assert message is not None
            ours[0] |= {message.name} - {"", "."}
            for record in message.records:
                if record.type in columns:
                    ours[columns[record.type]].add(record.value)
    fields = ("dns.qry.name", "dns.a", "dns.aaaa", "dns.cname", "dns.ptr.domain_name")
    theirs = ask_tshark(path, "dns && (udp.port == 53 || tcp.port == 53) && !icmp", *fields)
    theirs[0] -= {"<root>"}
    assert ours[0]
    assert ours[0] == theirs[0]
    # tshark lists the records of all sections; we keep the first sixteen answers
    for mine, all_of_them in zip(ours[1:], theirs[1:], strict=True):
        assert mine <= all_of_them


HELLO_FILES = [
    "ndpi/tls_2_reasms.pcapng",
    "ndpi/tls_ech.pcapng",
    "ndpi/tls_esni_sni_both.pcap",
    "ndpi/dns_doh.pcap",
    "zeek/tls__chrome-1250-tls-x25519-kyber.pcap",
    "zeek/tls__tls13-ech.pcap",
    "suricata-verify/tls__tls-client-hello-frag-01__dump_mtu300.pcap",
    "suricata-verify/ja4-tls-quic__input.pcap",
    "ndpi/quic-29.pcap",
    "ndpi/quic-v2.pcapng",
    "ndpi/quic-23.pcap",
    "ndpi/quic_0RTT.pcap",
    "ndpi/quic_frags_different_dcid.pcapng",
    "zeek/quic__chromium-115.0.5790.110-api-cirrus-com.pcap",
    "zeek/quic__quic-multiple-initial-fragmented-crypto.pcap",
    "suricata-verify/quic-frag__input.pcap",
    "suricata-verify/quic-frag-unordered__input.pcap",
    "suricata-verify/quic-retry__input.pcap",
]


@needs_tshark
@pytest.mark.parametrize("name", HELLO_FILES)
def test_server_names_agree_with_tshark(name: str, corpus: Path) -> None:
    path = corpus / "pcap" / name
    ours = {meta.sni for meta in read_metas(path) if meta.sni}
    (theirs,) = ask_tshark(path, "tls.handshake.type == 1", "tls.handshake.extensions_server_name")
    assert ours == theirs
    assert ours


HTTP_FILES = [
    "zeek/http__proxy.pcap",
    "zeek/http__basic-auth-with-colon.pcap",
    "ndpi/http_auth.pcap",
    "ndpi/http_connect.pcap",
]


@needs_tshark
@pytest.mark.parametrize("name", HTTP_FILES)
def test_hosts_agree_with_tshark(name: str, corpus: Path) -> None:
    """Only the first request of a flow is kept."""
    path = corpus / "pcap" / name
    metas = [meta for meta in read_metas(path) if meta.service == "http"]
    hosts, methods = ask_tshark(path, "http.request && tcp", "http.host", "http.request.method")
    assert metas
    assert {meta.http_host for meta in metas if meta.http_host} == hosts
    assert {meta.http_method.lower() for meta in metas} <= methods


@pytest.mark.parametrize(
    ("name", "fingerprints"),
    [
        (
            "suricata-verify/ja4-tls-quic__input.pcap",
            {"t13d1516h2_8daaf6152771_e5627efa2ab1", "q13d0310h3_55b375c5d22e_cd85d2d88918"},
        ),
        ("suricata-verify/ja4-tls__input.pcap", {"t12i1810s1_27d4652c4487_06a4338d0495"}),
        ("suricata-verify/ja4-quic__input.pcap", {"q13d0310h3_55b375c5d22e_cd85d2d88918"}),
        ("ndpi/quic-v2.pcapng", {"q13d0310h3_55b375c5d22e_0a3b52e28cea"}),
        ("ndpi/quic_frags_ch_in_multiple_packets.pcapng", {"q00i0307h4_55b375c5d22e_af0a630e9e67"}),
        ("ndpi/tls_2_reasms.pcapng", {"t00d0309h2_55b375c5d22e_566d5108064c"}),
        ("ndpi/dns_doh.pcap", {"t13d1814h2_29a2cd9e9f10_d267a5f792d4"}),
    ],
)
def test_published_fingerprints(name: str, fingerprints: set[str], corpus: Path) -> None:
    """Values that Suricata and nDPI publish for these captures."""
    assert {meta.ja4 for meta in read_metas(corpus / "pcap" / name) if meta.ja4} == fingerprints


def test_devices_of_real_networks(corpus: Path) -> None:
    hostnames = set()
    for name in ("zeek/dns__mdns.pcap", "ndpi/netbios.pcap"):
        stage = MetadataStage(Metadata())
        stage.absorb(make_samples(*read_rows(corpus / "pcap" / name, FRAMES)[0]))
        hostnames |= {fact.hostname for fact in stage.facts() if fact.mac}
    assert hostnames == {"johanna-qemu-virtual-machine", "GURU", "GUNNAR"}
