"""The one table of detection's constants: a group for each rule, every value a named float.

Each group stands in the module of its area (weights_pairs, ...) with the origin of every value.
Weights are in half decisions: a signal of 2.3 is worth a low alert, one of 3.6 a high one.
"""

from collections.abc import Iterable

import msgspec

from appliance.detect import weights_fans as fans
from appliance.detect import weights_watch as watch
from appliance.detect.weightgroup import override


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """All groups. A constant is named "group.constant", as in `detect.weights`."""

    fanout: fans.FanoutWeights = fans.FanoutWeights()
    vertical_scan: fans.VerticalScanWeights = fans.VerticalScanWeights()
    sweep: fans.SweepWeights = fans.SweepWeights()
    web_fanout: fans.WebFanoutWeights = fans.WebFanoutWeights()
    block_scan: fans.BlockScanWeights = fans.BlockScanWeights()
    icmp_sweep: fans.IcmpSweepWeights = fans.IcmpSweepWeights()
    protocol_scan: fans.ProtocolScanWeights = fans.ProtocolScanWeights()
    stealth_scan: fans.StealthScanWeights = fans.StealthScanWeights()
    spoofed_flood: fans.SpoofedFloodWeights = fans.SpoofedFloodWeights()
    lateral: fans.LateralWeights = fans.LateralWeights()
    dga: watch.DgaWeights = watch.DgaWeights()
    dns_tunnel: watch.DnsTunnelWeights = watch.DnsTunnelWeights()
    dns_burst: watch.DnsBurstWeights = watch.DnsBurstWeights()
    dns_flow_tunnel: watch.DnsFlowTunnelWeights = watch.DnsFlowTunnelWeights()
    icmp_tunnel: watch.IcmpTunnelWeights = watch.IcmpTunnelWeights()
    arp_spoof: watch.ArpSpoofWeights = watch.ArpSpoofWeights()
    arp_scan: watch.ArpScanWeights = watch.ArpScanWeights()
    dhcp_flood: watch.DhcpFloodWeights = watch.DhcpFloodWeights()
    dhcp_scan: watch.DhcpScanWeights = watch.DhcpScanWeights()
    new_device: watch.NewDeviceWeights = watch.NewDeviceWeights()
    intel: watch.IntelWeights = watch.IntelWeights()


def load_weights(changes: Iterable[str] = ()) -> Weights:
    """Return the table with `detect.weights` applied; ConfigError names what cannot be used."""
    return override(Weights(), changes)
