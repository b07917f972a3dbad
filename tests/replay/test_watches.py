"""Attack captures through the flow table and metadata: DNS, ICMP, ARP, DHCP speak for themselves.

Benign captures of the same protocols stay quiet.
"""

from pathlib import Path

import pytest

from appliance.config.schema import Config, Learn
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from tests.support.fans import Addresses

pytestmark = [pytest.mark.corpus, pytest.mark.slow, pytest.mark.timeout(300)]

LOW = 2.3


def observe(path: Path) -> list[Signal]:
    """Return what the watches say about a capture, that would be an alert on its own."""
    from appliance.capture.files import open_file  # noqa: PLC0415 - loads kernels
    from appliance.detect.arp import ArpWatch  # noqa: PLC0415
    from appliance.detect.devices import Devices  # noqa: PLC0415
    from appliance.detect.dhcp import DhcpWatch  # noqa: PLC0415
    from appliance.detect.dns import DnsWatch  # noqa: PLC0415
    from appliance.detect.dnsflows import DnsFlows  # noqa: PLC0415
    from appliance.detect.icmp import IcmpWatch  # noqa: PLC0415
    from appliance.enrich.networks import HomeNetworks  # noqa: PLC0415
    from appliance.flows.table import FlowTable  # noqa: PLC0415
    from appliance.metadata.stage import MetadataStage  # noqa: PLC0415

    config, weights, resolve = Config(), Weights(), Addresses().resolve
    devices = Devices(weights, Learn(), resolve, lambda _: "")
    watches = (
        DnsWatch(weights, resolve),
        ArpWatch(weights, resolve, devices.is_router, devices.addresses_of),
        DhcpWatch(weights, resolve, devices.address_of),
    )
    judges = DnsFlows(weights, resolve), IcmpWatch(weights, resolve)
    metadata = MetadataStage(config.metadata)
    table = FlowTable(config.flows, HomeNetworks(()).array(), samples_per_s=200)
    source = open_file(str(path))
    outputs = [out for block in source.blocks() for out in (*table.absorb(block), table.drain())]
    found: list[Signal] = []
    for output in (*outputs, *table.flush()):
        metadata.absorb(output.samples)
        devices.observe(metadata.facts())
        items = metadata.observations()
        for watch in watches:
            found += watch.observe(items)
        for judge in judges:
            found += judge.observe(output.flows)
    source.close()
    return [signal for signal in found if min(signal.weight, signal.solo_limit) >= LOW]


@pytest.mark.parametrize(
    ("name", "kind", "host"),
    [
        ("ndpi-dns-tunnel-iodine.pcap", "dns_tunnel", "10.0.2.30"),
        ("ndpi-dns_exfiltration.pcap", "dns_tunnel", "192.168.220.56"),
        ("ndpi-icmp-tunnel.pcap", "icmp_tunnel", "192.168.154.131"),
        ("sanders-arppoison.pcapng", "arp_spoof", "172.16.0.105"),
        ("slips-test8-arp-scan.pcap", "host_sweep", "192.168.1.247"),
        ("sv-dhcp-request-flood.pcap", "dhcp_flood", "0.0.0.0"),
    ],
)
def test_attacks(corpus: Path, name: str, kind: str, host: str) -> None:
    signals = observe(corpus / "pcap" / "attack" / name)
    assert {(signal.kind, signal.host.ip) for signal in signals} == {(kind, host)}


@pytest.mark.parametrize("pattern", ["ndpi/dns*", "ndpi/dhcp*", "zeek/dns*", "zeek/*arp*"])
def test_benign_captures_are_quiet(corpus: Path, pattern: str) -> None:
    tunnels = {"dns-tunnel-iodine.pcap", "dns2tcp_tunnel.pcap", "dns_exfiltration.pcap"}
    files = sorted(set((corpus / "pcap").glob(pattern)))
    files = [path for path in files if path.name not in tunnels]
    assert files
    assert [(path.name, s.sentence) for path in files[:40] for s in observe(path)] == []
