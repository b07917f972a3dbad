import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from appliance.config.schema import Learn
from appliance.detect.devices import ADDRESSES, DEVICES, Devices
from appliance.detect.weights import Weights
from appliance.model.address import parse_address
from appliance.model.alert import Signal
from appliance.model.contact import HOST_DTYPE
from appliance.model.meta import DeviceFact
from tests.support.fans import T0, Addresses

DAY = 86_400.0
MAC, PHONE, PHONE_AGAIN = 0x000C29000005, 0x020000000007, 0x020000000008


def make_devices(learning_s: float = DAY) -> Devices:
    learn = Learn(learning_s=learning_s)
    return Devices(Weights(), learn, Addresses().resolve, lambda mac: "Acme" if mac == MAC else "")


def fact(mac: int, address: str, at_s: float, hostname: str = "") -> DeviceFact:
    hi, lo = parse_address(address) if address else (0, 0)
    return DeviceFact(
        ts_ns=int((T0 + at_s) * 1e9), mac=mac, addr_hi=hi, addr_lo=lo, hostname=hostname
    )


def hosts(*rows: tuple[str, int, float], inside: int = 1) -> NDArray[np.void]:
    table = np.zeros(len(rows), HOST_DTYPE)
    for row, (address, mac, at_s) in zip(table, rows, strict=True):
        row["hi"], row["lo"] = parse_address(address)
        row["mac"], row["last_s"], row["inside"], row["live"] = mac, T0 + at_s, inside, 1
    return table


def watch(devices: Devices, until_s: float, since_s: float = 0.0) -> None:
    """Let time pass in which the machine at 10.0.0.5 is heard of twice an hour."""
    for at_s in np.arange(since_s, until_s, 1_800.0).tolist():
        assert devices.observe([fact(MAC, "10.0.0.5", at_s)]) == []


def rules(signals: list[Signal]) -> list[str]:
    return [signal.host.ip for signal in signals]


def test_nothing_is_new_while_learning() -> None:
    devices = make_devices()
    watch(devices, DAY)
    assert devices.observe([fact(MAC + 1, "10.0.0.6", DAY - 1)]) == []
    (signal,) = devices.observe([fact(MAC + 2, "10.0.0.7", DAY + 1)])
    assert (signal.kind, signal.host.ip) == ("new_device", "10.0.0.7")
    assert signal.weight < 2.3
    assert devices.observe([fact(MAC + 2, "10.0.0.7", DAY + 2)]) == []


def test_time_nobody_watched_teaches_nothing() -> None:
    devices = make_devices()
    watch(devices, DAY / 2)
    watch(devices, 3 * DAY, since_s=2.6 * DAY)  # the sensor was off for two days
    assert devices.observe([fact(MAC + 1, "10.0.0.6", 3 * DAY)]) == []
    watch(devices, 3.2 * DAY, since_s=3 * DAY)
    assert rules(devices.observe([fact(MAC + 2, "10.0.0.7", 3.2 * DAY)])) == ["10.0.0.7"]


def test_what_it_says() -> None:
    (signal,) = make_devices(0).observe([fact(MAC, "10.0.0.5", 9, "laptop")])
    assert signal.sentence == (
        'was seen for the first time: MAC 00:0c:29:00:00:05 (Acme) calling itself "laptop"'
    )


def test_flows_alone_show_devices() -> None:
    devices = make_devices(0)
    table = hosts(("10.0.0.5", MAC, 1), ("10.0.0.6", MAC + 1, 1))
    assert rules(devices.refresh(table, T0 + 2)) == ["10.0.0.5", "10.0.0.6"]
    assert devices.refresh(table, T0 + 2.5) == []  # once a second
    assert devices.refresh(table, T0 + 9) == []
    assert devices.refresh(hosts(("203.0.113.5", MAC + 2, 9), inside=0), T0 + 11) == []


def test_a_phone_with_another_made_up_address_is_known_by_its_name() -> None:
    devices = make_devices(10.0)
    devices.observe([fact(PHONE, "10.0.0.7", 0, "pixel")])
    assert devices.observe([fact(PHONE_AGAIN, "10.0.0.8", 99)]) == []  # its name is waited for
    assert devices.observe([fact(PHONE_AGAIN, "", 100, "Pixel")]) == []
    keys = {devices.device_of(*parse_address(text)) for text in ("10.0.0.7", "10.0.0.8")}
    assert keys == {"name:pixel"}


def test_a_made_up_address_without_a_name_is_told_of_after_a_minute() -> None:
    devices = make_devices(0)
    table = hosts(("10.0.0.7", PHONE, 0))
    assert devices.refresh(table, T0) == []
    assert devices.statistics().waiting == 1
    assert rules(devices.refresh(table, T0 + 61)) == ["10.0.0.7"]
    assert devices.statistics().waiting == 0


def test_addresses_of_one_machine_are_joined() -> None:
    devices = make_devices()
    devices.observe([fact(MAC, "10.0.0.5", 0, "desk"), fact(MAC, "fd00::5", 1)])
    for text in ("10.0.0.5", "fd00::5"):
        assert devices.device_of(*parse_address(text)) == "00:0c:29:00:00:05"
        assert devices.name_of(*parse_address(text)) == "desk"
    assert devices.address_of(MAC) == parse_address("10.0.0.5")


def test_a_router_stands_for_others() -> None:
    devices = make_devices()
    devices.observe([fact(MAC, f"10.0.{n}.5", n) for n in range(4)])
    assert devices.is_router(MAC)
    assert devices.device_of(*parse_address("10.0.2.5")) == "10.0.2.5"
    assert devices.name_of(*parse_address("10.0.2.5")) == ""


def test_leases_one_after_the_other_make_no_router() -> None:
    devices = make_devices()
    devices.observe([fact(MAC, f"10.0.0.{n + 5}", n * 7_200.0) for n in range(6)])
    assert not devices.is_router(MAC)
    assert devices.address_of(MAC) == parse_address("10.0.0.10")


def test_unknown_addresses_are_their_own_key() -> None:
    assert make_devices().device_of(*parse_address("10.0.0.5")) == "10.0.0.5"
    assert make_devices().address_of(MAC) is None


def test_state_outlives_the_process() -> None:
    before = make_devices()
    before.observe([fact(MAC, "10.0.0.5", 0, "desk"), fact(PHONE, "10.0.0.7", 0, "pixel")])
    watch(before, DAY)
    after = make_devices()
    after.load(before.save())
    watch(after, 1.1 * DAY, since_s=DAY)
    assert after.name_of(*parse_address("10.0.0.5")) == "desk"
    assert rules(after.observe([fact(MAC + 9, "10.0.0.9", 2 * DAY)])) == ["10.0.0.9"]
    assert after.save() != before.save()
    after.load(b"")


@pytest.mark.parametrize("state", [b"\x00", b"\x93\x01\x02\x03", b"{}"])
def test_damaged_state(state: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        make_devices().load(state)


def test_forged_addresses_are_bounded() -> None:
    devices = make_devices()
    for start in range(0, 17_000, 1_000):
        facts = [
            DeviceFact(ts_ns=int(T0 * 1e9), mac=0x000C29000000 + n, addr_lo=0xFFFF0A000000 + n)
            for n in range(start, start + 1_000)
        ]
        devices.observe(facts)
    figures = devices.statistics()
    assert (figures.devices, figures.addresses) == (DEVICES, ADDRESSES)
    assert figures.evicted == 34_000 - DEVICES - ADDRESSES
