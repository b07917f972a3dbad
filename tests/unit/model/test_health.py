"""The sensor's own figures: what is served must be plain numbers and texts."""

import msgspec

from appliance.model.flow import Direction
from appliance.model.health import TRAFFIC_DTYPE, Health, Tick


def test_traffic_has_a_column_for_every_direction() -> None:
    assert TRAFFIC_DTYPE["packets"].shape == TRAFFIC_DTYPE["bytes"].shape == (len(Direction),)
    assert TRAFFIC_DTYPE.itemsize % 8 == 0


def test_health_and_ticks_survive_json() -> None:
    for value in (Health(rejected={"arp": 3}, reasons=["why"]), Tick(ts=1.5, packets=2)):
        text = msgspec.json.encode(value)
        assert msgspec.json.decode(text, type=type(value)) == value


def test_defaults_are_not_shared() -> None:
    one, other = Health(), Health()
    one.rejected["arp"] = 1
    one.reasons.append("why")
    assert (other.rejected, other.reasons) == ({}, [])
