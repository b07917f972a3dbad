"""The attacks of the demonstration."""

from itertools import islice, pairwise

from appliance.demo.conversation import S_NS
from appliance.demo.devices import DEVICES
from appliance.simulate.trouble import ROUND_S, start_trouble


def test_they_begin_within_two_minutes_and_in_order() -> None:
    for talks in start_trouble(1):
        starts = [talk.start_ns for talk in islice(talks, 400)]
        assert 25 * S_NS <= starts[0] <= 110 * S_NS
        assert all(before <= after for before, after in pairwise(starts))


def test_they_come_from_devices_of_the_house() -> None:
    known = {device.ip for device in DEVICES}
    assert all(next(talks).orig.ip in known for talks in start_trouble(1))


def test_they_come_again_in_the_next_round() -> None:
    scan = start_trouble(1)[0]
    starts = [talk.start_ns / S_NS for talk in islice(scan, 300)]
    assert starts[0] + ROUND_S in starts


def test_the_same_seed_plays_the_same() -> None:
    first, second = (next(start_trouble(7)[0]) for _ in range(2))
    assert first == second
    assert next(start_trouble(8)[0]) != first
