from appliance.cases.evidence import MAX_HELD, Case, Device, Devices, Held, locate
from appliance.model.alert import Signal
from tests.support.signals import DAY, HOUR, NOON, address, scan, signal

DEVICE = Device("192.168.1.5", inside=True)
CASE = Case(DEVICE, ("port_scan", ""))


def hold(one: Signal, device: Device = DEVICE) -> Held:
    held = Held(locate(one, 0), one, one.weight, CASE)
    device.held[held.place] = held
    return held


def test_the_strongest_stays_as_it_decays() -> None:
    held = hold(scan(weight=3.2))
    weaker = scan(weight=2.0, at_s=NOON + HOUR)
    held.renew(weaker, weaker.weight, NOON)
    assert held.signal.weight == 3.2
    later = scan(weight=2.0, at_s=NOON + 2 * HOUR)  # the first is worth 1.6 by now
    held.renew(later, later.weight, NOON)
    assert held.signal is later
    assert held.first_s == NOON - 600
    assert held.last_s == NOON + 2 * HOUR


def test_a_beacon_is_measured_anew() -> None:
    held = hold(signal(weight=3.2))
    weaker = signal(weight=2.0, at_s=NOON + 60)
    held.renew(weaker, weaker.weight, NOON)
    assert held.weigh(NOON + 60) == 2.0


def test_counts_go_on_over_episodes() -> None:
    held = hold(scan(count=100))
    for count, at_s in ((200, 10.0), (400, 20.0)):
        held.renew(scan(count=count, first_s=NOON - 600, at_s=NOON + at_s), 3.0, NOON)
    assert held.count == 400
    again = scan(count=30, at_s=NOON + HOUR)  # begins after the last one ended
    held.renew(again, 3.0, NOON)
    assert held.count == 430
    restarted = scan(count=5, first_s=NOON, at_s=NOON + HOUR)  # its counter began anew
    held.renew(restarted, 3.0, NOON)
    assert held.count == 435


def test_each_rule_peer_and_mute_has_its_place() -> None:
    places = {
        locate(scan(), 0),
        locate(scan(), 3),
        locate(scan(rule="stealth"), 0),
        locate(scan(peer="10.0.0.10"), 0),
        locate(scan(peer=None), 0),
    }
    assert len(places) == 5
    assert address("10.0.0.9") is address("10.0.0.9")


def test_a_full_device_drops_its_weakest() -> None:
    device = Device("x", inside=True)
    for n in range(MAX_HELD):
        hold(scan(peer=f"10.0.1.{n}", weight=1.0 if n == 7 else 3.0), device)
        assert (n + 1 < MAX_HELD) or device.make_room(NOON)
    assert len(device.held) == MAX_HELD - 1
    assert locate(scan(peer="10.0.1.7"), 0) not in device.held
    assert not device.make_room(NOON)


def test_a_flood_of_strangers_pushes_out_none_of_ours() -> None:
    devices = Devices(inside=3, outside=5)
    devices.touch("ours", inside=True)
    gone = [devices.touch(f"stranger {n}", inside=False)[1] for n in range(1_000)]
    assert len(devices) == 6
    assert sum(one is not None for one in gone) == 995
    assert devices.touch("ours", inside=True)[1] is None
    assert gone[5] is not None
    assert gone[5].key == "stranger 0"


def test_the_longest_silent_gives_way() -> None:
    devices = Devices(inside=2)
    for key in ("a", "b", "a", "c"):
        _, gone = devices.touch(key, inside=True)
    assert gone is not None
    assert gone.key == "b"


def test_idle_devices_are_found_and_forgotten() -> None:
    devices = Devices()
    for n, key in enumerate(("a", "b", "c")):
        devices.touch(key, inside=True)[0].last_s = n * DAY
    assert [device.key for device in devices.iter_idle(1.5 * DAY)] == ["a", "b"]
    devices.forget(next(iter(devices)))
    assert [device.key for device in devices] == ["b", "c"]


def test_a_case_remembers_what_it_heard() -> None:
    case = Case(DEVICE, ("port_scan", ""))
    case.hear(3.0, hold(signal()), ())
    case.hear(2.0, hold(scan()), ())
    assert case.peak == 3.0
    assert case.families == {"beacon", "fanout"}
    assert not case.is_open
    assert case.half_life_s == 7_200.0
