"""Devices: which facts win, when rows are written, and bounds."""

import apsw
import pytest

from appliance.model.meta import DeviceFact
from appliance.store import devices as module
from appliance.store.devices import SAVE_S, Devices
from appliance.store.names import load_names
from appliance.store.schema import MAIN, migrate

IP = {"addr_hi": 0, "addr_lo": 0xFFFF0A000005}
PACKED = b"\x0a\0\0\x05"


@pytest.fixture
def connection():
    made = apsw.Connection(":memory:")
    migrate(made, MAIN, "main.db")
    yield made
    made.close()


def fact(second, mac=0x020000000001, **fields):
    return DeviceFact(ts_ns=second * 10**9, mac=mac, **fields)


def save(devices, connection):
    count = len(devices._due)
    devices.insert(connection)
    devices.settle()
    return count


def vendor(mac):
    return f"maker {mac:x}"


def test_names_rank_dhcp_mdns_nbns(connection):
    devices = Devices(connection)
    for source, expected in (("nbns", "n"), ("mdns", "m"), ("dhcp", "d"), ("nbns", "d")):
        devices.learn([fact(1, **IP, source=source, hostname=source[0])], vendor)
        save(devices, connection)
        found = load_names(connection)[PACKED]
        assert (found.name, found.vendor) == (expected, "maker 20000000001")


def test_the_newest_fact_wins_and_an_older_one_fills_gaps(connection):
    devices = Devices(connection)
    facts = [
        fact(100, **IP, source="dhcp", hostname="new"),
        fact(50, **IP, source="dhcp", hostname="old", vendor_class="MSFT 5.0"),
        fact(60, **IP, source="dhcp", fingerprint="1,3,6", vendor_class="late"),
    ]
    devices.learn(facts, vendor)
    save(devices, connection)
    (row,) = connection.execute("SELECT * FROM device")
    assert row[2:] == ("new", "", "", "maker 20000000001", "MSFT 5.0", "1,3,6", 50, 100)


def test_a_name_without_address_is_found_by_mac(connection):
    """DHCP says a name before there is an address; ARP then says who has the address."""
    devices = Devices(connection)
    devices.learn([fact(1, source="dhcp", hostname="printer")], vendor)
    devices.learn([fact(2, **IP, source="arp"), fact(2, 9, addr_lo=1, source="arp")], vendor)
    save(devices, connection)
    names = load_names(connection)
    assert names[PACKED].name == "printer"
    assert [device.name for device in names.values()].count("printer") == 1


def test_repeated_facts_are_not_written_each_time(connection):
    """A busy network repeats ARP all day: the disk must not hear of it."""
    devices = Devices(connection)
    written = 0
    for second in range(0, 3 * SAVE_S, 5):
        devices.learn([fact(second, **IP, source="arp")], vendor)
        written += save(devices, connection)
    assert written == 3


def test_devices_are_known_again_after_a_restart(connection):
    devices = Devices(connection)
    devices.learn([fact(1, **IP, source="mdns", hostname="tv")], vendor)
    save(devices, connection)
    again = Devices(connection)
    again.learn([fact(2, **IP, source="arp")], lambda mac: pytest.fail("asked twice"))
    assert not again.waiting
    again.touch()
    assert save(again, connection) == 1
    assert load_names(connection)[PACKED].name == "tv"


def test_a_flood_of_forged_macs_plateaus_and_known_devices_still_learn(connection, monkeypatch):
    monkeypatch.setattr(module, "MAX_DEVICES", 50)
    devices = Devices(connection)
    devices.learn([fact(1, **IP, source="arp")], vendor)
    devices.learn([fact(2, mac, **IP, source="arp") for mac in range(1_000)], vendor)
    assert devices.refused == 951
    devices.learn([fact(3, **IP, source="dhcp", hostname="laptop")], vendor)
    assert save(devices, connection) == 50
    assert connection.execute("SELECT count(*) FROM device WHERE dhcp = 'laptop'").get == 1


def test_room_is_made_only_when_it_is_scarce(connection, monkeypatch):
    monkeypatch.setattr(module, "MAX_DEVICES", 10)
    devices = Devices(connection)
    devices.learn([fact(mac, mac, source="arp") for mac in range(4)], vendor)
    save(devices, connection)
    devices.forget(100, connection)
    assert connection.execute("SELECT count(*) FROM device").get == 4
    devices.learn([fact(mac, mac, source="arp") for mac in range(4, 8)], vendor)
    save(devices, connection)
    devices.forget(5, connection)
    assert [row[0] for row in connection.execute("SELECT mac FROM device")] == [5, 6, 7]
    assert len(devices._devices) == 3
