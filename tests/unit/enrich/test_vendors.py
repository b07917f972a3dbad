import pytest

from appliance.enrich.vendors import RANDOMISED, Vendors, describe_mac


@pytest.fixture(scope="module")
def vendors(packed_folder):
    return Vendors(packed_folder / "vendors.bin")


@pytest.mark.parametrize(
    ("mac", "vendor"),
    [
        (0x001B21000000, "Intel Corporate"),
        (0x001B21FFFFFF, "Intel Corporate"),
        (0x001B20FFFFFF, ""),
        (0x001B22000000, ""),
        (0x8C1F641FFFFF, "Acme Medium"),
        (0x8C1F642FFFFF, ""),
        (0x70B3D5001FFF, "Acme Small"),  # smallest block wins, name made printable
        (0x70B3D5002000, ""),  # the registry itself made no card
        (0xAA0004000401, "DEC"),  # registered although the local bit is set
        (0x525400123456, "QEMU/KVM"),
        (0x0242AC110002, "Docker"),
        (0x3A5B6C7D8E9F, RANDOMISED),
        (0xFFFFFFFFFFFF, ""),
        (0x01005E0000FB, ""),
        (0x333300000001, ""),
        (0, ""),
    ],
)
def test_vendor(vendors, mac, vendor):
    assert describe_mac(mac, vendors) == vendor


def test_without_the_registry_only_made_up_addresses_are_told():
    assert describe_mac(0x001B21000000, None) == ""
    assert describe_mac(0x3A5B6C7D8E9F, None) == RANDOMISED


def test_every_block_is_found(data_format, tmp_path):
    registry = {f"{i * 37:06X}": f"Vendor {i}" for i in range(300)}
    registry |= {f"F0{i * 11:05X}": f"Medium {i}" for i in range(50)}
    registry |= {f"FC{i * 13:07X}": f"Small {i}" for i in range(50)}
    path = tmp_path / "vendors.bin"
    data_format.write_packed(path, data_format.pack_vendors(registry))
    vendors = Vendors(path)
    for prefix, name in registry.items():
        assert vendors.vendor_of(int(prefix.ljust(12, "5"), 16)) == name
