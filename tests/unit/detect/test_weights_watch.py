from appliance.detect.weights import Weights


def test_hints_stay_below_any_alert() -> None:
    weights = Weights()
    assert weights.dns_burst.solo < 2.3
    assert weights.new_device.weight < 2.3
    assert weights.icmp_tunnel.weight + weights.icmp_tunnel.mirrored < 2.3
    assert weights.arp_scan.weight + weights.arp_scan.most + weights.arp_scan.router < 2.3
    assert weights.intel.address + weights.intel.vendor < 2.3
    assert weights.intel.address + weights.intel.inbound < 2.3


def test_an_address_claimed_twice_is_no_alert_without_a_second_reason() -> None:
    spoof = Weights().arp_spoof
    assert spoof.conflict < spoof.keep
    assert spoof.conflict + spoof.gateway < spoof.keep
