"""What a port number says to the kernels."""

import pytest

from appliance.flows.ports import port_table
from appliance.model.sample import SampleKind


def test_well_known_and_registered_services_are_known() -> None:
    table = port_table()
    assert table.shape == (65_536,)
    assert not table[0]
    assert (table[1:1_024] & 1).all()
    assert (table[[3_306, 3_389, 5_432, 8_080, 8_443]] & 1).all()
    assert not (table[[1_024, 33_000, 40_000, 55_000, 65_535]] & 1).any()
    assert (table[32_768:] & 1).sum() < 10  # where clients take their ports from


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        (53, SampleKind.DNS), (5353, SampleKind.MDNS), (5355, SampleKind.LLMNR),
        (137, SampleKind.NBNS), (67, SampleKind.DHCP), (68, SampleKind.DHCP),
        (546, SampleKind.DHCPV6), (547, SampleKind.DHCPV6), (1900, SampleKind.SSDP),
    ],
)  # fmt: skip
def test_ports_whose_datagrams_metadata_wants(port: int, kind: SampleKind) -> None:
    assert port_table()[port] == kind << 1 | 1


def test_all_others_want_nothing() -> None:
    assert ((port_table() >> 1) != 0).sum() == 9
