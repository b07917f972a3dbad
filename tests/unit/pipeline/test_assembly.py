"""Detection goes on where the store left off."""

import logging
import struct

import pytest

from appliance.config.schema import Config, Detect
from appliance.detect.habits import DAY_S
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.errors import ConfigError
from appliance.model.alert import Mute
from appliance.model.memory import Habit, OpenCases
from appliance.model.meta import DeviceFact
from appliance.pipeline.assembly import Parts, make_detection, save_memory
from appliance.pipeline.memory import DEVICES, LEARNING
from tests.support.flowbatches import T0_S

PARTS = Parts(Enricher(Config().geoip, HomeNetworks(())), lambda _hi, _lo: "")


class Store:
    """What a store's writer remembers, in memory."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.cases = OpenCases([], [], [], 0, 0)

    def write_habits(self, habits: list[Habit]) -> None:
        raise AssertionError(habits)

    def load_habits(self) -> list[Habit]:
        return []

    def write_state(self, name: str, value: bytes) -> None:
        self.states[name] = value

    def load_state(self, name: str) -> bytes | None:
        return self.states.get(name)

    def load_open(self) -> OpenCases:
        return self.cases


def test_devices_and_the_start_of_learning_outlive_the_process() -> None:
    store = Store()
    first = make_detection(Config(), PARTS, memory=store)
    fact = DeviceFact(ts_ns=int(T0_S * 1e9), mac=0x3413E8A27D05, addr_lo=0xFFFF_C0A80105,
                      source="dhcp", hostname="anna")  # fmt: skip
    first.detector.learn_devices([fact])
    first.casebook.restore([], [], [], T0_S - DAY_S)
    save_memory(first, store)
    again = make_detection(Config(), PARTS, memory=store)
    assert again.detector.devices.name_of(0, 0xFFFF_C0A80105) == "anna"
    assert again.casebook.learning_since == T0_S - DAY_S


@pytest.mark.parametrize("state", [b"", b"not a state", b"\xff" * 40])
def test_a_state_that_cannot_be_read_is_learnt_anew(
    state: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    store.states = {DEVICES: state, LEARNING: b"short"}
    with caplog.at_level(logging.WARNING):
        detection = make_detection(Config(), PARTS, memory=store)
    assert ("cannot be read" in caplog.text) is bool(state)
    assert detection.casebook.learning_since == 0.0


def test_learning_is_read_as_it_is_written() -> None:
    store = Store()
    store.states[LEARNING] = struct.pack("<d", 5.0)
    assert make_detection(Config(), PARTS, memory=store).casebook.learning_since == 5.0


def test_mutes_come_back() -> None:
    store = Store()
    store.cases = OpenCases([], [], [Mute(id=3, kind="beacon")], 0, 3)
    detection = make_detection(Config(), PARTS, memory=store)
    assert [mute.id for mute in detection.casebook.mutes()] == [3]


def test_a_constant_that_does_not_exist_is_refused() -> None:
    config = Config(detect=Detect(weights=("sweep.nonsense=1",)))
    with pytest.raises(ConfigError, match=r"sweep\.nonsense"):
        make_detection(config, PARTS)
